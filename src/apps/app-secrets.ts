import { z } from 'zod';
import type { Actor, Audit } from '../audit/audit.ts';
import type { MessageKey } from '../kernel/i18n.ts';
import { newId, newToken } from '../kernel/identifiers.ts';
import type { Keyring, Sealed } from '../kernel/keyring.ts';
import { type Clock, days, type Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { App } from './app.ts';
import { type Resealed, resealAll } from './reseal.ts';

/** For how long a replaced secret stays valid beside its successor, in milliseconds. */
export const OVERLAP = days(7);

/** Bits of a secret: HS256 wants at least as many as its hash has (RFC 7518 §3.2). */
const SECRET_BITS = 256;

/** A secret that Postern shares with an app, as it is stored. */
export interface StoredAppSecret {
  readonly id: string;
  readonly appId: string;
  readonly sealed: Sealed;
  readonly createdAt: Instant;
  /** Until when it is valid beside a newer one; null: for good. */
  readonly endsAt: Instant | null;
}

/** Storage of the secrets of apps. */
export interface AppSecretStore {
  /** Until the transaction ends, nobody else changes the secrets of this app. */
  lock(appId: string): Promise<void>;
  create(secret: StoredAppSecret): Promise<void>;
  /** Those that are valid at `now`, newest first. */
  of(appId: string, now: Instant): Promise<readonly StoredAppSecret[]>;
  /** Lets all but the newest of an app's secrets end at once, and the newest at `at`. */
  retire(appId: string, at: Instant, now: Instant): Promise<void>;
  /** Lets those end that have an end already; returns how many. */
  endFormer(appId: string): Promise<number>;
  /** Of all apps. */
  all(): Promise<readonly StoredAppSecret[]>;
  /** Replaces the sealed text of one. */
  reseal(id: string, sealed: Sealed): Promise<void>;
  /** Removes all of an app's secrets. */
  drop(appId: string): Promise<void>;
}

/** A secret without its text. */
export type SecretStanding = Pick<StoredAppSecret, 'id' | 'createdAt' | 'endsAt'>;

type NamedApp = Pick<App, 'id' | 'name'>;

/**
 * Bounds of a secret that an app has made itself, in characters. Less than 128 bits of any spelling could be guessed from one
 * hand-over that somebody has seen.
 */
export const GIVEN_SECRET = { least: 22, most: 256 } as const;

/** A secret that an app has made itself, as it is pasted in. */
export const givenSecret = z
  .string({ error: 'app.secret-form' satisfies MessageKey })
  .max(4 * GIVEN_SECRET.most, { error: 'app.secret-form' satisfies MessageKey })
  .transform((text) => text.trim())
  .refine(
    (text) => /^[!-~]+$/.test(text) && text.length >= GIVEN_SECRET.least && text.length <= GIVEN_SECRET.most,
    {
      error: 'app.secret-form' satisfies MessageKey,
    },
  );

interface AppSecretServices {
  readonly store: AppSecretStore;
  readonly keyring: Pick<Keyring, 'seal' | 'open' | 'isStale'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/**
 * The secrets of apps: of OpenID Connect clients, and the keys of signed hand-overs. Sealed in the database, shown once. While one
 * is rotated, the former one stays valid beside it for `OVERLAP`; there are two at most.
 */
export class AppSecrets {
  readonly #services: AppSecretServices;

  constructor(services: AppSecretServices) {
    this.#services = services;
  }

  in(tx: Transaction): AppSecrets {
    return new AppSecrets(bind(this.#services, tx));
  }

  /** The secrets that are valid now, newest first. */
  async of({ id }: Pick<App, 'id'>): Promise<readonly string[]> {
    const { store, keyring, clock } = this.#services;
    const stored = await store.of(id, clock());
    return stored.map((secret) => keyring.open(secret.sealed, contextOf(secret)));
  }

  /** When the secrets that are valid now were made and when they end, newest first; not what they are. */
  async standing({ id }: Pick<App, 'id'>): Promise<readonly SecretStanding[]> {
    const { store, clock } = this.#services;
    const stored = await store.of(id, clock());
    return stored.map(({ id: secretId, createdAt, endsAt }) => ({ id: secretId, createdAt, endsAt }));
  }

  /**
   * Gives the app a new secret and returns it: the only time that it can be shown. Audited. `given`: one that the app has made
   * itself.
   */
  async rotate(app: NamedApp, actor: Actor, given?: string): Promise<string> {
    const { transaction } = this.#services;
    return transaction(this.#services, (_, tx) => this.in(tx).#replace(app, actor, given));
  }

  /**
   * The same if `newest` is still the app's newest secret; otherwise undefined. Two administrators who rotate at the same moment
   * would end the secret that the app uses.
   */
  async rotateFrom(
    newest: string | undefined,
    app: NamedApp,
    actor: Actor,
    given?: string,
  ): Promise<string | undefined> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ store, clock }, tx) => {
      await store.lock(app.id);
      const [present] = await store.of(app.id, clock());
      return present?.id === newest ? this.in(tx).#replace(app, actor, given) : undefined;
    });
  }

  /** Encrypts all again under the newest key. */
  async reseal(): Promise<Resealed> {
    const { store, keyring } = this.#services;
    return resealAll(keyring, await store.all(), contextOf, ({ id }, sealed) => store.reseal(id, sealed));
  }

  /** Ends the former secret at once; false if there is none. Audited. */
  async endFormer(app: NamedApp, actor: Actor): Promise<boolean> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ store, audit }) => {
      await store.lock(app.id);
      if ((await store.endFormer(app.id)) === 0) return false;
      await audit.record('app.secret-ended', actor, actor.party, { app: app.name });
      return true;
    });
  }

  /** Makes the first secret of an app and returns it. Part of a change that is audited itself. */
  async make({ id }: Pick<App, 'id'>): Promise<string> {
    const text = newToken(SECRET_BITS);
    await this.#keep(id, text);
    return text;
  }

  /** Removes all secrets of an app that needs none any more. Part of a change that is audited itself. */
  async drop({ id }: Pick<App, 'id'>): Promise<void> {
    await this.#services.store.drop(id);
  }

  async #replace(app: NamedApp, actor: Actor, given = newToken(SECRET_BITS)): Promise<string> {
    const { store, audit, clock } = this.#services;
    const now = clock();
    await store.lock(app.id);
    await store.retire(app.id, now + OVERLAP, now);
    await this.#keep(app.id, given);
    await audit.record('app.secret-rotated', actor, actor.party, { app: app.name });
    return given;
  }

  async #keep(appId: string, text: string): Promise<void> {
    const { store, keyring, clock } = this.#services;
    const now = clock();
    const secret = { id: newId(now), appId, createdAt: now, endsAt: null };
    await store.create({ ...secret, sealed: keyring.seal(text, contextOf(secret)) });
  }
}

/** The row that the secret is sealed for: in another one it does not open. */
function contextOf({ id, appId }: Pick<StoredAppSecret, 'id' | 'appId'>): string {
  return `app_secrets ${appId} ${id}`;
}
