import type { Person } from './person.ts';
import type { TestPortal } from './portal.ts';
import { told } from './redis-sets.ts';
import { redis } from './servers.ts';
import { askStored } from './stored.ts';

/** The milliseconds until the store ends this browser's session without a request; below 0: it has ended. */
export async function timeLeft(portal: TestPortal, person: Person): Promise<number> {
  const id = sessionIdOf(person);
  if (portal.store === 'redis')
    return Number(await told((await redis()).url, 'PTTL', `postern:session:${id}`));
  const [row] = await askStored(portal, (db) => db('sessions').where({ sid: id }).select('expired'));
  return Date.parse(row.expired) - Date.now();
}

/** Sets when the store ends this browser's session. The stores use the clock of the machine. Milliseconds. */
export async function leaveTime(portal: TestPortal, person: Person, left: number): Promise<void> {
  const id = sessionIdOf(person);
  const expired = new Date(Date.now() + left).toISOString();
  if (portal.store === 'redis')
    await told((await redis()).url, 'PEXPIRE', `postern:session:${id}`, String(left));
  else await askStored(portal, (db) => db('sessions').where({ sid: id }).update({ expired }));
}

/** The id of this browser's session: its cookie is `s:<id>.<signature>`. */
export function sessionIdOf({ cookies }: Person): string {
  const [, id] = /^s:([\w-]+)\./.exec(decodeURIComponent(cookies.get('postern') ?? '')) ?? [];
  if (id === undefined) throw new Error('This browser has no session.');
  return id;
}
