import type { Knex } from 'knex';
import { z } from 'zod';
import { inBatches } from './batches.ts';
import { countOf } from './rows.ts';
import { allTables, type Table } from './tables.ts';

/** Rows that are read, and written, by one statement. */
export const BATCH = 500;
/** Values in one statement. SQLite allows the fewest: 32,766 by default. */
const MAX_VALUES = 30_000;

/**
 * Tables that are not copied from one database to another: the state of the migrations, which each database has; forms that
 * matter for seconds; and sessions, also those of apps, because one that was ended since would come back to life.
 */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  'sessions',
  'submissions',
  'hand_overs',
  'app_sign_ins',
  'oidc_models',
  'knex_migrations',
  'knex_migrations_lock',
]);

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** The columns of a row by name, as any of the databases takes them. */
export const row = z.record(z.string(), value);
export type Row = Readonly<Record<string, z.infer<typeof value>>>;

/** The tables whose rows are copied; a table comes after those that it refers to. */
export async function dataTables(db: Knex): Promise<readonly Table[]> {
  return (await allTables(db)).filter(({ name }) => !LEFT_OUT.has(name));
}

export async function countRows(db: Knex, tables: readonly Table[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of tables) counts[name] = countOf(await db(name).count({ total: '*' }).first());
  return counts;
}

/** Every row of a table, in batches by the primary key. */
export async function* batchesOf(db: Knex, { name, key }: Table): AsyncGenerator<readonly Row[]> {
  const integers = await integerColumnsOf(db, name);
  yield* inBatches(BATCH, async (last: Row | undefined) => {
    const batch = db(name)
      .orderBy([...key])
      .limit(BATCH);
    if (last) {
      const names = key.map(() => '??').join(', ');
      const values = key.map(() => '?').join(', ');
      batch.whereRaw(`(${names}) > (${values})`, [...key, ...key.map((column) => last[column] ?? null)]);
    }
    const rows = z.array(row).parse(await batch);
    return rows.map((one) => withNumbers(one, integers));
  });
}

/** PostgreSQL returns 64-bit integers as text; copied, they are numbers from whichever database. */
async function integerColumnsOf(db: Knex, table: string): Promise<ReadonlySet<string>> {
  const columns = await db(table).columnInfo();
  return new Set(Object.keys(columns).filter((name) => columns[name]?.type === 'bigint'));
}

function withNumbers(one: Row, integers: ReadonlySet<string>): Row {
  return Object.fromEntries(
    Object.entries(one).map(([name, held]) => [
      name,
      integers.has(name) && typeof held === 'string' ? Number(held) : held,
    ]),
  );
}

/** Writes rows of one table, in as many statements as it takes. */
export async function insertRows(db: Knex, table: string, rows: readonly Row[]): Promise<void> {
  const most = Math.max(1, Math.floor(MAX_VALUES / Object.keys(rows[0] ?? {}).length));
  for (let start = 0; start < rows.length; start += most)
    await db(table).insert(rows.slice(start, start + most));
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Whether both have the same, in whichever order. */
export function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one) => others.includes(one));
}
