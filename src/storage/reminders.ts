import type { Knex } from 'knex';
import type { Instant } from '../time.ts';
import type { MethodId } from '../two-factor/method.ts';
import type { ReminderStore } from '../two-factor/reminders.ts';
import { persistently } from './contention.ts';

/** When people were reminded, in the database. */
export class KnexReminderStore implements ReminderStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async claim(
    accountId: string,
    {
      dueSince,
      at,
      without,
    }: { readonly dueSince: Instant; readonly at: Instant; readonly without: readonly MethodId[] },
  ): Promise<boolean> {
    const theirs = this.#db('authenticators')
      .select('id')
      .where({ account_id: accountId })
      .whereIn('method', [...without]);
    const claimed = await persistently(async () =>
      this.#db('accounts')
        .where({ id: accountId, disabled_at: null })
        .where((earlier) => earlier.whereNull('reminded_at').orWhere('reminded_at', '<', dueSince))
        .whereNotExists(theirs)
        .update({ reminded_at: at }),
    );
    return claimed === 1;
  }

  async release(accountId: string, at: Instant): Promise<void> {
    await this.#db('accounts').where({ id: accountId, reminded_at: at }).update({ reminded_at: null });
  }
}
