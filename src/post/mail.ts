import type { Sealed } from '../keyring.ts';
import { type Instant, minutes } from '../time.ts';
import { type Message, NOTICES } from './post.ts';

/** What mails are about: the notices, and the letters by their kind. */
export const MAIL_KINDS = [
  'code',
  'address taken',
  'invitation',
  'password reset',
  'sign-up',
  'sign-up again',
  'reset requested',
  'reset approved',
  'two-factor reminder',
  ...NOTICES,
] as const;

export type MailKind = (typeof MAIL_KINDS)[number];

export function kindOf(message: Message): MailKind {
  return message.kind === 'notice' ? message.notice : message.kind;
}

/**
 * "taken" by the mail server, which says nothing of the mailbox. "refused": it will never be. "given-up": it was not
 * until it was too old. "replaced": a newer one of the kind has made its link worthless.
 */
export const MAIL_STATES = ['waiting', 'taken', 'refused', 'given-up', 'replaced'] as const;
export type MailState = (typeof MAIL_STATES)[number];

/** A mail as it is remembered: never with its text. */
export interface Mail {
  readonly id: string;
  readonly accountId: string | null;
  readonly address: string;
  /** A `MailKind`, as far as this version of the portal knows it: another may have written the mail. */
  readonly kind: string;
  readonly createdAt: Instant;
  readonly state: MailState;
  /** How often it has been tried, a try under way included. */
  readonly tries: number;
  /** When it may be tried next. While somebody tries it: when others may, for whoever does could have died. */
  readonly dueAt: Instant;
  /** From then on it is worth nothing. */
  readonly expiresAt: Instant;
  /** When its waiting ended. */
  readonly settledAt: Instant | null;
  /** Why the last try failed, in the mail server's words. */
  readonly fault: string | null;
}

/** A mail that is this caller's to try, until its `dueAt`. */
export interface ClaimedMail {
  readonly mail: Mail;
  readonly letter: Sealed;
}

/** How a mail's waiting ends. */
export interface Ending {
  readonly state: Exclude<MailState, 'waiting'>;
  readonly at: Instant;
  readonly fault: string | null;
}

/** Mails that wait for too long. */
export interface LateMails {
  readonly count: number;
  /** The one that has waited longest. */
  readonly oldest: Mail;
}

/** Mails that wait for longer than this are worth somebody's look. */
export const LATE = minutes(15);

/** How much waits. */
export interface MailDepth {
  readonly waiting: number;
  /** How many of them for too long. */
  readonly late: number;
  /** When the one was written that has waited longest; undefined when none waits. */
  readonly oldest: Instant | undefined;
}

/** Where mails are kept: with their sealed letter while they wait, without any once they do not. */
export interface MailStore {
  /** Without a letter where there was one try only, which is over. */
  add(mail: Mail, letter: Sealed | null): Promise<void>;
  /** Ends the wait of earlier mails of the same kind to the same address. */
  replaceEarlier(mail: Mail): Promise<void>;
  /** Ids of mails that are due, those first that have been for longest. */
  due(now: Instant, most: number): Promise<readonly string[]>;
  /** Takes a mail that is due, by one conditional UPDATE: of many at once one gets it, until `until`. */
  claim(id: string, now: Instant, until: Instant): Promise<ClaimedMail | undefined>;
  /**
   * Wipes the letter and says how it ended. That it was taken holds whoever has the claim by now; anything else holds
   * from the one alone who had it last.
   */
  settle(mail: Mail, ending: Ending): Promise<boolean>;
  /** Says when the next try is, unless somebody else has the claim by now. */
  postpone(mail: Mail, dueAt: Instant, fault: string): Promise<boolean>;
  /** When the next mail is due; undefined when none waits. */
  nextDue(): Promise<Instant | undefined>;
  /** Newest first. */
  newestOf(accountId: string, most: number): Promise<readonly Mail[]>;
  /** Those that wait since before this moment. */
  late(before: Instant): Promise<LateMails | undefined>;
  /** How much waits; late is what does since before this moment. */
  depth(before: Instant): Promise<MailDepth>;
  /** Removes what stopped waiting before this moment. */
  forget(before: Instant): Promise<void>;
  /** Every letter there is. */
  letters(): AsyncIterable<{ readonly id: string; readonly letter: Sealed }>;
  /** Puts a letter in the place of this one; false when that is no longer there. */
  replaceLetter(id: string, from: Sealed, to: Sealed): Promise<boolean>;
}
