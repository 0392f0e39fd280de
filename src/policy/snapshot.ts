import type { Account } from '../accounts/account.ts';
import type { SignIn } from '../accounts/sign-ins.ts';
import type { Instant } from '../kernel/time.ts';
import type { Settings } from '../settings/settings.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import type { Membership } from './group.ts';
import type { GraceStarts } from './policies.ts';

/** The account and sign-in that a session refers to. Not verified yet. */
export interface SessionSubject {
  readonly accountId: string;
  /** Undefined while a sign-in is pending. */
  readonly signInId: string | undefined;
}

/** The stored data of a person on which their authentication state depends. */
export interface PersonSnapshot {
  readonly account: Account;
  /** The sign-in of the session, if it belongs to this account. */
  readonly signIn: SignIn | undefined;
  /** Oldest first. */
  readonly authenticators: readonly Authenticator[];
  /** Ordered by group name. */
  readonly memberships: readonly Membership[];
  readonly graceStarts: GraceStarts;
  /** Number of unused recovery codes. */
  readonly codesLeft: number;
  /** For administrators, the number of open reset requests; otherwise 0. */
  readonly openRequests: number;
  /** For administrators, when the oldest waiting mail was written; undefined if none waits, and for members. */
  readonly oldestMail: Instant | undefined;
  /** For administrators, since when the oldest app waits to be told of a sign-out; undefined if none does, and for members. */
  readonly oldestLogout: Instant | undefined;
}

export interface AuthSnapshot {
  readonly settings: Settings;
  /** Undefined without a claim, or if the account does not exist. */
  readonly person: PersonSnapshot | undefined;
}

/** Reads the data that every page needs, as of one moment. */
export interface AuthSnapshots {
  /** One statement, because every request calls it. */
  read(claim: SessionSubject | undefined): Promise<AuthSnapshot>;
}
