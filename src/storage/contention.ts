import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { Afterwards, Atomically } from '../atomically.ts';
import { currentUnit, within } from './units-of-work.ts';

const coded = z.looseObject({ code: z.string() });

/** A row with this unique key exists: PostgreSQL, MariaDB and MySQL, SQLite. */
const DUPLICATE_CODES: ReadonlySet<string> = new Set([
  '23505',
  'ER_DUP_ENTRY',
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
]);

/** The database gave this one up (and undid it) in favour of another at the same time; asked again, it works. */
const CONTENTION_CODES: ReadonlySet<string> = new Set([
  '40001',
  '40P01',
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
]);

const MOST_ATTEMPTS = 30;

/** Runs units of work over this database, one within another as one. */
export function unitsOfWorkOn(db: Knex): Atomically {
  return async (work) => {
    if (currentUnit()?.db === db) return work();
    // What one says that the database gave up is forgotten with it.
    let afterwards: (() => void)[] = [];
    const outcome = await transaction(db, (trx) => {
      afterwards = [];
      return within({ db, trx, afterwards }, work);
    });
    for (const act of afterwards) act();
    return outcome;
  };
}

/** What waits for the unit of work over this database that it is said in. */
export function afterwardsOn(db: Knex): Afterwards {
  return (act) => {
    const unit = currentUnit();
    if (unit?.db === db) unit.afterwards.push(act);
    else act();
  };
}

/** Tells of each statement that fails, but for those that are lost to another, or find a key taken, as they may. */
export function hearFailures(db: Knex, failed: () => void): void {
  db.on('query-error', (error: unknown) => {
    if (!hasCode(error, CONTENTION_CODES) && !hasCode(error, DUPLICATE_CODES)) failed();
  });
}

/** Runs one transaction; again, when the database gave it up for another. `work` must not act outside of it. */
export async function transaction<T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  return persistently(() => db.transaction(work));
}

/** Runs one statement; again, when the database gave it up for another. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  // Within a unit of work it is the unit that was given up, and has to begin again.
  if (currentUnit()) return work();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, CONTENTION_CODES) || attempt === MOST_ATTEMPTS) throw error;
      await delay(randomInt(5 * Math.min(attempt, 10)) + 1);
    }
  }
}

/** Inserts or updates by `work`; false when another row has one of the unique keys. */
export async function unlessTaken(work: () => PromiseLike<unknown>): Promise<boolean> {
  const unit = currentUnit();
  const attempt = async () => void (await work());
  try {
    // On PostgreSQL a taken key spoils the transaction that it is found in: here it spoils a savepoint.
    if (unit) await unit.trx.transaction((trx) => within({ ...unit, trx }, attempt));
    else await persistently(attempt);
    return true;
  } catch (error) {
    if (hasCode(error, DUPLICATE_CODES)) return false;
    throw error;
  }
}

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  const parsed = coded.safeParse(error);
  return parsed.success && codes.has(parsed.data.code);
}
