import type { Instant } from '../time.ts';
import type { MethodId } from './method.ts';

/** A confirmed second factor of an account. */
export interface Authenticator {
  readonly id: string;
  readonly accountId: string;
  readonly method: MethodId;
  /** "Authenticator Name": the person's own word for it, once per person. */
  readonly name: string;
  /** What the method keeps; only the method reads it. */
  readonly data: unknown;
  /** The last time step that was accepted, for methods that count in steps; 0 for the others. */
  readonly lastStep: number;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant | null;
  /** Set after too many failures in a row; an administrator or a recovery code frees it. */
  readonly blockedAt: Instant | null;
  /** When the person chose to be asked for it first; the latest choice counts. */
  readonly preferredAt: Instant | null;
}

/** All that a rule goes by. */
export type OfMethod = Pick<Authenticator, 'method'>;

export type NewAuthenticator = Omit<Authenticator, 'lastUsedAt' | 'blockedAt' | 'preferredAt'>;

export const LONGEST_NAME = 60;

/** What two spellings of one name have in common. */
export function nameKey(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}

/** Where confirmed authenticators are kept. Each method is one transaction. */
export interface Authenticators {
  /** The account's authenticators, oldest first. */
  of(accountId: string): Promise<readonly Authenticator[]>;
  /** False when the person has one of this name already (by `nameKey`). */
  create(authenticator: NewAuthenticator): Promise<boolean>;
  /**
   * Creates one in the place of another, both or neither: nobody is without in between. "gone" when the other one is
   * not there any more.
   */
  replace(authenticator: NewAuthenticator, replacedId: string): Promise<'replaced' | 'name taken' | 'gone'>;
  /** From now on this one is asked for first. */
  prefer(accountId: string, id: string, at: Instant): Promise<void>;
  /** False when the person has another of this name already. */
  rename(accountId: string, id: string, name: string): Promise<boolean>;
  /**
   * Takes one away, notes on the account that one went, and takes the recovery codes along with the last: they are never
   * the only factor. False when there was none (any more).
   */
  remove(accountId: string, id: string, at: Instant): Promise<boolean>;
  /**
   * Removes all of the account's with everything that stands in for them (recovery codes, challenges, trusted browsers),
   * forgets its failures, ends its sessions and closes a reset request that is open; returns how many there were.
   */
  reset(accountId: string, by: string, at: Instant): Promise<number>;
  /** True for the one request that used this step: one UPDATE … WHERE last_step < step (RFC 6238 §5.2). */
  spendStep(id: string, step: number): Promise<boolean>;
  recordUse(id: string, at: Instant): Promise<void>;
  block(id: string, at: Instant): Promise<void>;
  /** Frees all of the account's that are blocked. */
  unblock(accountId: string): Promise<void>;
  /** Every authenticator's data, in batches, for `keys rotate`. */
  eachOf(method: MethodId): AsyncIterable<Authenticator>;
  /** Replaces the data if it still is what it was. */
  replaceData(id: string, from: unknown, to: unknown): Promise<boolean>;
}
