import type { Instant } from '../kernel/time.ts';
import type { ReminderStore } from '../policy/reminders.ts';
import type { MethodId } from '../settings/method-ids.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { SqlStore } from './sql/store.ts';

export class KnexReminderStore extends SqlStore implements ReminderStore {
  async claim(
    accountId: string,
    {
      dueSince,
      at,
      without,
    }: { readonly dueSince: Instant; readonly at: Instant; readonly without: readonly MethodId[] },
  ): Promise<boolean> {
    const theirs = this.db('authenticators')
      .select('id')
      .where({ account_id: accountId })
      .whereIn('method', [...without]);
    const claimed = await retryOnConflict(this.db, async () =>
      this.db('accounts')
        .where({ id: accountId, disabled_at: null })
        .where((earlier) => earlier.whereNull('reminded_at').orWhere('reminded_at', '<', dueSince))
        .whereNotExists(theirs)
        .update({ reminded_at: at }),
    );
    return claimed === 1;
  }

  async release(accountId: string, at: Instant): Promise<void> {
    await this.db('accounts').where({ id: accountId, reminded_at: at }).update({ reminded_at: null });
  }
}
