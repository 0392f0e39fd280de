import type { Sealed } from '../kernel/keyring.ts';
import { days, type Instant, minutes } from '../kernel/time.ts';
import type { Message } from './message.ts';
import type { MailKind } from './vocabulary.ts';

export function kindOf(message: Message): MailKind {
  return message.kind === 'notice' ? message.notice : message.kind;
}

/**
 * "taken": the mail server accepted it; whether it reached the mailbox is not known. "refused": for good. "given-up": not
 * accepted before it expired. "replaced": a newer mail of the same kind has made its link invalid.
 */
export const MAIL_STATES = ['waiting', 'taken', 'refused', 'given-up', 'replaced'] as const;
export type MailState = (typeof MAIL_STATES)[number];

/** The address of mails that are only pretended, for equal timing: nobody gets them, and their row is deleted at once. */
export const NOWHERE = 'nowhere';

/** A mail as it is stored for a month, without its text. */
export interface Mail {
  readonly id: string;
  readonly accountId: string | null;
  readonly address: string;
  /** A `MailKind`; one that is not known if another version of the portal wrote the mail. */
  readonly kind: string;
  readonly createdAt: Instant;
  readonly state: MailState;
  /** Number of tries, one under way included. */
  readonly tries: number;
  /** When it may be tried next. During a try: the end of the lease, after which others may claim it. */
  readonly dueAt: Instant;
  /** After this moment it is not tried any more. */
  readonly expiresAt: Instant;
  /** When it stopped waiting. */
  readonly settledAt: Instant | null;
  /** Why the last try failed, as the mail server said it. */
  readonly fault: string | null;
}

/** A mail that this caller alone may try, until its `dueAt`. */
export interface ClaimedMail {
  readonly mail: Mail;
  readonly letter: Sealed;
}

/** How a mail stops waiting. */
export interface Ending {
  readonly state: Exclude<MailState, 'waiting'>;
  readonly at: Instant;
  readonly fault: string | null;
}

/** Mails that have waited too long. */
export interface LateMails {
  readonly count: number;
  /** The one that has waited longest. */
  readonly oldest: Mail;
}

/** How long a row is kept after the mail has stopped waiting. Milliseconds. */
export const MAIL_REMEMBERED = days(30);

/** A mail that waits longer than this is late: the mail server may need attention. Milliseconds. */
export const LATE = minutes(15);

/** Depth of the queue. */
export interface MailDepth {
  readonly waiting: number;
  /** How many of them are late. */
  readonly late: number;
  /** Creation time of the mail that has waited longest; undefined when none waits. */
  readonly oldest: Instant | undefined;
}

/** The queue in the database: a mail has its sealed letter while it waits, and none afterwards. */
export interface MailStore {
  /**
   * Without a letter if the only try is over. `client`: the key of the anonymous client that asked for the mail; such mails
   * wait behind all others, and clients take turns.
   */
  add(mail: Mail, letter: Sealed | null, client?: string): Promise<void>;
  /** Marks earlier waiting mails of the same kind to the same address as replaced. */
  replaceEarlier(mail: Mail): Promise<void>;
  /**
   * Ids of due mails: first those without a client, longest due first; then one of each client, the next of each, and so
   * on.
   */
  due(now: Instant, most: number): Promise<readonly string[]>;
  /** Claims a due mail until `until`, by one conditional UPDATE: of several callers at once one gets it. */
  claim(id: string, now: Instant, until: Instant): Promise<ClaimedMail | undefined>;
  /**
   * Deletes the letter and stores the ending. "taken" always counts; any other ending counts only from the latest
   * claimer.
   */
  settle(mail: Mail, ending: Ending): Promise<boolean>;
  /** Deletes a mail. */
  drop(mail: Mail): Promise<void>;
  /** Sets the time of the next try, unless somebody else has claimed the mail since. */
  postpone(mail: Mail, dueAt: Instant, fault: string): Promise<boolean>;
  /** When the next mail is due; undefined when none waits. */
  nextDue(): Promise<Instant | undefined>;
  /** Newest first. */
  newestOf(accountId: string, most: number): Promise<readonly Mail[]>;
  /** Mails that have waited since before this moment. */
  late(before: Instant): Promise<LateMails | undefined>;
  /** Depth of the queue; mails from before this moment are late. */
  depth(before: Instant): Promise<MailDepth>;
  /** Deletes mails whose time is over at this moment. */
  forget(now: Instant): Promise<void>;
  /** Every stored letter. */
  letters(): AsyncIterable<{ readonly id: string; readonly letter: Sealed }>;
  /** Replaces a letter if it is still `from`; false otherwise. */
  replaceLetter(id: string, from: Sealed, to: Sealed): Promise<boolean>;
}
