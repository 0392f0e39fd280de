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
  type HostApp,
  hostOf,
  type ListedApp,
  PROOFS,
  sharesSecret,
  toldGroupsOf,
} from './app.ts';
import { factsOf } from './app-facts.ts';
import type { AppFault, AppInput, AppRefused, Clash } from './app-input.ts';
import type { AppSecrets } from './app-secrets.ts';
import { asksClientForLess } from './oidc-client.ts';
import { isAt, refusalOfProtocol } from './protocol-faults.ts';

export type {
  AppFault,
  AppInput,
  AppRefused,
  Clash,
  FaultySetting,
  HostAppInput,
  OidcAppInput,
  SignedAppInput,
} from './app-input.ts';

/** Storage of apps. Each method is one transaction. */
export interface AppStore {
  /** Ordered by name. */
  all(): Promise<readonly ListedApp[]>;
  /** Whether there is one. */
  any(): Promise<boolean>;
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

/** `secret`: a new one that Postern shares with the app. It can be shown only now. */
export type AppCreated =
  | { readonly kind: 'created'; readonly app: App; readonly secret?: string }
  | AppRefused;

export type AppChanged =
  | { readonly kind: 'changed' | 'unchanged'; readonly app: App; readonly secret?: string }
  | AppRefused<AppFault | 'gone'>;

interface AppServices {
  readonly store: AppStore;
  readonly groups: Pick<GroupStore, 'list'>;
  readonly secrets: Pick<AppSecrets, 'drop' | 'make'>;
  /** Called after an app was added. */
  readonly added: (app: App) => void;
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

  /** Whether there is one: each sign-in asks. */
  async any(): Promise<boolean> {
    return this.#services.store.any();
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
    const refused = this.#refusalOf(input);
    if (refused) return refused;
    const { transaction, clock } = this.#services;
    const now = clock();
    const app = appFrom(input, { id: newId(now), createdAt: now });
    return transaction(this.#services, async ({ store, audit, secrets, added }, tx): Promise<AppCreated> => {
      const clash = await store.create(app);
      if (clash) return { kind: 'refused', fault: clash };
      await audit.record('app.created', actor, actor.party, {
        app: app.name,
        kind: app.kind,
        ...(await this.in(tx).#factsOf(app)),
      });
      tx.afterCommit(() => added(app));
      return { kind: 'created', app, ...(sharesSecret(app) && { secret: await secrets.make(app) }) };
    });
  }

  async update(id: string, input: AppInput, actor: Actor): Promise<AppChanged> {
    const refused = this.#refusalOf(input);
    if (refused) return refused;
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
      return { kind: 'changed', app, ...(await bound.#followSecret(before, app)) };
    });
  }

  /** A client that becomes public loses its secrets; one that no longer is gets one. */
  async #followSecret(before: App, after: App): Promise<{ readonly secret?: string }> {
    const { secrets } = this.#services;
    if (sharesSecret(before) === sharesSecret(after)) return {};
    if (sharesSecret(after)) return { secret: await secrets.make(after) };
    await secrets.drop(after);
    return {};
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
  #refusalOf(input: AppInput): AppRefused | undefined {
    const { baseUrl } = this.#services;
    const { origin } = input;
    if (isAt(baseUrl, origin)) return { kind: 'refused', fault: 'own site' };
    if (isHttps(baseUrl) && !isHttps(origin)) return { kind: 'refused', fault: 'not https' };
    return refusalOfProtocol(input, baseUrl);
  }

  async #factsOf(app: App): Promise<Facts> {
    const namesGroups = app.audience !== 'everybody' || toldGroupsOf(app).length > 0;
    return factsOf(app, namesGroups ? await this.#services.groups.list() : []);
  }
}

/** The app that was asked for. Only an app behind a proxy takes a host for itself. */
function appFrom(input: AppInput, known: Pick<App, 'id' | 'createdAt'>): App {
  return input.kind === 'host' ? { ...input, ...known, host: hostOf(input.origin) } : { ...input, ...known };
}

/** Whether the second settings let in a person, or a program, whom the first ones refuse. The audience does not count. */
function asksForLess(before: App, after: App): boolean {
  const minutes = ({ freshMinutes }: AppDemand) => freshMinutes ?? Number.POSITIVE_INFINITY;
  return (
    PROOFS.indexOf(after.proof) < PROOFS.indexOf(before.proof) ||
    minutes(after) > minutes(before) ||
    (before.confirmsEmail && !after.confirmsEmail) ||
    (before.kind === 'oidc' && after.kind === 'oidc' && asksClientForLess(before.client, after.client))
  );
}

function isHttps(origin: string): boolean {
  return origin.startsWith('https:');
}
