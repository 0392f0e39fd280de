import { type Transact, transactBy } from '../../src/kernel/transaction.ts';

/** Transactions on stores in memory, which store each write at once. */
export const transact: Transact = transactBy((work) => work({ afterCommit: (act) => act() }));
