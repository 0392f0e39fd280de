import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { z } from 'zod';

const coded = z.looseObject({ code: z.string() });

/** A row with this unique key exists: PostgreSQL, MariaDB and MySQL, SQLite. */
const DUPLICATE_CODES: ReadonlySet<string> = new Set([
  '23505',
  'ER_DUP_ENTRY',
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
]);

/** The database undid this one in favour of another that ran at the same time. A second try works. */
const CONFLICT_CODES: ReadonlySet<string> = new Set([
  '40001',
  '40P01',
  'ER_LOCK_DEADLOCK',
  'ER_CHECKREAD',
  'SQLITE_BUSY',
  'SQLITE_BUSY_SNAPSHOT',
]);

const MAX_ATTEMPTS = 30;

/** Calls `failed` for each statement that fails, except for conflicts and taken keys, which callers expect. */
export function onQueryError(db: Knex, failed: () => void): void {
  db.on('query-error', (error: unknown) => {
    if (!hasCode(error, CONFLICT_CODES) && !isDuplicate(error)) failed();
  });
}

/** Runs a statement or a transaction on `db`, and again after a conflict. Within a transaction that one has to begin again. */
export async function retryOnConflict<T>(db: Knex, work: () => Promise<T>): Promise<T> {
  if (db.isTransaction === true) return work();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!hasCode(error, CONFLICT_CODES) || attempt === MAX_ATTEMPTS) throw error;
      await delay(randomInt(5 * Math.min(attempt, 10)) + 1);
    }
  }
}

/** Whether another row has one of the unique keys. */
export function isDuplicate(error: unknown): boolean {
  return hasCode(error, DUPLICATE_CODES);
}

function hasCode(error: unknown, codes: ReadonlySet<string>): boolean {
  const parsed = coded.safeParse(error);
  return parsed.success && codes.has(parsed.data.code);
}
