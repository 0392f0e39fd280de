import path from 'node:path';
import type { Knex } from 'knex';
import { createClient } from 'redis';
import { openDatabase } from '../../src/storage/sql/database.ts';
import type { TestPortal } from './portal.ts';
import { redis } from './servers.ts';

/** Every table with its rows, each row as JSON. */
export type Tables = Readonly<Record<string, readonly string[]>>;

/** The content of the database once all mails have gone: they are sent in the background. */
export async function tablesOf(portal: TestPortal): Promise<Tables> {
  await portal.delivered();
  return askStored(portal, async (db) => {
    const names: { name: string }[] = await db('sqlite_master').where({ type: 'table' }).select('name');
    const tables = names.map(async ({ name }) => [name, await db(name).select()] as const);
    const filled = (await Promise.all(tables)).filter(([, rows]) => rows.length > 0);
    return Object.fromEntries(filled.map(([name, rows]) => [name, rows.map((row) => JSON.stringify(row))]));
  });
}

/** Queries the portal's database over its own connection. */
export async function askStored<T>({ folder }: TestPortal, ask: (db: Knex) => PromiseLike<T>): Promise<T> {
  const db = openDatabase(`sqlite:${path.join(folder, 'postern.sqlite')}`);
  try {
    return await ask(db);
  } finally {
    await db.destroy();
  }
}

/** The same without what keeps people signed in, and the last use of a browser: viewing a page moves those. */
export async function lastingTablesOf(portal: TestPortal): Promise<Tables> {
  const { sessions: _moves, sign_ins: signIns = [], ...rest } = await tablesOf(portal);
  return { ...rest, sign_ins: signIns.map((row) => row.replace(/"last_seen_at":\d+/, '')) };
}

/** The whole content of the session store, with Redis also that of other portals. */
export async function sessionsOf(portal: TestPortal): Promise<readonly string[]> {
  if (portal.store === 'database') return (await tablesOf(portal))['sessions'] ?? [];
  const client = createClient({ url: (await redis()).url });
  await client.connect();
  try {
    const keys = await client.keys('*');
    const values = await Promise.all(keys.map((key) => client.get(key)));
    return keys.map((key, index) => `${key} ${values[index]}`);
  } finally {
    client.destroy();
  }
}
