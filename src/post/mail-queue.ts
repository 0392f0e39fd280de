import { setTimeout as pause } from 'node:timers/promises';
import type { Afterwards } from '../atomically.ts';
import { newId } from '../identifiers.ts';
import type { Keyring, Sealed } from '../keyring.ts';
import { type Clock, days, type Instant, seconds } from '../time.ts';
import type { Letter, LetterWriter } from './letter.ts';
import { type ClaimedMail, kindOf, LATE, type LateMails, type Mail, type MailStore } from './mail.ts';
import { type Attempt, CLAIM, contextOf, type MailDelivery } from './mail-delivery.ts';
import type { Delivery, Message, Post, Queued, Recipient, SentOnce } from './post.ts';

/** So long a mail is tried. */
const LONGEST_WAIT = days(3);

/** A page waits so long for the mail server's word on a mail that can be tried again. */
const PATIENCE = seconds(4);

interface MailQueueServices {
  readonly store: MailStore;
  readonly writer: LetterWriter;
  readonly delivery: MailDelivery;
  readonly keyring: Keyring;
  readonly afterwards: Afterwards;
  readonly clock: Clock;
}

/**
 * The portal's mail. All of it but codes is kept in the database, sealed, before anything else happens to it, and goes
 * from there to the mail server; what became of it stays written down for a month, without the text.
 */
export class MailQueue implements Post {
  readonly #services: MailQueueServices;

  constructor(services: MailQueueServices) {
    this.#services = services;
  }

  async send(to: Recipient, message: SentOnce): Promise<'accepted' | 'refused' | 'unanswered'> {
    const { delivery, store, clock } = this.#services;
    const { mail, letter } = await this.#write(to, message);
    const carriage = await delivery.carry(letter, mail.kind);
    const isTaken = carriage.kind === 'taken';
    const ending = {
      state: isTaken ? 'taken' : 'refused',
      settledAt: clock(),
      fault: isTaken ? null : carriage.reason,
    } as const;
    await store.add({ ...mail, ...ending, tries: 1 }, null);
    return OUTCOMES[carriage.kind];
  }

  async queue(to: Recipient, message: Queued): Promise<void> {
    const { delivery, afterwards } = this.#services;
    const { mail, letter } = await this.#write(to, message);
    await this.#keep(mail, message, this.#seal(mail, letter));
    // While the mail server lets nobody through, the queue is looked at in its own time.
    if (!delivery.isSilent()) afterwards(() => delivery.wake());
  }

  async hold(to: Recipient, message: Queued): Promise<ClaimedMail> {
    const { mail, letter } = await this.#write(to, message);
    const claimed = { ...mail, tries: 1, dueAt: mail.createdAt + CLAIM };
    const sealed = this.#seal(claimed, letter);
    await this.#keep(claimed, message, sealed);
    return { mail: claimed, letter: sealed };
  }

  async deliver(held: ClaimedMail): Promise<Delivery> {
    const { delivery } = this.#services;
    // Whoever waits learns at once what the try before has shown; the mail's turn comes when the claim runs out.
    return delivery.isSilent() ? 'waiting' : this.#wordOn(delivery.attempt(held));
  }

  /** The newest mails of an account. */
  async newestOf(accountId: string, most: number): Promise<readonly Mail[]> {
    return this.#services.store.newestOf(accountId, most);
  }

  /** Mails that have waited for more than 15 minutes, where the oldest is from this moment; undefined when none has. */
  async late(oldest: Instant): Promise<LateMails | undefined> {
    const before = this.#services.clock() - LATE;
    return oldest < before ? this.#services.store.late(before) : undefined;
  }

  /** Seals every letter that waits anew under the newest key; returns how many. What no key opens is left alone. */
  async reseal(): Promise<number> {
    const { store, keyring } = this.#services;
    let count = 0;
    for await (const { id, letter } of store.letters()) {
      if (keyring.isStale(letter) && (await this.#resealOne(id, letter))) count += 1;
    }
    return count;
  }

  async #resealOne(id: string, letter: Sealed): Promise<boolean> {
    const { store, keyring } = this.#services;
    const context = contextOf({ id });
    let text: string;
    try {
      text = keyring.open(letter, context);
    } catch {
      return false;
    }
    return store.replaceLetter(id, letter, keyring.seal(text, context));
  }

  async #write(to: Recipient, message: Message): Promise<{ readonly mail: Mail; readonly letter: Letter }> {
    const now = this.#services.clock();
    const id = newId(now);
    const letter = await this.#services.writer.write(id, to, message);
    const mail: Mail = {
      id,
      accountId: to.id,
      address: to.email,
      kind: kindOf(message),
      createdAt: now,
      state: 'waiting',
      tries: 0,
      dueAt: now,
      expiresAt: Math.min(now + LONGEST_WAIT, lifeOf(message)),
      settledAt: null,
      fault: null,
    };
    return { mail, letter };
  }

  #seal(mail: Mail, letter: Letter): Sealed {
    return this.#services.keyring.seal(JSON.stringify(letter), contextOf(mail));
  }

  async #keep(mail: Mail, message: Queued, sealed: Sealed): Promise<void> {
    await this.#services.store.add(mail, sealed);
    // A new link kills the one before: people would get both once the mail server is back, and try the dead one.
    if ('token' in message) await this.#services.store.replaceEarlier(mail);
  }

  /** What to tell whoever waits; the try goes on where it takes longer than they should. */
  async #wordOn(attempt: Promise<Attempt>): Promise<Delivery> {
    const inTime = new AbortController();
    const late = pause(PATIENCE, 'waiting' as const, { signal: inTime.signal }).catch(
      () => 'waiting' as const,
    );
    try {
      return DELIVERIES[await Promise.race([attempt, late])];
    } finally {
      inTime.abort();
    }
  }
}

const OUTCOMES = {
  taken: 'accepted',
  refused: 'refused',
  // It is not tried again.
  failed: 'refused',
  unanswered: 'unanswered',
} as const;

const DELIVERIES: Readonly<Record<Attempt, Delivery>> = {
  taken: 'accepted',
  waiting: 'waiting',
  refused: 'refused',
  'given-up': 'refused',
};

/** Until when the link in it opens something, or what it reminds of can still be done. */
function lifeOf(message: Message): Instant {
  if ('deadline' in message) return message.deadline;
  return 'expiresAt' in message ? message.expiresAt : Infinity;
}
