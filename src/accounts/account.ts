import type { Instant } from '../time.ts';
import type { Grace } from '../two-factor/grace.ts';

export type Role = 'member' | 'administrator';

/** A person's name, in characters. */
export const LONGEST_PERSON_NAME = 100;

/** "Enforce 2FA": it is mandatory for this person, whatever applies to others. */
export interface Enforcement {
  readonly at: Instant;
  readonly grace: Grace;
}

export interface Account {
  readonly id: string;
  /** As the person wrote it; compared by `emailKey`. */
  readonly email: string;
  readonly name: string;
  /** The language the person chose; without one, their browser decides. */
  readonly locale: string | null;
  /** PHC string; null until an invitation is accepted. */
  readonly passwordHash: string | null;
  readonly role: Role;
  readonly disabledAt: Instant | null;
  /** Sessions carry the epoch they began in; raising it ends every one of them at once. */
  readonly sessionEpoch: number;
  /** When the one-time suggestion to set up 2FA was made. */
  readonly suggestedAt: Instant | null;
  readonly createdAt: Instant;
  readonly lastSignInAt: Instant | null;
  readonly enforcement: Enforcement | null;
  /** When an authenticator of the person's last went, by whoever's hand. */
  readonly factorRemovedAt: Instant | null;
}

export const ACCOUNT_STATES = ['active', 'invited', 'disabled'] as const;
export type AccountState = (typeof ACCOUNT_STATES)[number];

/** Where an account stands: "invited" is who has not chosen a password yet. */
export function accountState({ disabledAt, passwordHash }: Account): AccountState {
  if (disabledAt !== null) return 'disabled';
  return passwordHash === null ? 'invited' : 'active';
}

/** What two spellings of one address have in common. */
export function emailKey(email: string): string {
  return email.trim().normalize('NFC').toLowerCase();
}

/** "ann@example.org" as "a•••@example.org": enough to recognise, too little to learn. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const [first = ''] = email;
  return `${first}•••${email.slice(at)}`;
}
