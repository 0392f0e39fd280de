import { resolve } from 'node:path';
import type { Knex } from 'knex';
import { z } from 'zod';
import { openDatabase, sqlitePath } from './database.ts';
import {
  doneMigrations,
  holdMigrations,
  isNew,
  migrate,
  pendingMigrations,
  releaseMigrations,
} from './migrations.ts';
import { digest, json, whole } from './rows.ts';
import { batchesOf, countRows, dataTables, insertRows, isSame, type Row, row, sum } from './table-rows.ts';
import type { Table } from './tables.ts';

/**
 * Where a move stands, kept in the target until it is done. It has no primary key, so that it counts as none of the
 * portal's tables.
 */
const MOVES = 'data_moves';

const counts = z.record(z.string(), z.number().int());
type Counts = z.infer<typeof counts>;

/** How far a move is. */
const progress = z.object({
  /** Rows that have come over, by table. */
  moved: counts,
  /** The primary key of the last one of each table. */
  last: z.record(z.string(), row),
});
type Progress = z.infer<typeof progress>;

const moveRow = z.object({
  version: whole,
  /** Tells one source from another. */
  source: z.string(),
  /** What the source held when the move began. */
  counts: json.pipe(counts),
  progress: json.pipe(progress),
});
type Move = z.infer<typeof moveRow>;

interface Databases {
  readonly source: Knex;
  readonly target: Knex;
  /** The source's URL. */
  readonly from: string;
}

/** Why a move does not take place. */
export type MoveFault =
  /** The source has no tables. */
  | 'source is new'
  /** The tables of the source are of an earlier version. */
  | 'source is old'
  /** Those of the target are. */
  | 'target is old'
  /** The target holds something else, or what is moved there from elsewhere. */
  | 'target holds data'
  /** Another instance is making the tables of the target, or was stopped while it did. */
  | 'target is busy'
  /** What is in the source is no longer what was there when the move began. */
  | 'source has changed'
  /** At the end the counts differ. */
  | 'counts differ';

export type MoveOutcome =
  | { readonly kind: 'moved'; readonly counts: Readonly<Record<string, number>> }
  | { readonly kind: 'refused'; readonly fault: MoveFault };

class Refused extends Error {
  readonly fault: MoveFault;

  constructor(fault: MoveFault) {
    super(fault);
    this.fault = fault;
  }
}

/**
 * Copies all rows from one database into another, empty one, table by table in batches, each with its bookkeeping in
 * one transaction: broken off at any time, the next call goes on after the last batch. Meanwhile the lock of the
 * target's migrations is held, so that no instance starts on half of the data. Sessions stay behind.
 *
 * @param from the URL of the one, `to` of the other
 * @param moved hears of how many rows have come over, of how many
 */
export async function moveBetween(
  { from, to }: { readonly from: string; readonly to: string },
  moved: (done: number, all: number) => void,
): Promise<MoveOutcome> {
  const databases: Databases = { source: openDatabase(from), target: openDatabase(to), from };
  try {
    const move = await begin(databases);
    await copyAll(databases, move, moved);
    const found = await verified(databases, move);
    await finish(databases.target);
    return { kind: 'moved', counts: found };
  } catch (error) {
    if (error instanceof Refused) return { kind: 'refused', fault: error.fault };
    throw error;
  } finally {
    await Promise.all([databases.source.destroy(), databases.target.destroy()]);
  }
}

/** The move that was broken off, or a new one where the target is empty. */
async function begin({ source, target, from }: Databases): Promise<Move> {
  if (await isNew(source)) throw new Refused('source is new');
  if ((await pendingMigrations(source)).length > 0) throw new Refused('source is old');
  const place = placeOf(from);
  const held = await countRows(source, await dataTables(source));
  const earlier = await currentMove(target);
  if (earlier) {
    if (earlier.source !== place) throw new Refused('target holds data');
    if (!isEqual(earlier.counts, held)) throw new Refused('source has changed');
    return earlier;
  }
  if (await isNew(target)) await migrate(target);
  if (!isSame(await doneMigrations(source), await doneMigrations(target))) throw new Refused('target is old');
  return open(target, place, held);
}

/** Where several begin at once, taking the lock decides; whether the target is empty is seen by whoever has it. */
async function open(target: Knex, source: string, held: Counts): Promise<Move> {
  if (!(await target.schema.hasTable(MOVES))) {
    await target.schema.createTable(MOVES, (table) => {
      table.integer('version').notNullable();
      table.string('source').notNullable();
      table.text('counts').notNullable();
      table.text('progress').notNullable();
    });
  }
  const move: Move = { version: 0, source, counts: held, progress: { moved: {}, last: {} } };
  await target.transaction(async (trx) => {
    if (!(await holdMigrations(trx))) throw new Refused('target is busy');
    if (sum(await countRows(trx, await dataTables(trx))) > 0) throw new Refused('target holds data');
    const { version, counts: all, progress: none } = move;
    await trx(MOVES).insert({
      ...{ version, source },
      ...{ counts: JSON.stringify(all), progress: JSON.stringify(none) },
    });
  });
  return move;
}

async function currentMove(target: Knex): Promise<Move | undefined> {
  if (!(await target.schema.hasTable(MOVES))) return undefined;
  const found: unknown = await target(MOVES).first();
  return found === undefined ? undefined : moveRow.parse(found);
}

async function copyAll(
  { source, target }: Databases,
  { version: begun, counts: held, progress: earlier }: Move,
  moved: (done: number, all: number) => void,
): Promise<void> {
  const all = sum(held);
  let version = begun;
  let { moved: done, last } = earlier;
  moved(sum(done), all);
  for (const table of await dataTables(source)) {
    for await (const rows of batchesOf(source, table, last[table.name])) {
      done = { ...done, [table.name]: (done[table.name] ?? 0) + rows.length };
      last = { ...last, [table.name]: keyOf(table, rows.at(-1) ?? {}) };
      const now: Progress = { moved: done, last };
      await target.transaction(async (trx) => {
        await keep(trx, version, now);
        await insertRows(trx, table.name, rows);
      });
      version += 1;
      moved(sum(done), all);
    }
  }
}

/** Of two that go on with the same move one finds that the other has been here, and its batch is undone. */
async function keep(trx: Knex, version: number, now: Progress): Promise<void> {
  const next = { version: version + 1, progress: JSON.stringify(now) };
  if ((await trx(MOVES).where({ version }).update(next)) !== 1) throw new Refused('target is busy');
}

function keyOf({ key }: Table, one: Row): Row {
  return Object.fromEntries(key.map((column) => [column, one[column] ?? null]));
}

/** What both hold now, which is what the source held in the beginning. */
async function verified({ source, target }: Databases, { counts: held }: Move): Promise<Counts> {
  const now = await countRows(source, await dataTables(source));
  if (!isEqual(now, held)) throw new Refused('source has changed');
  const found = await countRows(target, await dataTables(target));
  if (!isEqual(found, held)) throw new Refused('counts differ');
  return found;
}

async function finish(target: Knex): Promise<void> {
  await target.transaction(async (trx) => {
    await trx(MOVES).delete();
    await releaseMigrations(trx);
  });
  await target.schema.dropTable(MOVES);
}

/** A database by where it is: with another password it is the same. Hashed, for it is kept in the target. */
function placeOf(url: string): string {
  const file = sqlitePath(url);
  if (file !== undefined) return digest(resolve(file));
  const { hostname, port, pathname } = new URL(url);
  return digest(hostname, port, pathname);
}

function isEqual(some: Counts, others: Counts): boolean {
  return (
    isSame(Object.keys(some), Object.keys(others)) &&
    Object.entries(some).every(([name, count]) => others[name] === count)
  );
}
