/** An open transaction of the database. Only the storage room sees what is behind it. */
export interface Transaction {
  /**
   * Runs `act` after the commit, and never after a rollback. An act that was handed over before the database made the
   * transaction begin again is dropped.
   */
  readonly afterCommit: (act: () => void) => void;
}

/**
 * Runs `work` in one transaction: all of its writes are kept, or none. `work` gets `services` bound to the transaction
 * (`bind`), and uses those alone: a store that is not bound throws while the transaction is open.
 *
 * The database may undo the transaction in favour of another one, and `work` then runs again from its beginning. So `work`
 * only reads and writes through the bound services. What is slow (a password hash) comes before it; what cannot be taken
 * back comes after it, by `afterCommit`. A mail is a row of the queue, and belongs into it.
 */
export interface Transact {
  <Services extends object, T>(
    services: Services,
    work: (bound: Services, tx: Transaction) => Promise<T>,
  ): Promise<T>;
  /** The same within an open transaction: what runs joins it, and commits or rolls back with it. */
  in(tx: Transaction): Transact;
}

/** Runs an act after the commit of the transaction that it is bound to; at once where it is bound to none. */
export interface AfterCommit {
  (act: () => void): void;
  in(tx: Transaction): AfterCommit;
}

/** Opens a transaction, runs `work`, then commits, or rolls back where `work` rejects. */
export type RunTransaction = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;

/** Transactions as `run` opens them. */
export function transactBy(run: RunTransaction): Transact {
  return Object.assign(
    <Services extends object, T>(
      services: Services,
      work: (bound: Services, tx: Transaction) => Promise<T>,
    ) => run((tx) => work(bind(services, tx), tx)),
    { in: (tx: Transaction) => transactBy((work) => work(tx)) },
  );
}

export const afterCommit: AfterCommit = Object.assign((act: () => void) => act(), {
  in: (tx: Transaction): AfterCommit =>
    Object.assign((act: () => void) => tx.afterCommit(act), { in: afterCommit.in }),
});

/** What takes part in transactions: `in` returns the same thing, bound to one. Stores and the services over them. */
interface Bindable {
  in(tx: Transaction): unknown;
}

/**
 * The services, each bound to the transaction where it has an `in`; so are those in a plain object. All else stays as it
 * is. Bound on first use: a transaction uses few of the services that a class is given.
 */
export function bind<Services extends object>(services: Services, tx: Transaction): Services {
  const bound = {};
  for (const [name, service] of Object.entries(services)) {
    let kept: { readonly service: unknown } | undefined;
    Object.defineProperty(bound, name, {
      enumerable: true,
      get: () => {
        kept ??= { service: within(tx, service) };
        return kept.service;
      },
    });
  }
  return bound as Services;
}

/** One service, bound as by `bind`. */
export function within<Service>(tx: Transaction, service: Service): Service {
  if (isBindable(service)) return service.in(tx) as Service;
  return isGroup(service) ? bind(service, tx) : service;
}

function isBindable(service: unknown): service is Bindable {
  const isMember = (typeof service === 'object' && service !== null) || typeof service === 'function';
  return isMember && 'in' in service && typeof service.in === 'function';
}

/** A plain object with services in it. */
function isGroup<Service>(service: Service): service is Service & object {
  if (typeof service !== 'object' || service === null) return false;
  const isPlain = Object.getPrototypeOf(service) === Object.prototype;
  return isPlain && Object.values(service).some(isBindable);
}
