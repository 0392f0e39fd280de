import type { Actor, Origin } from '../audit/audit.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Keyring, Sealed } from '../kernel/keyring.ts';
import { type Clock, days, type Instant, seconds } from '../kernel/time.ts';
import { type AfterCommit, bind, type Transaction } from '../kernel/transaction.ts';
import { withTimeout } from '../kernel/with-timeout.ts';
import { clientKey } from '../limits/client-address.ts';
import { type Attempt, CLAIM, contextOf, FIRST_PAUSE, type MailDelivery } from './delivery.ts';
import type { DispatchResult, Letter, LetterWriter } from './letter.ts';
import {
  type ClaimedMail,
  kindOf,
  LATE,
  type LateMails,
  type Mail,
  type MailState,
  type MailStore,
  NOWHERE,
} from './mail.ts';
import type { Delivery, Dispatch, Mailer } from './mailer.ts';
import type { Message, Queued, Recipient, SentOnce } from './message.ts';

/** A mail is tried for this long at most. */
const LONGEST_WAIT = days(3);

/** How long a page waits for the result of a first try. */
const PATIENCE = seconds(4);

interface MailQueueServices {
  readonly store: MailStore;
  readonly writer: LetterWriter;
  readonly delivery: MailDelivery;
  readonly keyring: Keyring;
  readonly afterCommit: AfterCommit;
  readonly clock: Clock;
}

/**
 * The portal's mail. Every mail except codes is stored sealed in the database first and sent from there. Its result stays
 * stored for a month, without the text.
 */
export class MailQueue implements Mailer {
  readonly #services: MailQueueServices;

  constructor(services: MailQueueServices) {
    this.#services = services;
  }

  in(tx: Transaction): MailQueue {
    return new MailQueue(bind(this.#services, tx));
  }

  async send(to: Recipient, message: SentOnce, actor: Actor): Promise<Dispatch> {
    const { delivery, store, clock } = this.#services;
    const { mail, letter } = await this.#write(to, message, actor);
    const result = await delivery.dispatch(letter, mail.kind);
    if (result.kind === 'failed' && !result.everyone) {
      // Usually greylisting (RFC 6647): the server accepts a second try in a few minutes, and the code is good until then.
      const now = clock();
      const waiting = { ...mail, tries: 1, dueAt: now + FIRST_PAUSE, fault: result.reason };
      await store.replaceEarlier(waiting);
      await store.add(waiting, this.#seal(waiting, letter));
      return 'delayed';
    }
    const isTaken = result.kind === 'taken';
    const ending = {
      state: STATES[result.kind],
      settledAt: clock(),
      fault: isTaken ? null : result.reason,
    } as const;
    await store.add({ ...mail, ...ending, tries: 1 }, null);
    return OUTCOMES[result.kind];
  }

  async queue(to: Recipient, message: Queued, actor: Actor, asker?: Origin): Promise<void> {
    const { delivery, afterCommit } = this.#services;
    const { mail, letter } = await this.#write(to, message, actor);
    await this.#keep(mail, message, this.#seal(mail, letter), asker && clientKey(asker.address));
    // While the mail server takes no mail at all, the queue rests.
    if (!delivery.isSilent()) afterCommit(() => delivery.wake());
  }

  async pretend(message: Queued, actor: Actor): Promise<void> {
    await this.queue(
      { id: null, email: NOWHERE, name: '', locale: null, knownLanguage: null },
      message,
      actor,
    );
  }

  async claim(to: Recipient, message: Queued, actor: Actor): Promise<ClaimedMail> {
    const { mail, letter } = await this.#write(to, message, actor);
    const claimed = { ...mail, tries: 1, dueAt: mail.createdAt + CLAIM };
    const sealed = this.#seal(claimed, letter);
    await this.#keep(claimed, message, sealed);
    return { mail: claimed, letter: sealed };
  }

  async deliver(held: ClaimedMail): Promise<Delivery> {
    const { delivery } = this.#services;
    // The mail server took no mail a moment ago: no need to wait for it now. The mail is tried after its lease.
    return delivery.isSilent() ? 'waiting' : this.#wordOn(delivery.attempt(held));
  }

  /** The newest mails of an account. */
  async newestOf(accountId: string, most: number): Promise<readonly Mail[]> {
    return this.#services.store.newestOf(accountId, most);
  }

  /** Mails that have waited for more than 15 minutes. `oldest`: when the oldest mail was created. Undefined when none has. */
  async late(oldest: Instant): Promise<LateMails | undefined> {
    const before = this.#services.clock() - LATE;
    return oldest < before ? this.#services.store.late(before) : undefined;
  }

  /** Re-encrypts every waiting letter with the newest key; returns how many. Letters that no key opens are left alone. */
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

  async #write(
    to: Recipient,
    message: Message,
    actor: Actor,
  ): Promise<{ readonly mail: Mail; readonly letter: Letter }> {
    const now = this.#services.clock();
    const id = newId(now);
    const letter = await this.#services.writer.write(id, to, message, actor);
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

  async #keep(mail: Mail, message: Queued, sealed: Sealed, client?: string): Promise<void> {
    await this.#services.store.add(mail, sealed, client);
    // A new link invalidates the one before: after an outage people would get both, and try the invalid one.
    if ('token' in message) await this.#services.store.replaceEarlier(mail);
  }

  /** The result for the page that waits; a try that takes longer goes on without it. */
  async #wordOn(attempt: Promise<Attempt>): Promise<Delivery> {
    return DELIVERIES[await withTimeout(attempt, PATIENCE, () => 'waiting' as const)];
  }
}

const OUTCOMES = {
  taken: 'accepted',
  refused: 'refused',
  failed: 'away',
  unconfirmed: 'unconfirmed',
} as const;

/** How a mail ends that is tried once. */
const STATES = {
  taken: 'taken',
  refused: 'refused',
  // It is not tried again, and it was not refused.
  failed: 'given-up',
  unconfirmed: 'refused',
} as const satisfies Record<DispatchResult['kind'], MailState>;

const DELIVERIES: Readonly<Record<Attempt, Delivery>> = {
  taken: 'accepted',
  waiting: 'waiting',
  refused: 'refused',
  'given-up': 'refused',
};

/** Until when its link is valid, or its deadline has not passed. */
function lifeOf(message: Message): Instant {
  if ('deadline' in message) return message.deadline;
  return 'expiresAt' in message ? message.expiresAt : Infinity;
}
