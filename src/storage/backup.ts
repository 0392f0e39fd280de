import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import { z } from 'zod';
import { codeOf } from '../kernel/environment-fault.ts';
import type { Instant } from '../kernel/time.ts';
import { isReadable } from './carried-rows.ts';
import { doneMigrations, holdMigrations, releaseMigrations } from './sql/migrations.ts';
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
} from './sql/table-rows.ts';
import type { Table } from './sql/tables.ts';

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

/** Why a database is not filled; nothing was changed. */
export type RestoreFault =
  | 'not a backup'
  | 'other version'
  | 'not empty'
  | 'incomplete'
  /** Another instance is making the tables, or was stopped while it did. */
  | 'busy';

export interface Restored {
  readonly kind: 'restored';
  /** When the backup was made, in ISO 8601. */
  readonly at: string;
  /** Rows by table. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface RestoreRefused<Fault extends string> {
  readonly kind: 'refused';
  readonly fault: Fault;
  /** Which row it is, for operators, where it is one. */
  readonly row?: string | undefined;
}

export type RestoreOutcome = Restored | RestoreRefused<RestoreFault>;

/** Rolls the transaction back on its way out. */
class Refused<Fault extends string> extends Error {
  readonly fault: Fault;
  readonly row: string | undefined;

  constructor(fault: Fault, row?: string) {
    super(fault);
    this.fault = fault;
    this.row = row;
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

/** Fills an empty database of the same version with a backup: all of it or nothing. Everybody has to sign in again. */
export async function restore(db: Knex, lines: AsyncIterable<string>): Promise<RestoreOutcome> {
  return fill<never>(db, lines, endSessions);
}

/**
 * Fills an empty database of the same version, in one transaction that holds the lock of the migrations: until it ends no
 * instance starts on the database, and no other process fills it.
 *
 * @param finish the last step in the transaction; a fault that it returns undoes everything
 */
export async function fill<Fault extends string>(
  db: Knex,
  lines: AsyncIterable<string>,
  finish: (trx: Knex, counts: Restored['counts']) => Promise<Fault | undefined>,
): Promise<Restored | RestoreRefused<RestoreFault | Fault>> {
  const iterator = lines[Symbol.asyncIterator]();
  try {
    return await db.transaction(async (trx) => {
      if (!(await holdMigrations(trx))) throw new Refused('busy');
      const head = await headOf(trx, iterator);
      const tables = await dataTables(trx);
      if (sum(await countRows(trx, tables)) > 0) throw new Refused('not empty');
      await insertAll(trx, tables, head.tables, iterator);
      const counts = await countRows(trx, tables);
      if (!isDeepStrictEqual(counts, head.tables)) throw new Refused('incomplete');
      const fault = await finish(trx, counts);
      if (fault !== undefined) throw new Refused(fault);
      await releaseMigrations(trx);
      return { kind: 'restored', at: head.at, counts };
    });
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', fault: error.fault, row: error.row };
    throw error;
  } finally {
    await iterator.return?.();
  }
}

/** More often nobody's sessions are ended, or passwords changed, between a backup and the day it is restored. */
const EPOCHS_BEYOND = 10_000;

/**
 * Sessions in Redis, and the cookies of trusted and of known browsers, are older or younger than the backup: with its epochs,
 * what was ended since would live again (a copied cookie, the sessions of somebody who was disabled).
 */
async function endSessions(trx: Knex): Promise<undefined> {
  await trx('accounts').update({ session_epoch: trx.raw('session_epoch + ?', [EPOCHS_BEYOND]) });
}

async function headOf(db: Knex, lines: AsyncIterator<string>) {
  const { value: line } = await lines.next();
  const head = header.safeParse(parsed(line));
  if (!head.success) throw new Refused('not a backup');
  if (!isSame(head.data.migrations, await doneMigrations(db))) throw new Refused('other version');
  return head.data;
}

async function insertAll(
  trx: Knex,
  tables: readonly Table[],
  counts: Readonly<Record<string, number>>,
  lines: AsyncIterator<string>,
): Promise<void> {
  const known = new Map(tables.map((table) => [table.name, table]));
  let waiting: { table: string; rows: Row[] } = { table: '', rows: [] };
  const left = new Map(Object.entries(counts));
  const flush = async () => {
    if (waiting.rows.length > 0) await insertRead(trx, waiting.table, waiting.rows);
  };
  for await (const line of { [Symbol.asyncIterator]: () => lines }) {
    const [table, one] = rowOn(line, known);
    const after = (left.get(table) ?? 0) - 1;
    // More than it says: nobody has to wait for the end of it.
    if (after < 0) throw new Refused('incomplete');
    left.set(table, after);
    if (table !== waiting.table || waiting.rows.length === BATCH) {
      await flush();
      waiting = { table, rows: [] };
    }
    waiting.rows.push(one);
  }
  await flush();
}

function rowOn(line: string, known: ReadonlyMap<string, Table>): [string, Row] {
  const read = rowLine.safeParse(parsed(line));
  const table = read.success && known.get(read.data[0]);
  if (!table) throw new Refused('not a backup');
  const [name, one] = read.data;
  if (isReadable(name, one)) return read.data;
  const key = table.key.map((column) => one[column]).join(', ');
  throw new Refused('not a backup', `a row of the table "${name}" (${key})`);
}

/** Rows that the database refuses (a key that exists already, a text that is too long) are no rows of a backup. */
async function insertRead(trx: Knex, table: string, rows: readonly Row[]): Promise<void> {
  try {
    await insertRows(trx, table, rows);
  } catch (error) {
    if (isDataError(error)) throw new Refused('not a backup', `a row of the table "${table}"`);
    throw error;
  }
}

/** SQLSTATE classes 22 (data exception), 23 (integrity constraint) and 42703 (no such column), and what the others call them. */
function isDataError(error: unknown): boolean {
  const state = error instanceof Error && 'sqlState' in error ? String(error.sqlState) : '';
  return (
    [codeOf(error), state].some((code) =>
      /^(?:2[23]\w{3}|42703|42S22|SQLITE_(?:CONSTRAINT|MISMATCH|TOOBIG)|ER_BAD_FIELD_ERROR|ER_DATA_TOO_LONG|ER_WARN_DATA_OUT_OF_RANGE|ER_NO_DEFAULT_FOR_FIELD)/.test(
        code,
      ),
    ) ||
    (error instanceof Error && /has no column named/.test(error.message))
  );
}

function parsed(line: unknown): unknown {
  try {
    return typeof line === 'string' ? JSON.parse(line) : undefined;
  } catch {
    return undefined;
  }
}
