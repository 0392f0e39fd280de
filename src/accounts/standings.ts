import type { Settings } from '../settings/settings.ts';
import type { Instant } from '../time.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import type { Beginnings } from '../two-factor/policies.ts';
import type { Account } from './account.ts';
import type { Membership } from './group.ts';
import type { SignIn } from './sign-ins.ts';

/** For whom a session speaks, as it says itself. */
export interface Claim {
  readonly accountId: string;
  /** Undefined half way through a sign-in. */
  readonly signInId: string | undefined;
}

/** All that is kept of somebody which says where they stand. */
export interface PersonFacts {
  readonly account: Account;
  /** The sign-in that was claimed, where it is this account's. */
  readonly signIn: SignIn | undefined;
  /** Oldest first. */
  readonly authenticators: readonly Authenticator[];
  /** By the names of the groups. */
  readonly memberships: readonly Membership[];
  readonly beginnings: Beginnings;
  /** How many recovery codes can still be used. */
  readonly codesLeft: number;
  /** How many requests for a reset wait for a decision; 0 for who is no administrator. */
  readonly openRequests: number;
  /** When the oldest of the mails was written that still wait; undefined when none does, and for who is no administrator. */
  readonly oldestMail: Instant | undefined;
}

export interface StandingFacts {
  readonly settings: Settings;
  /** Undefined without a claim, and where there is no such account. */
  readonly person: PersonFacts | undefined;
}

/** What every page has to know before it can answer, of one moment. */
export interface Standings {
  /** By one statement, for every request asks. */
  read(claim: Claim | undefined): Promise<StandingFacts>;
}
