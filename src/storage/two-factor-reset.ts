import type { Knex } from 'knex';
import { secondFactorSubject } from '../limits/throttle.ts';
import type { Instant } from '../time.ts';
import { throttleRow } from './limits.ts';

/**
 * Takes an account's second factor away within the caller's transaction: authenticators and what stands in for them,
 * codes under way, failures, and every session. Half of it would leave a trusted browser or a session that outlives
 * the reset. Returns how many authenticators there were.
 */
export async function resetTwoFactor(
  trx: Knex.Transaction,
  accountId: string,
  by: string,
  at: Instant,
): Promise<number> {
  // The account's row first: whoever changes the account at the same time waits for the whole of it.
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
  // What was asked for has been done.
  await trx('reset_requests')
    .where({ open_slot: accountId })
    .update({ state: 'carried-out', open_slot: null, closed_at: at, closed_by: by });
  return removed;
}
