import type { Instant } from '../kernel/time.ts';
import type { Grace } from '../settings/grace.ts';

export type Role = 'member' | 'administrator';

/** A person's name, in characters. */
export const LONGEST_PERSON_NAME = 100;

/** "Enforce 2FA": 2FA is mandatory for this person, whatever the other rules say. */
export interface Enforcement {
  readonly at: Instant;
  readonly grace: Grace;
}

export interface Account {
  readonly id: string;
  /** As the person typed it. Compare by `emailKey`. */
  readonly email: string;
  /**
   * When the owner first proved access to the mailbox, by a code or link that was mailed to it; null if that is unknown. An
   * address from the command line, an import or the set-up is not proven.
   */
  readonly emailConfirmedAt: Instant | null;
  readonly name: string;
  /** The language that the person chose; null: the browser decides. */
  readonly locale: string | null;
  /** Page language of the last sign-in; before the first sign-in, as an administrator set it. Null: unknown. */
  readonly knownLanguage: string | null;
  /** PHC string; null until an invitation is accepted. */
  readonly passwordHash: string | null;
  readonly role: Role;
  readonly disabledAt: Instant | null;
  /** Each session stores the epoch in which it began. Raising the epoch ends all of them at once. */
  readonly sessionEpoch: number;
  /** When the one-time suggestion to set up 2FA was made. */
  readonly suggestedAt: Instant | null;
  readonly createdAt: Instant;
  readonly lastSignInAt: Instant | null;
  readonly enforcement: Enforcement | null;
  /** When the password was set by a mailed link; null after the next complete sign-in. */
  readonly resetByMailAt: Instant | null;
  /** When the person last lost an authenticator, no matter who removed it. */
  readonly factorRemovedAt: Instant | null;
  /** From when an administrator's approval counts; null if it does not count, and for members. */
  readonly approvesFrom: Instant | null;
}

/** Whether this is an enabled administrator whose approval counts at `now`. */
export function canApprove({ role, disabledAt, approvesFrom }: Account, now: Instant): boolean {
  return role === 'administrator' && disabledAt === null && approvesFrom !== null && approvesFrom <= now;
}

export const ACCOUNT_STATES = ['active', 'invited', 'disabled'] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** The state of an account; "invited": it has no password yet. */
export function accountState({ disabledAt, passwordHash }: Account): AccountState {
  if (disabledAt !== null) return 'disabled';
  return passwordHash === null ? 'invited' : 'active';
}
