import type { Keyring, Sealed } from '../kernel/keyring.ts';
import { type Clock, hours, type Instant, minutes, seconds } from '../kernel/time.ts';
import { withTimeout } from '../kernel/with-timeout.ts';
import { type DispatchResult, type Letter, letterSchema, type MailDispatcher } from './letter.ts';
import { type ClaimedMail, type Ending, type Mail, type MailStore, NOWHERE } from './mail.ts';

/** Lease of a claimed mail: four times the longest try. After that its claimer counts as dead, and others may claim it. */
export const CLAIM = minutes(1);

/** Pauses after the first try, the second, …; the last of them repeats. */
export const FIRST_PAUSE = seconds(5);
const PAUSES = [FIRST_PAUSE, seconds(30), minutes(2), minutes(10), hours(1)];

/** A mail that expires soon has shorter pauses: a code that is valid for ten minutes must be retried within them. */
const SHORT_LIFE = minutes(15);
const LONGEST_PAUSE_OF_SHORT = minutes(2);

/** Tries in parallel. Some of the transport's connections stay free for codes, which people wait for. */
const LANES = 3;
const BATCH = 30;

/** Longest time between two looks at the queue: other instances, which may have died, put mails there, too. */
const LONGEST_REST = seconds(15);
const SHORTEST_REST = seconds(1);
/** After a try that showed that the mail server takes no mail at all, the queue rests for this time. */
const SILENCE = seconds(5);

export interface MailDeliveryServices {
  readonly store: MailStore;
  readonly dispatcher: MailDispatcher;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** Called with errors that are not the mail server's. */
  readonly report: (error: unknown) => void;
}

/** Result of one try. */
export type Attempt = 'taken' | 'waiting' | 'refused' | 'given-up';

/**
 * The worker that delivers the mails of the queue. Any number of workers share one queue: each tries the mails that it
 * claims. A mail goes out twice only if a process dies (or is paused for a minute) between the mail server's reply and our
 * record of it; both copies then have the same Message-ID.
 */
export class MailDelivery {
  readonly #services: MailDeliveryServices;
  readonly #underWay = new Set<Promise<unknown>>();
  #pass: Promise<void> | undefined;
  #isWanted = false;
  #timer: NodeJS.Timeout | undefined;
  #isStarted = false;
  #isStopped = false;
  #silentUntil: Instant = 0;

  constructor(services: MailDeliveryServices) {
    this.#services = services;
  }

  /** Delivers due mails until `stop`, those included that earlier processes left. */
  start(): void {
    this.#isStarted = true;
    this.wake();
  }

  /** Looks at the queue at once: something was just added. */
  wake(): void {
    if (this.#isStopped) return;
    this.#isWanted = true;
    this.#pass ??= this.#passes();
  }

  /** Whether the mail server took no mail at all a moment ago. */
  isSilent(): boolean {
    const left = this.#silentUntil - this.#services.clock();
    // If more time is left than there ever is, the clock was set back.
    return left > 0 && left <= SILENCE;
  }

  /** Tries a letter once, in the queue or not. */
  dispatch(letter: Letter, kind: string): Promise<DispatchResult> {
    return this.#follow(this.#dispatch(letter, kind));
  }

  /** Tries a claimed mail, and stores the result. */
  attempt(claimed: ClaimedMail): Promise<Attempt> {
    const attempt = this.#attempt(claimed).catch((error: unknown) => {
      this.#services.report(error);
      // It is still in the queue, and is tried again after the lease.
      return 'waiting' as const;
    });
    return this.#follow(attempt);
  }

  /** Resolves when no try is under way and none is about to begin. */
  async settled(): Promise<void> {
    while (this.#pass || this.#underWay.size > 0) {
      await Promise.all([this.#pass, ...this.#underWay]);
    }
  }

  /** Begins no more tries and waits for those under way; after `patience` milliseconds it aborts them. */
  async stop(patience: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#services.dispatcher.close();
    const settled = this.settled();
    await withTimeout(settled, patience, () => this.#services.dispatcher.abort());
    await settled;
  }

  async #passes(): Promise<void> {
    clearTimeout(this.#timer);
    let rest = LONGEST_REST;
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      try {
        await this.#deliverDue();
        rest = await this.#untilNext();
      } catch (error) {
        this.#services.report(error);
      }
    }
    // No `await` between the last check of `#isWanted` and this line: a wake-up now begins the next pass.
    this.#pass = undefined;
    if (this.#isStarted && !this.#isStopped) this.#timer = setTimeout(() => this.wake(), rest).unref();
  }

  /** Tries every due mail. Ends early when the mail server takes no mail at all, so that an outage costs few tries. */
  async #deliverDue(): Promise<void> {
    const { store, clock } = this.#services;
    for (;;) {
      // A mail that is added meanwhile may be more urgent: the rest of the batch then waits for the next look.
      this.#isWanted = false;
      const ids = [...(await store.due(clock(), BATCH))];
      if (ids.length === 0) return;
      let isShutOut = false;
      const lane = async () => {
        for (let id = ids.shift(); id !== undefined && !this.#isWanted; id = ids.shift()) {
          if (isShutOut || this.#isStopped) return;
          await this.#tryDue(id);
          isShutOut ||= this.isSilent();
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      if (isShutOut || this.#isStopped) return;
    }
  }

  async #tryDue(id: string): Promise<void> {
    const { store, clock } = this.#services;
    const now = clock();
    const claimed = await store.claim(id, now, now + CLAIM);
    if (!claimed) return;
    if (claimed.mail.expiresAt > now) await this.attempt(claimed);
    else await this.#settle(claimed.mail, 'given-up', claimed.mail.fault);
  }

  /** `settled` waits for this work. */
  #follow<T>(work: Promise<T>): Promise<T> {
    const followed = work.finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
    return followed;
  }

  async #dispatch(letter: Letter, kind: string): Promise<DispatchResult> {
    const result = await this.#services.dispatcher.dispatch(letter, kind);
    const shutsOut = result.kind === 'unconfirmed' || (result.kind === 'failed' && result.everyone);
    this.#silentUntil = shutsOut ? this.#services.clock() + SILENCE : 0;
    return result;
  }

  async #attempt({ mail, letter }: ClaimedMail): Promise<Attempt> {
    const opened = this.#open(mail, letter);
    if (!opened) return this.#settle(mail, 'given-up', UNREADABLE);
    if (mail.address === NOWHERE) return this.#pretend(mail, opened);
    const result = await this.dispatch(opened, mail.kind);
    if (result.kind === 'taken') return this.#settle(mail, result.kind, null);
    if (result.kind === 'refused') return this.#settle(mail, result.kind, result.reason);
    // Without a reply it is sent again: at least once, and the Message-ID identifies the copy.
    return this.#postpone(mail, result.reason);
  }

  async #pretend(mail: Mail, letter: Letter): Promise<Attempt> {
    await this.#services.dispatcher.pretend(letter);
    await this.#services.store.drop(mail);
    return 'taken';
  }

  #open(mail: Mail, letter: Sealed): Letter | undefined {
    try {
      return letterSchema.parse(JSON.parse(this.#services.keyring.open(letter, contextOf(mail))));
    } catch (error) {
      this.#services.report(error);
      return undefined;
    }
  }

  async #settle<State extends Ending['state']>(
    mail: Mail,
    state: State,
    fault: string | null,
  ): Promise<State> {
    await this.#services.store.settle(mail, { state, at: this.#services.clock(), fault });
    return state;
  }

  async #postpone(mail: Mail, fault: string): Promise<Attempt> {
    const dueAt = this.#services.clock() + pauseAfter(mail);
    if (dueAt >= mail.expiresAt) return this.#settle(mail, 'given-up', fault);
    await this.#services.store.postpone(mail, dueAt, fault);
    return 'waiting';
  }

  /** Milliseconds until the next look at the queue. */
  async #untilNext(): Promise<number> {
    const next = Math.max((await this.#services.store.nextDue()) ?? Infinity, this.#silentUntil);
    return Math.min(LONGEST_REST, Math.max(SHORTEST_REST, next - this.#services.clock()));
  }
}

/** The key was lost, or the row was changed. */
const UNREADABLE = 'The text can no longer be opened.';

/** The context that a letter is sealed with: it cannot be moved to another row. */
export function contextOf({ id }: Pick<Mail, 'id'>): string {
  return `mail ${id}`;
}

function pauseAfter({ tries, createdAt, expiresAt }: Mail): number {
  const planned = PAUSES[tries - 1] ?? hours(1);
  return expiresAt - createdAt <= SHORT_LIFE ? Math.min(planned, LONGEST_PAUSE_OF_SHORT) : planned;
}
