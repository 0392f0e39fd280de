import type { Transact } from '../../kernel/transaction.ts';
import { knexOf } from './transaction.ts';

/** Not a setting: the row that serializes policy decisions. The first decision inserts it. */
const LOCK = { name: 'decisions', value: 'null' };

/**
 * Transactions that change what applies to people: one at a time, on whichever instance. Each takes the lock before it
 * reads anything, so that no other decides in between.
 */
export function policyLockOn(transact: Transact): Transact {
  const locked: Transact = Object.assign<typeof transact, Pick<Transact, 'in'>>(
    ((services, work) =>
      transact(services, async (bound, tx) => {
        await knexOf(tx)('settings').insert(LOCK).onConflict('name').merge();
        return work(bound, tx);
      })) as Transact,
    { in: (tx) => policyLockOn(transact.in(tx)) },
  );
  return locked;
}
