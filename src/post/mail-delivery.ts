import { setTimeout as pause } from 'node:timers/promises';
import type { Keyring, Sealed } from '../keyring.ts';
import { type Clock, days, hours, type Instant, minutes, seconds } from '../time.ts';
import { type Carriage, type Carrier, type Letter, letterSchema } from './letter.ts';
import type { ClaimedMail, Ending, Mail, MailStore } from './mail.ts';

/** So long a mail is its claimer's own: four times the longest try, and then whoever claimed it is taken for dead. */
export const CLAIM = minutes(1);

/** How long to wait after the first try, the second, …; from then on the last of these. */
const PAUSES = [seconds(5), seconds(30), minutes(2), minutes(10), hours(1)];

/** So long a mail is remembered once it has stopped waiting. */
const REMEMBERED = days(30);

/** Tries side by side; of the transport's connections some are left for codes, which people wait for. */
const LANES = 3;
const BATCH = 30;

/** A worker that nothing wakes looks for mails of other instances, dead ones among them, so often. */
const LONGEST_REST = seconds(15);
const SHORTEST_REST = seconds(1);
/** After a try that showed that nobody gets through, none of the queue is tried for so long. */
const SILENCE = seconds(5);

export interface MailDeliveryServices {
  readonly store: MailStore;
  readonly carrier: Carrier;
  readonly keyring: Keyring;
  readonly clock: Clock;
  /** Hears of faults that are not the mail server's. */
  readonly report: (error: unknown) => void;
}

/** What came of one try. */
export type Attempt = 'taken' | 'waiting' | 'refused' | 'given-up';

/**
 * The worker that delivers what is in the queue. Any number of them share it: whoever claims a mail tries it. A mail
 * goes out twice only where a process dies (or is paused for a minute) between the mail server's word and our writing
 * it down; its Message-ID is the same then.
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
  #forgetsAt: Instant = 0;

  constructor(services: MailDeliveryServices) {
    this.#services = services;
  }

  /** Delivers what is due from now on, what earlier processes left included, until `stop`. */
  start(): void {
    this.#isStarted = true;
    this.wake();
  }

  /** Looks at once for what is due; for whoever has just put something there. */
  wake(): void {
    if (this.#isStopped) return;
    this.#isWanted = true;
    this.#pass ??= this.#passes();
  }

  /** Whether the mail server let nobody through a moment ago. */
  isSilent(): boolean {
    const left = this.#silentUntil - this.#services.clock();
    // More than there ever is: the clock was set back.
    return left > 0 && left <= SILENCE;
  }

  /** Tries a letter once, whether or not it is in the queue. */
  carry(letter: Letter, kind: string): Promise<Carriage> {
    return this.#follow(this.#carry(letter, kind));
  }

  /** Tries a claimed mail, and writes down what came of it. */
  attempt(claimed: ClaimedMail): Promise<Attempt> {
    const attempt = this.#attempt(claimed).catch((error: unknown) => {
      this.#services.report(error);
      // It is still in the queue, and whoever comes after the claim tries it again.
      return 'waiting' as const;
    });
    return this.#follow(attempt);
  }

  /** Resolves when nothing is being tried and nothing is about to be. */
  async settled(): Promise<void> {
    while (this.#pass || this.#underWay.size > 0) {
      await Promise.all([this.#pass, ...this.#underWay]);
    }
  }

  /** Takes up nothing more, and waits for what is under way: so many milliseconds at the most, then it is broken off. */
  async stop(patience: number): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#services.carrier.close();
    const late = new AbortController();
    const impatient = pause(patience, undefined, { signal: late.signal }).then(
      () => this.#services.carrier.cut(),
      () => {},
    );
    await this.settled();
    late.abort();
    await impatient;
  }

  async #passes(): Promise<void> {
    clearTimeout(this.#timer);
    let rest = LONGEST_REST;
    while (this.#isWanted && !this.#isStopped) {
      this.#isWanted = false;
      try {
        await this.#deliverDue();
        await this.#forgetSettled();
        rest = await this.#untilNext();
      } catch (error) {
        this.#services.report(error);
      }
    }
    // Nothing is awaited after the last look at what is wanted: whoever wakes it now begins the next pass.
    this.#pass = undefined;
    if (this.#isStarted && !this.#isStopped) this.#timer = setTimeout(() => this.wake(), rest).unref();
  }

  /** Everything that is due; ends early when the mail server lets nobody through, so that an outage costs few tries. */
  async #deliverDue(): Promise<void> {
    const { store, clock } = this.#services;
    for (;;) {
      const ids = [...(await store.due(clock(), BATCH))];
      if (ids.length === 0) return;
      let isShutOut = false;
      const lane = async () => {
        for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
          if (isShutOut || this.#isStopped) return;
          await this.#tryDue(id);
          isShutOut ||= this.isSilent();
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      if (isShutOut || this.#isStopped) return;
    }
  }

  async #forgetSettled(): Promise<void> {
    const now = this.#services.clock();
    if (now < this.#forgetsAt) return;
    this.#forgetsAt = now + hours(1);
    await this.#services.store.forget(now - REMEMBERED);
  }

  async #tryDue(id: string): Promise<void> {
    const { store, clock } = this.#services;
    const now = clock();
    const claimed = await store.claim(id, now, now + CLAIM);
    if (!claimed) return;
    if (claimed.mail.expiresAt > now) await this.attempt(claimed);
    else await this.#settle(claimed.mail, 'given-up', claimed.mail.fault);
  }

  /** What is under way is waited for at the end. */
  #follow<T>(work: Promise<T>): Promise<T> {
    const followed = work.finally(() => this.#underWay.delete(followed));
    this.#underWay.add(followed);
    return followed;
  }

  async #carry(letter: Letter, kind: string): Promise<Carriage> {
    const carriage = await this.#services.carrier.carry(letter, kind);
    const shutsOut = carriage.kind === 'unanswered' || (carriage.kind === 'failed' && carriage.everyone);
    this.#silentUntil = shutsOut ? this.#services.clock() + SILENCE : 0;
    return carriage;
  }

  async #attempt({ mail, letter }: ClaimedMail): Promise<Attempt> {
    const opened = this.#open(mail, letter);
    if (!opened) return this.#settle(mail, 'given-up', UNREADABLE);
    const carriage = await this.carry(opened, mail.kind);
    if (carriage.kind === 'taken') return this.#settle(mail, carriage.kind, null);
    if (carriage.kind === 'refused') return this.#settle(mail, carriage.kind, carriage.reason);
    // At least once, where nobody knows: under its Message-ID it is recognised.
    return this.#postpone(mail, carriage.reason);
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
    const dueAt = this.#services.clock() + pauseAfter(mail.tries);
    if (dueAt >= mail.expiresAt) return this.#settle(mail, 'given-up', fault);
    await this.#services.store.postpone(mail, dueAt, fault);
    return 'waiting';
  }

  /** Milliseconds until it is worth looking again. */
  async #untilNext(): Promise<number> {
    const next = Math.max((await this.#services.store.nextDue()) ?? Infinity, this.#silentUntil);
    return Math.min(LONGEST_REST, Math.max(SHORTEST_REST, next - this.#services.clock()));
  }
}

/** Its key was lost, or somebody has altered it. */
const UNREADABLE = 'The text can no longer be opened.';

/** What a letter is sealed for: it opens in its own place alone. */
export function contextOf({ id }: Pick<Mail, 'id'>): string {
  return `mail ${id}`;
}

function pauseAfter(tries: number): number {
  return PAUSES[tries - 1] ?? hours(1);
}
