import type { Origin } from '../audit/audit.ts';
import type { Instant } from '../kernel/time.ts';
import type { RuleSource } from '../settings/rule.ts';
import type { Notice } from './vocabulary.ts';

/** What a code may be used for; it is invalid for any other purpose (ASVS 6.6.2). */
export type Purpose = 'sign-in' | 'step-up' | 'enrolment' | 'e-mail change' | 'email confirmation';

/** Everything that the portal writes to people. */
export type Message =
  | {
      readonly kind: 'code';
      readonly code: string;
      readonly purpose: Purpose;
      readonly sentAt: Instant;
      readonly expiresAt: Instant;
    }
  | { readonly kind: 'invitation'; readonly token: string; readonly expiresAt: Instant }
  | { readonly kind: 'password reset'; readonly token: string; readonly expiresAt: Instant }
  | { readonly kind: 'sign-up'; readonly token: string; readonly expiresAt: Instant }
  /** Somebody signed up with an address that has an account: the page looks the same as ever, only this mail says so. */
  | { readonly kind: 'sign-up again' }
  /** The same for a change of email to an address that has an account; sent in place of the code. */
  | { readonly kind: 'address taken' }
  /** Somebody asked for a reset of 2FA; the link cancels it. */
  | {
      readonly kind: 'reset requested';
      readonly by: 'person' | 'administrator';
      readonly at: Instant;
      readonly origin: Origin;
      readonly token: string;
      readonly expiresAt: Instant;
    }
  /** The reset was approved and waits; until `dueAt` the link cancels it. */
  | {
      readonly kind: 'reset approved';
      readonly dueAt: Instant;
      readonly token: string;
      readonly expiresAt: Instant;
    }
  /** Until when 2FA has to be set up, and which rules say so. */
  | {
      readonly kind: 'two-factor reminder';
      readonly deadline: Instant;
      readonly reasons: readonly RuleSource[];
    }
  | {
      readonly kind: 'notice';
      readonly notice: Notice;
      readonly at: Instant;
      readonly origin: Origin;
      /** Whether the person did it or an administrator; decides what "if it wasn't you" says. */
      readonly by: 'person' | 'administrator';
      /** The authenticator's name, the new address, …: the subject of the notice; empty if there is none. */
      readonly about: string;
      /** By what name administrators know who did it; empty where people are told that it was an administrator. */
      readonly who?: string;
    };

export interface Recipient {
  /** The recipient's account; null for an address without one. */
  readonly id: string | null;
  readonly email: string;
  readonly name: string;
  /** The language that the person chose. */
  readonly locale: string | null;
  /** The language that the person is known to read. */
  readonly knownLanguage: string | null;
}

/**
 * Mails that are tried once, during the request. A late code would only confuse: the page offers a new one. A mail in
 * place of a code must have the same fate, or an outage of the mail server would reveal who has an account.
 */
export type SentOnce = Extract<Message, { kind: 'code' | 'address taken' }>;

export type Queued = Exclude<Message, SentOnce>;

/** A recipient with an account. */
export interface AccountRecipient extends Recipient {
  readonly id: string;
}
