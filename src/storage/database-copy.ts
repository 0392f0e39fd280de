import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import { EnvironmentFault } from '../kernel/environment-fault.ts';
import type { Instant } from '../kernel/time.ts';
import { backUp, fill, type Restored, type RestoreFault, type RestoreRefused } from './backup.ts';
import { explained, requireEncoding } from './preparation.ts';
import { openDatabase } from './sql/database.ts';
import { isNew, migrate, pendingMigrations } from './sql/migrations.ts';
import { BATCH, countRows, dataTables, sum } from './sql/table-rows.ts';

/** Why a database is not copied; the target was left as it is. */
export type CopyFault =
  | Exclude<RestoreFault, 'not a backup'>
  /** The source has no tables. */
  | 'source is new'
  /** The tables of the source are of an earlier version. */
  | 'source is old'
  /** The source no longer holds as many rows as when the copy began. */
  | 'source has changed';

export type CopyOutcome = Restored | RestoreRefused<CopyFault>;

interface Copy {
  /** The URLs of the source and of the target. */
  readonly from: string;
  readonly to: string;
  readonly at: Instant;
}

/**
 * Copies all rows but sessions into an empty database of any kind: a backup of the one, restored into the other as it is
 * read. The target is filled in one transaction: broken off at any time, it is empty. Session epochs stay as they are, for
 * the source is not used any more.
 *
 * @param copied called with the number of rows that were read, and of those that there are
 * @throws EnvironmentFault where a database cannot be reached or written to, or a row cannot be read by this version
 */
export async function copyDatabase(
  { from, to, at }: Copy,
  copied: (done: number, all: number) => void,
): Promise<CopyOutcome> {
  const read = { url: from, variable: '--from' };
  const written = { url: to, variable: '--to' };
  const source = await explained(read, () => openDatabase(from));
  const target = await explained(written, () => openDatabase(to));
  try {
    if (await explained(read, () => isNew(source))) return { kind: 'refused', fault: 'source is new' };
    if ((await pendingMigrations(source)).length > 0) return { kind: 'refused', fault: 'source is old' };
    await explained(written, async () => {
      await requireEncoding(target, written.variable);
      if (await isNew(target)) await migrate(target);
    });
    const all = sum(await rowCounts(source));
    const outcome = await fill(
      target,
      counted(backUp(source, at), (done) => copied(done, all)),
      async (_trx, counts) =>
        isDeepStrictEqual(await rowCounts(source), counts) ? undefined : 'source has changed',
    );
    if (outcome.kind === 'restored') return outcome;
    const { fault, row } = outcome;
    if (fault === 'not a backup') throw unreadable(row);
    return { kind: 'refused', fault };
  } finally {
    await Promise.all([source.destroy(), target.destroy()]);
  }
}

async function rowCounts(db: Knex) {
  return countRows(db, await dataTables(db));
}

/** Calls `copied` after each batch, and at the end. The first line is no row. */
async function* counted(
  lines: AsyncIterable<string>,
  copied: (done: number) => void,
): AsyncGenerator<string> {
  let done = -1;
  for await (const line of lines) {
    yield line;
    done += 1;
    if (done % BATCH === 0) copied(done);
  }
  if (done % BATCH !== 0) copied(done);
}

/** To leave the row out would lose it, to copy it would copy the error. */
function unreadable(row = 'a row'): EnvironmentFault {
  return new EnvironmentFault(
    '--from',
    `this version cannot read ${row}: correct or delete it there, and run this again.`,
  );
}
