import { AsyncLocalStorage } from 'node:async_hooks';
import type { Knex } from 'knex';

/** Writes that belong together, and the transaction that they run in. */
export interface UnitOfWork {
  readonly db: Knex;
  readonly trx: Knex.Transaction;
  /** What is to be done once it is kept. */
  readonly afterwards: (() => void)[];
}

const units = new AsyncLocalStorage<UnitOfWork>();

/** The unit of work that the caller is part of. */
export function currentUnit(): UnitOfWork | undefined {
  return units.getStore();
}

export function within<T>(unit: UnitOfWork, work: () => Promise<T>): Promise<T> {
  return units.run(unit, work);
}

/**
 * The database as the stores have it: whoever is part of a unit of work speaks to its transaction, without being handed
 * it. So the domain says what belongs together, and knows no transaction.
 */
export function joining(db: Knex): Knex {
  const now = (): Knex => {
    const unit = currentUnit();
    return unit?.db === db ? unit.trx : db;
  };
  return new Proxy(db, {
    apply: (_db, _self, args) => Reflect.apply(now(), undefined, args),
    get: (_db, property) => Reflect.get(now(), property),
  });
}
