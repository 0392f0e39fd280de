import type { Knex } from 'knex';
import type { Transaction } from '../../kernel/transaction.ts';
import { knexOf } from './transaction.ts';

/** A store over the database or, once it is bound by `in`, over one transaction of it. */
export abstract class SqlStore {
  protected readonly db: Knex;

  constructor(db: Knex) {
    this.db = db;
  }

  /** This store within the transaction. */
  in(tx: Transaction): this {
    const Store = this.constructor as new (db: Knex) => this;
    return new Store(knexOf(tx));
  }
}
