import type { Instant } from '../time.ts';
import type { Account, Enforcement, Role } from './account.ts';

export type NewAccount = Pick<
  Account,
  'id' | 'email' | 'name' | 'locale' | 'passwordHash' | 'role' | 'createdAt'
>;

/** A new account with the ids of the groups that it begins in. */
export interface NewMember extends NewAccount {
  readonly groupIds: readonly string[];
}

/** Where accounts are kept. Each method is one transaction. */
export interface Accounts {
  find(id: string): Promise<Account | undefined>;
  findByEmail(email: string): Promise<Account | undefined>;
  /** False when the address already has an account. */
  create(account: NewAccount): Promise<boolean>;
  /** Those of these addresses that have an account. */
  findByEmails(emails: readonly string[]): Promise<readonly Account[]>;
  /**
   * Creates those whose address has no account yet, and puts them into their groups, all in one go; returns the ids of
   * those it created. A group that is gone is left out.
   */
  createMany(accounts: readonly NewMember[]): Promise<ReadonlySet<string>>;
  /** Creates the very first account; false when there is one already, however many ask at once. */
  createFirst(account: NewAccount): Promise<boolean>;
  isEmpty(): Promise<boolean>;
  rename(id: string, name: string): Promise<void>;
  chooseLocale(id: string, locale: string | null): Promise<void>;
  /** False when the address already has another account. */
  changeEmail(id: string, email: string): Promise<boolean>;
  /** Sets a password and raises the session epoch, which is returned. */
  changePassword(id: string, passwordHash: string): Promise<number>;
  /** Replaces a hash by one of the same password with newer parameters, unless it has changed meanwhile. */
  rehashPassword(id: string, from: string, to: string): Promise<void>;
  /** Raises the session epoch, which is returned: every session of the account ends. */
  endSessions(id: string): Promise<number>;
  recordSignIn(id: string, at: Instant): Promise<void>;
  /** True for the one request that makes the suggestion to set up 2FA; false ever after. */
  takeSuggestion(id: string, at: Instant): Promise<boolean>;
  /** Disables and ends the sessions; false when no other enabled administrator could sign in. */
  disable(id: string, at: Instant): Promise<boolean>;
  enable(id: string): Promise<void>;
  /** False when this would take the role from the last enabled administrator who can sign in. */
  setRole(id: string, role: Role): Promise<boolean>;
  /** "Enforce 2FA", or null to lift it; false when it is so already, or the account is gone. */
  enforce(id: string, enforcement: Enforcement | null): Promise<boolean>;
}
