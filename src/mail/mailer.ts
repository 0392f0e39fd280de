import type { Actor, Origin } from '../audit/audit.ts';
import type { ClaimedMail } from './mail.ts';
import type { Queued, Recipient, SentOnce } from './message.ts';

/**
 * Result of `send`. "accepted": the mail server has the mail. "unconfirmed": it may have it. "delayed": it takes mail for
 * this recipient only later (greylisting); the mail is queued and tried again until it expires. "away": the mail server
 * takes no mail at all; no other try. "refused": for this recipient, for good.
 */
export type Dispatch = 'accepted' | 'unconfirmed' | 'delayed' | 'away' | 'refused';

/**
 * Result of the first try of a queued mail. "accepted": the mail server (or the outbox) has it. "waiting": not now; it is
 * tried again. "refused": for good. The person's page in Administration says why.
 */
export type Delivery = 'accepted' | 'waiting' | 'refused';

/**
 * Sends mail to people. Never throws because a mail server is down or refuses. `actor` is who caused the mail, which
 * decides its language, too.
 */
export interface Mailer {
  /** Sends a mail that is tried once, and resolves with the result within 15 seconds. */
  send(to: Recipient, message: SentOnce, actor: Actor): Promise<Dispatch>;
  /**
   * Stores a mail in the transaction of the changes that it reports; it is delivered after the commit. `asker`: the
   * anonymous client that can have mail sent to any address, and must not delay other people's mail.
   */
  queue(to: Recipient, message: Queued, actor: Actor, asker?: Origin): Promise<void>;
  /** Does the work of `queue` and of the delivery for a mail to nobody: it takes as long, and leaves nothing. */
  pretend(message: Queued, actor: Actor): Promise<void>;
  /** Like `queue`, for a mail that a person waits for: the caller passes it to `deliver` after the commit. */
  claim(to: Recipient, message: Queued, actor: Actor): Promise<ClaimedMail>;
  /** Tries a claimed mail at once. */
  deliver(held: ClaimedMail): Promise<Delivery>;
}
