import type { Origin } from '../audit/audit.ts';
import type { Instant } from '../time.ts';
import type { Purpose } from '../two-factor/challenges.ts';
import type { RuleSource } from '../two-factor/personal-policy.ts';
import type { ClaimedMail } from './mail.ts';

/** Changes that a person is told of by mail, each with what to do if it wasn't them (ASVS 6.3.7). */
export const NOTICES = [
  'authenticator created',
  'authenticator renamed',
  'authenticator removed',
  'authenticator blocked',
  'authenticator replaced',
  'two-factor reset',
  'authenticators freed',
  'reset refused',
  'reset request cancelled',
  'recovery codes created',
  'recovery code used',
  'trusted browser copied',
  'password changed',
  'e-mail changed',
  'second step failed',
  'sessions ended',
  'account disabled',
  'account enabled',
  'role changed',
  'two-factor enforced',
  'two-factor enforcement lifted',
  'group joined',
  'group left',
] as const;

export type Notice = (typeof NOTICES)[number];

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
  /** Someone signed up with an address that has an account: the page says the same as ever, this mail tells. */
  | { readonly kind: 'sign-up again' }
  /** The same for a change of e-mail to an address that has an account: it goes out in the place of the code. */
  | { readonly kind: 'address taken' }
  /** Somebody asked that the 2FA be reset; the link cancels it. */
  | {
      readonly kind: 'reset requested';
      readonly by: 'person' | 'administrator';
      readonly at: Instant;
      readonly origin: Origin;
      readonly token: string;
      readonly expiresAt: Instant;
    }
  /** It was approved and waits; until `dueAt` the link cancels it. */
  | {
      readonly kind: 'reset approved';
      readonly dueAt: Instant;
      readonly token: string;
      readonly expiresAt: Instant;
    }
  /** Up to when 2FA has to be set up, and where that comes from. */
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
      /** The authenticator's name, the new address, …: one thing that the notice is about; empty where there is none. */
      readonly about: string;
    };

export interface Recipient {
  /** The account that the mail belongs to; null for an address that has none yet. */
  readonly id: string | null;
  readonly email: string;
  readonly name: string;
  readonly locale: string | null;
}

/**
 * What goes out once, within the request: a code that comes late would only confuse, for the page offers a new one; and
 * what is sent in the place of a code has to fare as the code would, or a mail server that is down would tell who has
 * an account.
 */
export type SentOnce = Extract<Message, { kind: 'code' | 'address taken' }>;

export type Queued = Exclude<Message, SentOnce>;

/**
 * "accepted": the mail server (or the outbox) has it. "waiting": it does not take it now; the mail is kept and tried
 * again. "refused": it never will. The person's page in Administration says why.
 */
export type Delivery = 'accepted' | 'waiting' | 'refused';

/** Writes to people. Never throws for a mail server that is down or says no. */
export interface Post {
  /**
   * Sends what goes out once, and says whether the mail server took it. "unanswered": it may have. Takes 15 seconds at the
   * most.
   */
  send(to: Recipient, message: SentOnce): Promise<'accepted' | 'refused' | 'unanswered'>;
  /** Keeps a mail along with the writes that it tells of; once those are kept, it is delivered, at once or later. */
  queue(to: Recipient, message: Queued): Promise<void>;
  /** The same for a mail that somebody waits for: whoever keeps it hands it to `deliver` once the writes are kept. */
  hold(to: Recipient, message: Queued): Promise<ClaimedMail>;
  /** Tries a mail at once, for whoever waits for the word. */
  deliver(held: ClaimedMail): Promise<Delivery>;
}
