import type { Knex } from 'knex';
import { openDatabase } from '../../src/storage/database.ts';
import type { Person } from './person.ts';
import type { TestPortal } from './portal.ts';
import { told } from './redis-sets.ts';
import { redis } from './servers.ts';

/** After how many milliseconds the store ends this browser's session, if no request comes; below 0: it has ended. */
export async function timeLeft({ store, folder }: TestPortal, person: Person): Promise<number> {
  const id = sessionOf(person);
  if (store === 'redis') return Number(await told((await redis()).url, 'PTTL', `postern:session:${id}`));
  const [row] = await asked(folder, (db) => db('sessions').where({ sid: id }).select('expired'));
  return Date.parse(row.expired) - Date.now();
}

/** Has the store end this browser's session so soon. The stores measure by the clock of the machine. Milliseconds. */
export async function leaveTime({ store, folder }: TestPortal, person: Person, left: number): Promise<void> {
  const id = sessionOf(person);
  const expired = new Date(Date.now() + left).toISOString();
  if (store === 'redis') await told((await redis()).url, 'PEXPIRE', `postern:session:${id}`, String(left));
  else await asked(folder, (db) => db('sessions').where({ sid: id }).update({ expired }));
}

/** The id of this browser's session: its cookie is `s:<id>.<signature>`. */
function sessionOf({ cookies }: Person): string {
  const [, id] = /^s:([\w-]+)\./.exec(decodeURIComponent(cookies.get('postern') ?? '')) ?? [];
  if (id === undefined) throw new Error('This browser has no session.');
  return id;
}

async function asked<T>(folder: string, ask: (db: Knex) => PromiseLike<T>): Promise<T> {
  const db = openDatabase(`sqlite:${folder}/postern.sqlite`);
  try {
    return await ask(db);
  } finally {
    await db.destroy();
  }
}
