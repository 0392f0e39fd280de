import type { Knex } from 'knex';
import { z } from 'zod';
import type { AllowanceState, AllowanceStore } from '../limits/allowance.ts';
import type { ThrottleState, ThrottleStore } from '../limits/throttle.ts';
import type { Instant } from '../time.ts';
import { persistently, unlessTaken } from './contention.ts';
import { digest, json, whole } from './rows.ts';

const THROTTLES = 'throttles';
const ALLOWANCES = 'allowances';

const storedThrottle = z
  .object({ failures: whole, wait_until: whole })
  .transform((row): ThrottleState => ({ failures: row.failures, waitUntil: row.wait_until }));

const storedAllowance = z
  .object({ version: whole, times: json.pipe(z.array(z.number())) })
  .transform((row): AllowanceState => ({ version: row.version, times: row.times }));

/** A subject may hold what a stranger typed: its digest fits the key column and keeps addresses out of the table. */
function subjectColumns(subject: string) {
  return { subject_hash: digest(subject) };
}

/** The row of one throttled subject, for those who reset it within a transaction of their own. */
export function throttleRow(db: Knex, subject: string): Knex.QueryBuilder {
  return db(THROTTLES).where(subjectColumns(subject));
}

/** Failures in a row, in the database. */
export class KnexThrottleStore implements ThrottleStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async read(subject: string): Promise<ThrottleState> {
    const row: unknown = await throttleRow(this.#db, subject).first();
    return storedThrottle.optional().parse(row) ?? { failures: 0, waitUntil: 0 };
  }

  async replace(subject: string, expected: ThrottleState, next: ThrottleState): Promise<boolean> {
    const columns = { failures: next.failures, wait_until: next.waitUntil };
    // No failures are no row, as a rule: what succeeded is forgotten.
    const insert = () => this.#db(THROTTLES).insert({ ...subjectColumns(subject), ...columns });
    if (expected.failures === 0 && (await unlessTaken(insert))) return true;
    const updated = await throttleRow(this.#db, subject)
      .where({ failures: expected.failures, wait_until: expected.waitUntil })
      .update(columns);
    return updated === 1;
  }

  async reset(subjects: readonly string[]): Promise<void> {
    const hashes = subjects.map((subject) => digest(subject));
    await persistently(async () => this.#db(THROTTLES).whereIn('subject_hash', hashes).delete());
  }
}

/** When things were done, in the database. */
export class KnexAllowanceStore implements AllowanceStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async read(subject: string): Promise<AllowanceState> {
    const row: unknown = await this.#db(ALLOWANCES).where(subjectColumns(subject)).first();
    return storedAllowance.optional().parse(row) ?? { version: 0, times: [] };
  }

  async replace(subject: string, expected: number, times: readonly Instant[]): Promise<boolean> {
    const columns = { version: expected + 1, times: JSON.stringify(times) };
    if (expected === 0) {
      return unlessTaken(() => this.#db(ALLOWANCES).insert({ ...subjectColumns(subject), ...columns }));
    }
    const updated = await this.#db(ALLOWANCES)
      .where({ ...subjectColumns(subject), version: expected })
      .update(columns);
    return updated === 1;
  }
}
