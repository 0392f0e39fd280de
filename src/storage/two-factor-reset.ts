import type { Knex } from 'knex';
import type { Instant } from '../kernel/time.ts';
import { secondFactorSubject } from '../limits/failure-backoff.ts';
import { throttleRow } from './limits.ts';

/**
 * Removes an account's second factor within the caller's transaction: authenticators, recovery codes, trusted browsers, pending
 * codes, failures, and every session. In part it would leave a trusted browser or a session that outlives the reset.
 *
 * @returns the number of authenticators that were removed
 */
export async function resetTwoFactor(
  trx: Knex.Transaction,
  accountId: string,
  by: string,
  at: Instant,
): Promise<number> {
  // The account's row first: it is the lock for other changes of the account.
  await trx('accounts')
    .where({ id: accountId })
    .update({ session_epoch: trx.raw('session_epoch + 1') });
  const removed = await trx('authenticators').where({ account_id: accountId }).delete();
  if (removed > 0) await trx('accounts').where({ id: accountId }).update({ factor_removed_at: at });
  for (const table of ['challenges', 'recovery_codes', 'trusted_browsers']) {
    await trx(table).where({ account_id: accountId }).delete();
  }
  await trx('sign_ins').where({ account_id: accountId, ended_at: null }).update({ ended_at: at });
  await throttleRow(trx, secondFactorSubject(accountId)).delete();
  // This is what an open request asks for.
  await trx('reset_requests')
    .where({ open_slot: accountId })
    .update({ state: 'carried-out', open_slot: null, closed_at: at, closed_by: by });
  return removed;
}
