import type { Administrators } from '../accounts/administrators.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import { differences, type Facts } from '../audit/differences.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Clock } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { GroupStore } from '../policy/group.ts';
import {
  type App,
  type AppDemand,
  cookieHostOf,
  type HostApp,
  hostOf,
  type ListedApp,
  type OidcApp,
  PROOFS,
  type SignedApp,
} from './app.ts';
import { factsOf } from './app-facts.ts';

/** "name taken", "host taken": another app has it; the ports of an https host are one, because they share cookies. */
export type Clash = 'name taken' | 'host taken';

/** Storage of apps. Each method is one transaction. */
export interface AppStore {
  /** Ordered by name. */
  all(): Promise<readonly ListedApp[]>;
  find(id: string): Promise<ListedApp | undefined>;
  /** In any spelling of the name. */
  findByName(name: string): Promise<ListedApp | undefined>;
  /** `host` exactly as in `App.host`. */
  findByHost(host: string): Promise<ListedApp<HostApp> | undefined>;
  /** Groups of the audience that no longer exist are left out. */
  create(app: App): Promise<Clash | undefined>;
  /** The same. "gone" if the app no longer exists. */
  change(app: App): Promise<Clash | 'gone' | undefined>;
  /** Removes the app with its hand-overs and sign-ins; false if it does not exist. */
  remove(id: string): Promise<boolean>;
  /** Who has used the app, the latest first; at most `most`. */
  users(id: string, most: number): Promise<readonly AppUser[]>;
}

/** A person who has signed in to an app. */
export interface AppUser {
  readonly accountId: string;
  readonly name: string;
  readonly email: string;
  /** When they last signed in to it. */
  readonly lastAt: number;
}

/** What administrators can set. `origin` as `parseAppOrigin` returns it. The kind of an app stays. */
export type AppInput = HostAppInput | OidcAppInput | SignedAppInput;
export type HostAppInput = Omit<HostApp, 'id' | 'host' | 'createdAt'>;
export type OidcAppInput = Omit<OidcApp, 'id' | 'createdAt'>;
export type SignedAppInput = Omit<SignedApp, 'id' | 'createdAt'>;

/** "own site": Postern's own address; "not https": http is only for a Postern on http, in development. */
export type AppFault = Clash | 'own site' | 'not https';

export type AppCreated =
  | { readonly kind: 'created'; readonly app: App }
  | { readonly kind: 'refused'; readonly fault: AppFault };

export type AppChanged =
  | { readonly kind: 'changed' | 'unchanged'; readonly app: App }
  | { readonly kind: 'refused'; readonly fault: AppFault | 'gone' };

interface AppServices {
  readonly store: AppStore;
  readonly groups: Pick<GroupStore, 'list'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly administrators: Pick<Administrators, 'tell'>;
  readonly transaction: Transact;
  readonly clock: Clock;
  /** Postern's own origin. */
  readonly baseUrl: string;
}

/**
 * Administration of apps. All changes are audited, and hold from the next request to the app. Administrators are mailed if an app
 * asks for less than before, as with every rule.
 */
export class Apps {
  readonly #services: AppServices;

  constructor(services: AppServices) {
    this.#services = services;
  }

  in(tx: Transaction): Apps {
    return new Apps(bind(this.#services, tx));
  }

  /** All apps, ordered by name. */
  async all(): Promise<readonly ListedApp[]> {
    return this.#services.store.all();
  }

  async find(id: string): Promise<ListedApp | undefined> {
    return this.#services.store.find(id);
  }

  /** In any spelling of the name. */
  async findByName(name: string): Promise<ListedApp | undefined> {
    return this.#services.store.findByName(name);
  }

  /** `host` in lower case, with its port unless that is the scheme's. */
  async findByHost(host: string): Promise<ListedApp<HostApp> | undefined> {
    return this.#services.store.findByHost(host);
  }

  /** Who has used the app, the latest first; at most `most`. */
  async users(app: App, most: number): Promise<readonly AppUser[]> {
    return this.#services.store.users(app.id, most);
  }

  async create(input: AppInput, actor: Actor): Promise<AppCreated> {
    const fault = this.#faultOf(input);
    if (fault) return { kind: 'refused', fault };
    const { transaction, clock } = this.#services;
    const now = clock();
    const app = appFrom(input, { id: newId(now), createdAt: now });
    return transaction(this.#services, async ({ store, audit }, tx): Promise<AppCreated> => {
      const clash = await store.create(app);
      if (clash) return { kind: 'refused', fault: clash };
      await audit.record('app.created', actor, actor.party, {
        app: app.name,
        ...(await this.in(tx).#factsOf(app)),
      });
      return { kind: 'created', app };
    });
  }

  async update(id: string, input: AppInput, actor: Actor): Promise<AppChanged> {
    const fault = this.#faultOf(input);
    if (fault) return { kind: 'refused', fault };
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ store, audit, administrators }, tx): Promise<AppChanged> => {
      const before = await store.find(id);
      if (before?.kind !== input.kind) return { kind: 'refused', fault: 'gone' };
      const app = appFrom(input, { id, createdAt: before.createdAt });
      const bound = this.in(tx);
      const detail = differences(await bound.#factsOf(before), await bound.#factsOf(app));
      const isRenamed = before.name !== app.name;
      if (Object.keys(detail).length === 0 && !isRenamed) return { kind: 'unchanged', app };
      const clash = await store.change(app);
      if (clash) return { kind: 'refused', fault: clash };
      const facts = { app: before.name, ...detail, ...(isRenamed && { to: app.name }) };
      await audit.record('app.updated', actor, actor.party, facts);
      if (asksForLess(before, app)) await administrators.tell('policy weakened', actor);
      return { kind: 'changed', app };
    });
  }

  /** Removes the app: at the next request, its host is unknown. False if it no longer exists. */
  async remove(app: App, actor: Actor): Promise<boolean> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ store, audit }) => {
      if (!(await store.remove(app.id))) return false;
      await audit.record('app.removed', actor, actor.party, { app: app.name, origin: app.origin });
      return true;
    });
  }

  /** Postern's session cookie must reach no app, and the app's cookie must be sent encrypted. */
  #faultOf({ origin }: AppInput): AppFault | undefined {
    const { baseUrl } = this.#services;
    if (cookieHostOf(origin) === cookieHostOf(baseUrl)) return 'own site';
    return isHttps(baseUrl) && !isHttps(origin) ? 'not https' : undefined;
  }

  async #factsOf(app: App): Promise<Facts> {
    const groups = app.audience === 'everybody' ? [] : await this.#services.groups.list();
    return factsOf(app, groups);
  }
}

/** The app that was asked for. Only an app behind a proxy takes a host for itself. */
function appFrom(input: AppInput, known: Pick<App, 'id' | 'createdAt'>): App {
  return input.kind === 'host' ? { ...input, ...known, host: hostOf(input.origin) } : { ...input, ...known };
}

/** Whether the second demand lets in a person whom the first one refuses. The audience does not count. */
function asksForLess(before: AppDemand, after: AppDemand): boolean {
  const minutes = ({ freshMinutes }: AppDemand) => freshMinutes ?? Number.POSITIVE_INFINITY;
  return (
    PROOFS.indexOf(after.proof) < PROOFS.indexOf(before.proof) ||
    minutes(after) > minutes(before) ||
    (before.confirmsEmail && !after.confirmsEmail)
  );
}

function isHttps(origin: string): boolean {
  return origin.startsWith('https:');
}
