import { type Transact, transactBy } from '../../src/kernel/transaction.ts';

/** Transactions over stores in memory, which keep each write at once. */
export const transact: Transact = transactBy((work) => work({ afterCommit: (act) => act() }));
