import type { Knex } from 'knex';
import { z } from 'zod';
import type { Instant } from '../time.ts';
import { doneMigrations } from './migrations.ts';
import {
  BATCH,
  batchesOf,
  countRows,
  dataTables,
  insertRows,
  isSame,
  type Row,
  row,
  sum,
} from './table-rows.ts';
import type { Table } from './tables.ts';

const FORMAT = 'postern backup';
const VERSION = 1;

const header = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  at: z.string(),
  migrations: z.array(z.string()),
  /** How many rows of each table follow. */
  tables: z.record(z.string(), z.number().int().min(0)),
});

/** A line: the table, and a row of it. */
const rowLine = z.tuple([z.string(), row]);

/** Why a backup is not restored; nothing was changed. */
export type RestoreFault = 'not a backup' | 'other version' | 'not empty' | 'incomplete';

export type RestoreOutcome =
  /** `at`: when the backup was made, in ISO 8601. */
  | { readonly kind: 'restored'; readonly at: string; readonly rows: number }
  | { readonly kind: 'refused'; readonly fault: RestoreFault };

/** Rolls the transaction back on its way out. */
class Refused extends Error {
  readonly fault: RestoreFault;

  constructor(fault: RestoreFault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * Everything as lines of JSON: a head with the versions and counts, then each row. One transaction sees it all as it is
 * at one moment, while others go on writing.
 */
export async function* backUp(db: Knex, at: Instant): AsyncGenerator<string> {
  const isSqlite = db.client.config.client === 'better-sqlite3';
  // SQLite's transactions are snapshots as they are, and know no other kind.
  const trx = await db.transaction(isSqlite ? {} : { isolationLevel: 'repeatable read' });
  try {
    const tables = await dataTables(trx);
    const head = {
      format: FORMAT,
      version: VERSION,
      at: new Date(at).toISOString(),
      migrations: await doneMigrations(trx),
      tables: await countRows(trx, tables),
    };
    yield JSON.stringify(head);
    for (const table of tables) {
      for await (const rows of batchesOf(trx, table))
        for (const one of rows) yield JSON.stringify([table.name, one]);
    }
  } finally {
    // Nothing was written.
    await trx.rollback();
  }
}

/** Fills an empty database of the same version with a backup: all of it or nothing. */
export async function restore(db: Knex, lines: AsyncIterable<string>): Promise<RestoreOutcome> {
  try {
    return await db.transaction(async (trx) => {
      const iterator = lines[Symbol.asyncIterator]();
      const head = await headOf(trx, iterator);
      const tables = await dataTables(trx);
      if (sum(await countRows(trx, tables)) > 0) throw new Refused('not empty');
      await insertAll(trx, tables, iterator);
      const found = await countRows(trx, tables);
      const isWhole = isSame(Object.keys(head.tables), Object.keys(found));
      if (!isWhole || tables.some(({ name }) => head.tables[name] !== found[name]))
        throw new Refused('incomplete');
      return { kind: 'restored', at: head.at, rows: sum(found) };
    });
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', fault: error.fault };
    throw error;
  }
}

async function headOf(db: Knex, lines: AsyncIterator<string>) {
  const { value: line } = await lines.next();
  const head = header.safeParse(parsed(line));
  if (!head.success) throw new Refused('not a backup');
  if (!isSame(head.data.migrations, await doneMigrations(db))) throw new Refused('other version');
  return head.data;
}

async function insertAll(trx: Knex, tables: readonly Table[], lines: AsyncIterator<string>): Promise<void> {
  const known = new Set(tables.map(({ name }) => name));
  let waiting: { table: string; rows: Row[] } = { table: '', rows: [] };
  const flush = async () => {
    if (waiting.rows.length > 0) await insertRows(trx, waiting.table, waiting.rows);
  };
  for await (const line of { [Symbol.asyncIterator]: () => lines }) {
    const [table, one] = rowOn(line, known);
    if (table !== waiting.table || waiting.rows.length === BATCH) {
      await flush();
      waiting = { table, rows: [] };
    }
    waiting.rows.push(one);
  }
  await flush();
}

function rowOn(line: string, known: ReadonlySet<string>): [string, Row] {
  const read = rowLine.safeParse(parsed(line));
  if (!read.success || !known.has(read.data[0])) throw new Refused('not a backup');
  return read.data;
}

function parsed(line: unknown): unknown {
  try {
    return typeof line === 'string' ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}
