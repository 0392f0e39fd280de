import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';
import {
  type RunTransaction,
  type Transact,
  type Transaction,
  transactBy,
} from '../../kernel/transaction.ts';
import { isDuplicate, retryOnConflict } from './conflicts.ts';
import { driverOf } from './rows.ts';

/** A transaction of this database, as the stores see it. */
class SqlTransaction implements Transaction {
  readonly db: Knex.Transaction;
  #acts: (() => void)[] = [];

  constructor(db: Knex.Transaction) {
    this.db = db;
  }

  readonly afterCommit = (act: () => void): void => {
    this.#acts.push(act);
  };

  committed(): void {
    for (const act of this.#acts) act();
  }
}

/** What the stores speak to within the transaction. */
export function knexOf(tx: Transaction): Knex.Transaction {
  if (!(tx instanceof SqlTransaction)) throw new Error('The transaction does not belong to this database.');
  return tx.db;
}

/** Transactions of this database; one that the database gives up in favour of another begins again. */
export function transactOn(db: Knex): Transact {
  const run: RunTransaction = async (work) => {
    const { tx, outcome } = await transaction(db, async (trx) => {
      const tx = new SqlTransaction(trx);
      return { tx, outcome: await work(tx) };
    });
    tx.committed();
    return outcome;
  };
  return transactBy(run);
}

/** Runs `work` in a transaction: in the one that `db` is, if it is one, else in one of its own. `work` may run again. */
export async function transaction<T>(db: Knex, work: (trx: Knex.Transaction) => Promise<T>): Promise<T> {
  if (isTransaction(db)) return work(db);
  return retryOnConflict(db, () => db.transaction((trx) => guarded(db, () => work(trx))));
}

/**
 * Inserts or updates rows by `work`; false when another row has one of the unique keys. `work` is one statement: if it has
 * several, use `insertUniqueRows`.
 */
export async function insertUnique(db: Knex, work: (db: Knex) => PromiseLike<unknown>): Promise<boolean> {
  // PostgreSQL refuses every further statement of a transaction that broke a key. The others undo that statement alone.
  if (isTransaction(db) && driverOf(db) === 'pg') return insertUniqueRows(db, work);
  return unlessTaken(() => retryOnConflict(db, async () => void (await work(db))));
}

/** The same for several statements: all are kept, or none. */
export async function insertUniqueRows(
  db: Knex,
  work: (trx: Knex.Transaction) => PromiseLike<unknown>,
): Promise<boolean> {
  const all = async (trx: Knex.Transaction) => void (await work(trx));
  return unlessTaken(() => (isTransaction(db) ? db.transaction(all) : transaction(db, all)));
}

async function unlessTaken(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

export function isTransaction(db: Knex): db is Knex.Transaction {
  return db.isTransaction === true;
}

/** The databases that the caller has a transaction open on: for the check alone, no store finds its transaction by it. */
const opened = new AsyncLocalStorage<{ readonly db: Knex; isOpen: boolean }>();

async function guarded<T>(db: Knex, work: () => Promise<T>): Promise<T> {
  const transaction = { db, isOpen: true };
  try {
    return await opened.run(transaction, work);
  } finally {
    transaction.isOpen = false;
  }
}

/**
 * Makes a statement throw that is to run beside the transaction which its caller has open. It would not see what the
 * transaction has written, would be kept where that is rolled back, and on SQLite, with its one connection, would wait for
 * itself.
 */
export function refuseOutsiders(db: Knex): Knex {
  const { client } = db;
  // Knex has no event before a connection is taken; a transaction has a client of its own, which this one does not concern.
  const acquire = client.acquireConnection.bind(client);
  client.acquireConnection = async () => {
    refuseInTransaction(db);
    return acquire();
  };
  return db;
}

/** Throws if the caller has a transaction open on this database. */
export function refuseInTransaction(db: Knex): void {
  const transaction = opened.getStore();
  if (transaction?.db === db && transaction.isOpen)
    throw new Error('A store is used outside of the open transaction: bind it by in(tx).');
}
