import type { Instant } from '../kernel/time.ts';
import type { Account, Enforcement, Role } from './account.ts';

export type NewAccount = Pick<
  Account,
  'id' | 'email' | 'name' | 'locale' | 'knownLanguage' | 'passwordHash' | 'role' | 'createdAt'
> & {
  /** When a link that was mailed to the address was used; left out if none was. */
  readonly emailConfirmedAt?: Instant;
  /** For an administrator; without it, their approval does not count. */
  readonly approvesFrom?: Instant | null;
};

/** A new account, with the ids of its first groups. */
export interface NewMember extends NewAccount {
  readonly groupIds: readonly string[];
}

/** Storage of accounts. Each method is one transaction. */
export interface Accounts {
  find(id: string): Promise<Account | undefined>;
  findByEmail(email: string): Promise<Account | undefined>;
  /** False if the address already has an account. */
  create(account: NewAccount): Promise<boolean>;
  /** The accounts of these addresses; addresses without an account are left out. */
  findByEmails(emails: readonly string[]): Promise<readonly Account[]>;
  /**
   * Creates the accounts whose address has none yet, with their group memberships, all or nothing; returns the ids of the
   * created accounts. Groups that no longer exist are ignored.
   */
  createMany(accounts: readonly NewMember[]): Promise<ReadonlySet<string>>;
  /** Creates the first account; false if an account exists. Of concurrent calls, one succeeds. */
  createFirst(account: NewAccount): Promise<boolean>;
  isEmpty(): Promise<boolean>;
  rename(id: string, name: string): Promise<void>;
  chooseLocale(id: string, locale: string | null): Promise<void>;
  /** Sets an address whose mailbox was proven at `confirmedAt`; false if it belongs to another account. */
  changeEmail(id: string, email: string, confirmedAt: Instant): Promise<boolean>;
  /** Records when the mailbox of this address was proven, if it still is the account's address. Keeps an earlier time. */
  confirmEmail(id: string, email: string, at: Instant): Promise<void>;
  /** Sets a password and raises the session epoch; returns the new epoch. */
  changePassword(id: string, passwordHash: string): Promise<number>;
  /** Like `changePassword`, for a mailed link: also records the time, until the next complete sign-in. */
  resetPassword(id: string, passwordHash: string, at: Instant): Promise<number>;
  /** Replaces a hash by one of the same password with newer parameters, unless the hash was changed meanwhile. */
  rehashPassword(id: string, from: string, to: string): Promise<void>;
  /** Ends every session of the account: raises the session epoch, and returns it. */
  endSessions(id: string): Promise<number>;
  /**
   * Records a complete sign-in and clears `resetByMailAt`. Does nothing if the sign-in began in an earlier epoch. `language`:
   * the page's, which is stored; undefined if unknown.
   */
  recordSignIn(id: string, epoch: number, at: Instant, language: string | undefined): Promise<void>;
  /** True for the one request that may suggest to set up 2FA; false for every later one. */
  takeSuggestion(id: string, at: Instant): Promise<boolean>;
  /** Disables the account and ends its sessions; false if no other enabled administrator could sign in. */
  disable(id: string, at: Instant): Promise<boolean>;
  /** `approvesFrom`: a new value for an administrator; undefined: unchanged. */
  enable(id: string, approvesFrom?: Instant | null): Promise<void>;
  /**
   * False if this would remove the last enabled administrator who can sign in. `approvesFrom`: for a new administrator.
   */
  setRole(id: string, role: Role, approvesFrom?: Instant | null): Promise<boolean>;
  /** The enabled administrators who have a password. */
  administrators(): Promise<readonly Account[]>;
  /** Administrators whose approval does not count yet: it will not count after the waiting time, either. */
  stopProbations(now: Instant): Promise<void>;
  /**
   * The approval of every enabled administrator counts from `now`. Administrators with an open invitation: from `invitedFrom`.
   * Disabled administrators: it does not count before they are enabled.
   */
  endProbations(now: Instant, invitedFrom: Instant): Promise<void>;
  /** Sets "Enforce 2FA", or lifts it (null); false if nothing changed or the account no longer exists. */
  enforce(id: string, enforcement: Enforcement | null): Promise<boolean>;
}
