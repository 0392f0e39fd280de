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
  if (Bound.isOf(tx, services)) return services;
  if (services instanceof Bound) throw new Error('These services are bound to another transaction.');
  let BoundServices = bindings.get(services);
  if (!BoundServices) {
    BoundServices = bindingOf(services);
    bindings.set(services, BoundServices);
  }
  return new BoundServices(tx) as Services;
}

/** Services bound to one transaction. Its own members are private or static, so any service can have any name. */
class Bound {
  readonly #tx: Transaction;
  readonly #services = new Map<string, unknown>();

  constructor(tx: Transaction) {
    this.#tx = tx;
  }

  static isOf(tx: Transaction, services: object): boolean {
    return #tx in services && services.#tx === tx;
  }

  static get(bound: Bound, name: string, service: unknown): unknown {
    const known = bound.#services.get(name);
    if (known !== undefined) return known;
    const made = within(bound.#tx, service);
    bound.#services.set(name, made);
    return made;
  }
}

/** A class for each group of services, so that binding them is one small object. */
const bindings = new WeakMap<object, typeof Bound>();

function bindingOf(services: object): typeof Bound {
  class BoundServices extends Bound {}
  for (const [name, service] of Object.entries(services)) {
    Object.defineProperty(BoundServices.prototype, name, {
      get(this: Bound) {
        return Bound.get(this, name, service);
      },
    });
  }
  return BoundServices;
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
