import type { Account } from '../accounts/account.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { App, ListedApp } from './app.ts';

/** A person's permission for an app to learn who they are. */
export interface Consent {
  readonly appId: string;
  readonly accountId: string;
  /** Sorted. */
  readonly scopes: readonly string[];
  /** When the first of them were given. */
  readonly givenAt: Instant;
}

/** Storage of consents. */
export interface ConsentStore {
  find(accountId: string, appId: string): Promise<Consent | undefined>;
  /** Adds the scopes to those given before; returns those that are new. Of many at once, each scope is new for one. */
  add(consent: Consent): Promise<readonly string[]>;
  /** Of many at once, one returns true. */
  remove(accountId: string, appId: string): Promise<boolean>;
  /** Per app that the account has given a consent to, or used. */
  of(accountId: string): Promise<readonly AppUse[]>;
}

/** An account's relation to an app. */
export interface AppUse {
  readonly appId: string;
  readonly consent: Pick<Consent, 'scopes' | 'givenAt'> | undefined;
  /** When the person last signed in to it; null: never. */
  readonly lastUsedAt: Instant | null;
}

/** An app that has access to a person's data, or had when they used it. */
export interface AppAccess extends Omit<AppUse, 'appId'> {
  readonly app: App;
}

/** What apps have got by a person's consent and that outlives the request: authorization codes, refresh and access tokens. */
export interface Grants {
  /** Makes all of them useless from now on. */
  revoke(accountId: string, appId: string): Promise<void>;
}

interface ConsentServices {
  readonly store: ConsentStore;
  readonly apps: { all(): Promise<readonly ListedApp[]> };
  /** Undefined while no protocol hands out anything that outlives a request. */
  readonly grants?: Grants | undefined;
  readonly audit: Pick<Audit, 'record'>;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/**
 * The consents of people: which apps may learn what (ASVS 10.7.1 to 10.7.3). Only apps whose settings say so ask for one. Audited.
 */
export class Consents {
  readonly #services: ConsentServices;

  constructor(services: ConsentServices) {
    this.#services = services;
  }

  in(tx: Transaction): Consents {
    return new Consents(bind(this.#services, tx));
  }

  /** The scopes that the person has given the app; none if there is no consent. */
  async given(accountId: string, appId: string): Promise<readonly string[]> {
    return (await this.#services.store.find(accountId, appId))?.scopes ?? [];
  }

  /** Gives the app these scopes, beside those given before. */
  async give(
    account: Pick<Account, 'id' | 'email'>,
    app: Pick<App, 'id' | 'name'>,
    scopes: readonly string[],
    actor: Actor,
  ): Promise<void> {
    await this.#services.transaction(this.#services, async ({ store, audit, clock }) => {
      const consent = { appId: app.id, accountId: account.id, scopes: sorted(scopes), givenAt: clock() };
      const added = await store.add(consent);
      if (added.length === 0) return;
      await audit.record('app.consent-given', actor, account, { app: app.name, scopes: added.join(' ') });
    });
  }

  /**
   * Takes the consent back, and revokes what the app got by it, in one transaction: the app has to ask again. False if there is
   * none.
   */
  async takeBack(
    account: Pick<Account, 'id' | 'email'>,
    app: Pick<App, 'id' | 'name'>,
    actor: Actor,
  ): Promise<boolean> {
    return this.#services.transaction(this.#services, async ({ store, grants, audit }) => {
      if (!(await store.remove(account.id, app.id))) return false;
      await grants?.revoke(account.id, app.id);
      await audit.record('app.consent-withdrawn', actor, account, { app: app.name });
      return true;
    });
  }

  /** The apps that the person has given a consent to, or used, ordered by name. */
  async of(accountId: string): Promise<readonly AppAccess[]> {
    const { store, apps } = this.#services;
    const uses = await store.of(accountId);
    if (uses.length === 0) return [];
    const byApp = new Map(uses.map((use) => [use.appId, use]));
    return (await apps.all()).flatMap((app) => {
      const use = byApp.get(app.id);
      return use ? [{ app, consent: use.consent, lastUsedAt: use.lastUsedAt }] : [];
    });
  }
}

/** Whether a consent covers all of the scopes that are asked for. */
export function covers(given: readonly string[], asked: readonly string[]): boolean {
  return asked.every((scope) => given.includes(scope));
}

function sorted(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes)].sort();
}
