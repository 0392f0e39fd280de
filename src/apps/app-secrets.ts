import type { Actor, Audit } from '../audit/audit.ts';
import { newId, newToken } from '../kernel/identifiers.ts';
import type { Keyring, Sealed } from '../kernel/keyring.ts';
import { type Clock, days, type Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { App } from './app.ts';

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
  create(secret: StoredAppSecret): Promise<void>;
  /** Those that are valid at `now`, newest first. */
  of(appId: string, now: Instant): Promise<readonly StoredAppSecret[]>;
  /** Lets all but the newest of an app's secrets end at once, and the newest at `at`. */
  retire(appId: string, at: Instant, now: Instant): Promise<void>;
}

interface AppSecretServices {
  readonly store: AppSecretStore;
  readonly keyring: Pick<Keyring, 'seal' | 'open'>;
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

  /** Gives the app a new secret and returns it: the only time that it can be shown. Audited. */
  async rotate(app: Pick<App, 'id' | 'name'>, actor: Actor): Promise<string> {
    const { transaction } = this.#services;
    return transaction(this.#services, async ({ store, keyring, audit, clock }) => {
      const now = clock();
      const text = newToken(SECRET_BITS);
      const secret = { id: newId(now), appId: app.id, createdAt: now, endsAt: null };
      await store.retire(app.id, now + OVERLAP, now);
      await store.create({ ...secret, sealed: keyring.seal(text, contextOf(secret)) });
      await audit.record('app.secret-rotated', actor, actor.party, { app: app.name });
      return text;
    });
  }
}

/** The row that the secret is sealed for: in another one it does not open. */
function contextOf({ id, appId }: Pick<StoredAppSecret, 'id' | 'appId'>): string {
  return `app_secrets ${appId} ${id}`;
}
