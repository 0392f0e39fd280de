import type { Knex } from 'knex';
import { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import type { BackoffState, BackoffStore } from '../limits/failure-backoff.ts';
import type { RateLimitState, RateLimitStore } from '../limits/rate-limit.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { digest, integerColumn, json } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique } from './sql/transaction.ts';

const THROTTLES = 'throttles';
const ALLOWANCES = 'allowances';

export const storedThrottle = mappedRow({ failures: integerColumn, waitUntil: integerColumn });

export const storedAllowance = mappedRow({ version: integerColumn, times: json.pipe(z.array(z.number())) });

/** A digest, because a subject may contain what a stranger typed: it fits the column, and no address is stored. */
function subjectColumns(subject: string) {
  return { subject_hash: digest(subject) };
}

/** The row of one subject, for a reset within the caller's transaction. */
export function throttleRow(db: Knex, subject: string): Knex.QueryBuilder {
  return db(THROTTLES).where(subjectColumns(subject));
}

/** Consecutive failures by subject. */
export class KnexBackoffStore extends SqlStore implements BackoffStore {
  async read(subject: string): Promise<BackoffState> {
    const row: unknown = await throttleRow(this.db, subject).first();
    return storedThrottle.optional().parse(row) ?? { failures: 0, waitUntil: 0 };
  }

  async replace(
    subject: string,
    expected: BackoffState,
    next: BackoffState,
    forgetAt?: Instant | null,
  ): Promise<boolean> {
    const columns = {
      ...toColumns(storedThrottle, next),
      ...(forgetAt !== undefined && { forget_at: forgetAt }),
    };
    // Without failures there is usually no row: success deletes it.
    const insert = (db: Knex) => db(THROTTLES).insert({ ...subjectColumns(subject), ...columns });
    if (expected.failures === 0 && (await insertUnique(this.db, insert))) return true;
    const updated = await throttleRow(this.db, subject)
      .where(toColumns(storedThrottle, expected))
      .update(columns);
    return updated === 1;
  }

  async remove(subject: string, failures: number): Promise<boolean> {
    return (
      (await retryOnConflict(this.db, async () =>
        throttleRow(this.db, subject).where({ failures }).delete(),
      )) === 1
    );
  }

  async reset(subjects: readonly string[]): Promise<void> {
    const hashes = subjects.map((subject) => digest(subject));
    await retryOnConflict(this.db, async () => this.db(THROTTLES).whereIn('subject_hash', hashes).delete());
  }

  async forget(now: Instant): Promise<void> {
    await forgetRows(this.db, THROTTLES, now);
  }
}

/** Deletes expired rows of a table of counts. */
async function forgetRows(db: Knex, table: string, now: Instant): Promise<void> {
  await retryOnConflict(db, async () => db(table).where('forget_at', '<=', now).delete());
}

/** The times of actions by subject. */
export class KnexRateLimitStore extends SqlStore implements RateLimitStore {
  async read(subject: string): Promise<RateLimitState> {
    const row: unknown = await this.db(ALLOWANCES).where(subjectColumns(subject)).first();
    return storedAllowance.optional().parse(row) ?? { version: 0, times: [] };
  }

  async replace(
    subject: string,
    expected: number,
    times: readonly Instant[],
    forgetAt?: Instant,
  ): Promise<boolean> {
    const columns = {
      ...{ version: expected + 1, times: JSON.stringify(times) },
      ...(forgetAt !== undefined && { forget_at: forgetAt }),
    };
    if (expected === 0) {
      return insertUnique(this.db, (db) => db(ALLOWANCES).insert({ ...subjectColumns(subject), ...columns }));
    }
    const updated = await this.db(ALLOWANCES)
      .where({ ...subjectColumns(subject), version: expected })
      .update(columns);
    return updated === 1;
  }

  async forget(now: Instant): Promise<void> {
    await forgetRows(this.db, ALLOWANCES, now);
  }
}
