import type { Knex } from 'knex';
import { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import type { BudgetStep, BudgetStore } from '../limits/client-budget.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { digest, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique } from './sql/transaction.ts';

const TABLE = 'client_budgets';
const waitRow = z.object({ wait_until: integerColumn });

/** One row for each kind of action and client. */
export class KnexBudgetStore extends SqlStore implements BudgetStore {
  async count({ subject, now, interval, furthest, latestWait, waits }: BudgetStep): Promise<boolean> {
    const whens = waits.map(() => 'when full_at >= ? then ?').join(' ');
    // `wait_until` comes first: MariaDB assigns from left to right and would read the new `full_at`.
    const counted = await retryOnConflict(this.db, async () =>
      this.#of(subject)
        .where((either) => either.where('wait_until', '<=', now).orWhere('wait_until', '>', latestWait))
        .update({
          // 0 for no wait, not `now`: after the clock is set back `now` would be a wait.
          wait_until: this.db.raw(`case ${whens} when wait_until > ? then 0 else wait_until end`, [
            ...waits.flatMap(({ from, until }) => [from, until]),
            latestWait,
          ]),
          full_at: this.db.raw('case when full_at < ? then ? when full_at > ? then ? else full_at + ? end', [
            now,
            now + interval,
            furthest - interval,
            furthest,
            interval,
          ]),
        }),
    );
    return counted === 1;
  }

  async begin(subject: string, fullAt: Instant): Promise<boolean> {
    const row = { subject_hash: digest(subject), full_at: fullAt, wait_until: 0 };
    return insertUnique(this.db, (db) => db(TABLE).insert(row));
  }

  async waitUntil(subject: string): Promise<Instant | undefined> {
    const row: unknown = await this.#of(subject).select('wait_until').first();
    return waitRow.optional().parse(row)?.wait_until;
  }

  async giveBack(subject: string, milliseconds: number, below: Instant): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.#of(subject).update({
        wait_until: this.db.raw('case when full_at - ? < ? then 0 else wait_until end', [
          milliseconds,
          below,
        ]),
        full_at: this.db.raw('full_at - ?', [milliseconds]),
      }),
    );
  }

  /** Deletes budgets that are full again. */
  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(TABLE).where('full_at', '<=', now).where('wait_until', '<=', now).delete(),
    );
  }

  #of(subject: string): Knex.QueryBuilder {
    return this.db(TABLE).where({ subject_hash: digest(subject) });
  }
}
