import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Keyring, Sealed } from '../kernel/keyring.ts';
import { type Clock, hours, type Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import { ID_TOKEN_ALGORITHMS, type IdTokenAlgorithm } from './oidc-client.ts';
import { type Resealed, resealAll } from './reseal.ts';

/**
 * "next" is published before it signs, so that clients that keep the list of keys for a while know it by then; "retired" is
 * published until all that it has signed has ended.
 */
export const SIGNING_KEY_STATES = ['next', 'current', 'retired'] as const;
export type SigningKeyState = (typeof SIGNING_KEY_STATES)[number];

export interface StoredSigningKey {
  readonly id: string;
  readonly algorithm: IdTokenAlgorithm;
  readonly state: SigningKeyState;
  /** The private key as a JWK, sealed for this row. */
  readonly sealed: Sealed;
  readonly createdAt: Instant;
  /** Until when a retired key is published; null before that. */
  readonly endsAt: Instant | null;
}

/** Storage of signing keys. */
export interface SigningKeyStore {
  /** Those that are published at `now`. */
  all(now: Instant): Promise<readonly StoredSigningKey[]>;
  /** The ids and states of all keys as one text, which a rotation changes. */
  version(): Promise<string>;
  /** False if the algorithm has one in this state: there is one "next" and one "current" for each. */
  create(key: StoredSigningKey): Promise<boolean>;
  /** False if the key is no longer in state `from`; then another rotation came first. */
  move(
    id: string,
    from: SigningKeyState,
    to: { readonly state: SigningKeyState; readonly endsAt: Instant | null },
  ): Promise<boolean>;
  /** Replaces the sealed text of one. */
  reseal(id: string, sealed: Sealed): Promise<void>;
}

/** A JSON Web Key (RFC 7517) with its private part. */
export type PrivateJwk = Readonly<Record<string, unknown>> & {
  readonly kid: string;
  readonly alg: IdTokenAlgorithm;
};

/** A key that is published, opened. */
export interface SigningKey {
  readonly state: SigningKeyState;
  readonly jwk: PrivateJwk;
}

/**
 * For how long a retired key is published, in milliseconds. ID tokens are shorter-lived, but an app signs out with one as a hint
 * (RP-Initiated Logout 1.0 §2) for as long as its sign-in lasts.
 */
export const RETIRED_FOR = ABSOLUTE_LIMIT + hours(1);

interface SigningKeyServices {
  readonly store: SigningKeyStore;
  readonly keyring: Pick<Keyring, 'seal' | 'open' | 'isStale'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** The keys that sign tokens: made on first need, sealed, rotated by a command. */
export class SigningKeys {
  readonly #services: SigningKeyServices;

  constructor(services: SigningKeyServices) {
    this.#services = services;
  }

  in(tx: Transaction): SigningKeys {
    return new SigningKeys(bind(this.#services, tx));
  }

  /** What changes whenever keys were made or rotated, also by another instance. */
  async version(): Promise<string> {
    return this.#services.store.version();
  }

  /** All that are published, those that sign first. Makes those that are missing. */
  async published(): Promise<readonly SigningKey[]> {
    const { store, clock } = this.#services;
    const before = await store.all(clock());
    const made = await this.#makeMissing(before);
    const stored = made ? await store.all(clock()) : before;
    return [...stored].sort((a, b) => orderOf(a) - orderOf(b)).map((key) => this.#opened(key));
  }

  /**
   * Lets the next keys sign, retires the current ones, and makes new next ones. Audited. Two rotations at once are one; false for
   * the one that came second.
   */
  async rotate(actor: Actor): Promise<boolean> {
    const { store, transaction, clock } = this.#services;
    await this.published();
    const stored = await store.all(clock());
    // Before the transaction: it takes up to a second.
    const fresh = await Promise.all(ID_TOKEN_ALGORITHMS.map((algorithm) => this.#newKey(algorithm, 'next')));
    return transaction(this.#services, async ({ store, audit }) => {
      for (const key of fresh) {
        const of = (state: SigningKeyState) =>
          stored.find((one) => one.algorithm === key.algorithm && one.state === state);
        const [current, next] = [of('current'), of('next')];
        const endsAt = clock() + RETIRED_FOR;
        if (!current || !(await store.move(current.id, 'current', { state: 'retired', endsAt })))
          return false;
        if (!next || !(await store.move(next.id, 'next', { state: 'current', endsAt: null }))) return false;
        if (!(await store.create(key))) return false;
      }
      await audit.record('signing-keys.rotated', actor);
      return true;
    });
  }

  /** Encrypts all again under the newest key of the operator's. */
  async reseal(): Promise<Resealed> {
    const { store, keyring, clock } = this.#services;
    const keys = await store.all(clock());
    return resealAll(keyring, keys, contextOfSigningKey, ({ id }, sealed) => store.reseal(id, sealed));
  }

  /** Whether keys were missing. Of two instances that start at once, one makes each key. */
  async #makeMissing(stored: readonly StoredSigningKey[]): Promise<boolean> {
    const missing = ID_TOKEN_ALGORITHMS.flatMap((algorithm) =>
      (['current', 'next'] as const)
        .filter((state) => !stored.some((key) => key.algorithm === algorithm && key.state === state))
        .map((state) => ({ algorithm, state })),
    );
    const made = await Promise.all(missing.map(({ algorithm, state }) => this.#newKey(algorithm, state)));
    for (const key of made) await this.#services.store.create(key);
    return missing.length > 0;
  }

  async #newKey(algorithm: IdTokenAlgorithm, state: SigningKeyState): Promise<StoredSigningKey> {
    const { keyring, clock } = this.#services;
    const now = clock();
    const id = newId(now);
    const jwk: PrivateJwk = { ...(await generated(algorithm)), kid: id, alg: algorithm, use: 'sig' };
    const sealed = keyring.seal(JSON.stringify(jwk), contextOfSigningKey({ id }));
    return { id, algorithm, state, sealed, createdAt: now, endsAt: null };
  }

  #opened(key: StoredSigningKey): SigningKey {
    const text = this.#services.keyring.open(key.sealed, contextOfSigningKey(key));
    return { state: key.state, jwk: JSON.parse(text) };
  }
}

/** The row that a key is sealed for: in another one it does not open. */
export function contextOfSigningKey({ id }: Pick<StoredSigningKey, 'id'>): string {
  return `signing_keys ${id}`;
}

const ORDER: readonly SigningKeyState[] = ['current', 'next', 'retired'];

function orderOf({ state }: StoredSigningKey): number {
  return ORDER.indexOf(state);
}

const makePair = promisify(generateKeyPair);

/** RS256 needs 2048 bits or more (RFC 7518 §3.3), ES256 the curve P-256 (§3.4). */
async function generated(algorithm: IdTokenAlgorithm): Promise<object> {
  const { privateKey } =
    algorithm === 'RS256'
      ? await makePair('rsa', { modulusLength: 2048 })
      : await makePair('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'jwk' });
}
