import type { Knex } from 'knex';
import { z } from 'zod';
import { countOf } from './rows.ts';
import { allTables, type Table } from './tables.ts';

/** So many rows are read, and written, at once. */
export const BATCH = 500;
/** So many values go into one statement at most; SQLite takes the fewest. */
const MOST_VALUES = 30_000;

/**
 * What is not carried from one database to another: the bookkeeping of the migrations, which each keeps for itself; and
 * who was signed in is not signed in again, for a session that was ended since would come back to life.
 */
const LEFT_OUT: ReadonlySet<string> = new Set(['sessions', 'knex_migrations', 'knex_migrations_lock']);

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** The columns of a row by name, as any of the databases takes them. */
export const row = z.record(z.string(), value);
export type Row = Readonly<Record<string, z.infer<typeof value>>>;

/** The tables whose rows are carried over, those first that others refer to. */
export async function dataTables(db: Knex): Promise<readonly Table[]> {
  return (await allTables(db)).filter(({ name }) => !LEFT_OUT.has(name));
}

export async function countRows(db: Knex, tables: readonly Table[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of tables) counts[name] = countOf(await db(name).count({ total: '*' }).first());
  return counts;
}

/**
 * Every row, in batches by the primary key: an offset would read all earlier rows again for each. `after`: the last row
 * (or its key) of those that have been read already.
 */
export async function* batchesOf(
  db: Knex,
  { name, key }: Table,
  after?: Row,
): AsyncGenerator<readonly Row[]> {
  const wholes = await wholeColumns(db, name);
  let last = after;
  for (;;) {
    const batch = db(name)
      .orderBy([...key])
      .limit(BATCH);
    if (last) {
      const from = last;
      const names = key.map(() => '??').join(', ');
      const values = key.map(() => '?').join(', ');
      batch.whereRaw(`(${names}) > (${values})`, [...key, ...key.map((column) => from[column] ?? null)]);
    }
    const rows = z
      .array(row)
      .parse(await batch)
      .map((one) => withNumbers(one, wholes));
    if (rows.length > 0) yield rows;
    if (rows.length < BATCH) return;
    last = rows.at(-1);
  }
}

/** PostgreSQL hands out 64-bit numbers as text; carried over they are numbers, whichever database they come from. */
async function wholeColumns(db: Knex, table: string): Promise<ReadonlySet<string>> {
  const columns = await db(table).columnInfo();
  return new Set(Object.keys(columns).filter((name) => columns[name]?.type === 'bigint'));
}

function withNumbers(one: Row, wholes: ReadonlySet<string>): Row {
  return Object.fromEntries(
    Object.entries(one).map(([name, held]) => [
      name,
      wholes.has(name) && typeof held === 'string' ? Number(held) : held,
    ]),
  );
}

/** Writes rows of one table, in as many statements as it takes. */
export async function insertRows(db: Knex, table: string, rows: readonly Row[]): Promise<void> {
  const most = Math.max(1, Math.floor(MOST_VALUES / Object.keys(rows[0] ?? {}).length));
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
