import { lineOfText } from '../kernel/fields.ts';
import type { Instant } from '../kernel/time.ts';
import { normalized } from '../kernel/unicode.ts';
import type { MethodId } from '../settings/method-ids.ts';

/** A confirmed second factor of an account. */
export interface Authenticator {
  readonly id: string;
  readonly accountId: string;
  readonly method: MethodId;
  /** "Authenticator Name": chosen by the person, unique among theirs (see `nameKey`). */
  readonly name: string;
  /** Read by its method only. */
  readonly data: unknown;
  readonly createdAt: Instant;
  readonly lastUsedAt: Instant | null;
  /** Set after too many failures in a row, until an administrator or a recovery code unblocks it. */
  readonly blockedAt: Instant | null;
  /** When the person chose it as preferred; the latest choice counts. */
  readonly preferredAt: Instant | null;
}

/** The part of an authenticator that policies use. */
export type OfMethod = Pick<Authenticator, 'method'>;

export type NewAuthenticator = Omit<Authenticator, 'lastUsedAt' | 'blockedAt' | 'preferredAt'>;

const LONGEST_NAME = 60;

/** The form field of an Authenticator Name. */
export const authenticatorName = () => lineOfText('error.name-missing', LONGEST_NAME);

/** Equal for two spellings of one name. */
export function nameKey(name: string): string {
  return normalized(name, 'NFKC').toLowerCase();
}

/** The store of confirmed authenticators. Each call is one transaction. */
export interface Authenticators {
  /** The account's authenticators, oldest first. */
  of(accountId: string): Promise<readonly Authenticator[]>;
  /** False if the person already has one with this name (by `nameKey`). */
  create(authenticator: NewAuthenticator): Promise<boolean>;
  /** Creates the person's first one; false if they have any. Only one of many concurrent requests creates it. */
  createFirst(authenticator: NewAuthenticator): Promise<boolean>;
  /**
   * Replaces one by a new one, in one transaction, so that the person always has one. "gone" if the old one no longer exists.
   */
  replace(authenticator: NewAuthenticator, replacedId: string): Promise<'replaced' | 'name taken' | 'gone'>;
  /** Makes this one the preferred authenticator. */
  prefer(accountId: string, id: string, at: Instant): Promise<void>;
  /** False if the person has another one with this name. */
  rename(accountId: string, id: string, name: string): Promise<boolean>;
  /**
   * Removes one and records the removal on the account. With the last one, also removes the recovery codes: they are never the
   * only factor. False if it no longer exists.
   */
  remove(accountId: string, id: string, at: Instant): Promise<boolean>;
  /**
   * Removes all of the account's, with everything that can replace them (recovery codes, challenges, trusted browsers), resets
   * its failures, ends its sessions and closes an open reset request. Returns the number of removed authenticators.
   */
  reset(accountId: string, by: string, at: Instant): Promise<number>;
  recordUse(id: string, at: Instant): Promise<void>;
  block(id: string, at: Instant): Promise<void>;
  /** Unblocks all of the account's. */
  unblock(accountId: string): Promise<void>;
  /** Every authenticator's data, in batches, for `keys rotate`. */
  eachOf(method: MethodId): AsyncIterable<Authenticator>;
  /** Replaces the data if it is still `from`. */
  replaceData(id: string, from: unknown, to: unknown): Promise<boolean>;
}
