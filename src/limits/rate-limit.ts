import { type Clock, days, hours, type Instant, minutes, seconds } from '../kernel/time.ts';
import { type Transaction, within } from '../kernel/transaction.ts';

/** How often something may be done: a pause after each time, and a maximum per window. */
export interface RateLimitRule {
  /** Minimum time between two. Milliseconds. */
  readonly pause: number;
  readonly windows: readonly { readonly length: number; readonly most: number }[];
  /** Longest wait after the last one, whatever the windows say. Milliseconds. */
  readonly longest?: number;
}

/** Codes sent to an account, for all purposes together (ASVS 2.4.1). */
export const CODE_SENDING_RULE: RateLimitRule = {
  pause: seconds(30),
  windows: [
    { length: hours(1), most: 5 },
    { length: days(1), most: 10 },
  ],
};

/**
 * Codes that were not sent because the mail server is down are given back, up to this many. Further ones count as sent, or
 * requests could keep a broken mail server busy.
 */
export const AWAY_SENDING_RULE: RateLimitRule = {
  pause: 0,
  windows: [
    { length: minutes(1), most: 3 },
    { length: hours(1), most: 20 },
  ],
};

/**
 * Codes that the recipient's mail server defers (greylisting). They may still arrive, so no more are given back than may be
 * sent: a mailbox gets twice as many codes in the worst case.
 */
export const DELAYED_SENDING_RULE: RateLimitRule = CODE_SENDING_RULE;

/** Sign-up links to one mailbox; anybody can ask for them. */
export const LINK_SENDING_RULE: RateLimitRule = {
  pause: seconds(30),
  windows: [
    { length: hours(1), most: 3 },
    { length: days(1), most: 10 },
  ],
};

/**
 * Password links to one address; anybody can ask for them. Refused only while the last link is valid: otherwise a stranger
 * who uses up a day's links leaves the person without one for the rest of the day.
 */
export const PASSWORD_LINK_RULE: RateLimitRule = { ...LINK_SENDING_RULE, longest: hours(1) };

/** Requests of one account to have its second factor reset. */
export const LOST_ACCESS_RULE: RateLimitRule = {
  pause: seconds(30),
  windows: [{ length: days(1), most: 3 }],
};

export interface RateLimitState {
  /** Number of changes (optimistic locking); 0 if nothing is stored. */
  readonly version: number;
  /** Times at which it was done, oldest first. */
  readonly times: readonly Instant[];
}

export interface RateLimitStore {
  read(subject: string): Promise<RateLimitState>;
  /**
   * Writes `times` if the version is still `expected`, by one conditional statement; false otherwise. `forgetAt`: when the
   * row may be removed; left out, it stays unchanged.
   */
  replace(subject: string, expected: number, times: readonly Instant[], forgetAt?: Instant): Promise<boolean>;
}

export type Grant =
  /** `at`: the time it is counted under, to give it back. */
  { readonly kind: 'granted'; readonly at: Instant } | { readonly kind: 'wait'; readonly until: Instant };

/** Rate limit that holds under concurrency. */
export class RateLimit {
  readonly #store: RateLimitStore;
  readonly #clock: Clock;

  constructor(store: RateLimitStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  in(tx: Transaction): RateLimit {
    return new RateLimit(within(tx, this.#store), this.#clock);
  }

  async consume(subject: string, rule: RateLimitRule): Promise<Grant> {
    for (;;) {
      const { version, times, now } = await this.#read(subject);
      const until = nextAllowed(times, rule);
      if (until > now) return { kind: 'wait', until };
      const kept = times.slice(1 - Math.max(...rule.windows.map((window) => window.most)));
      const forgetAt = now + Math.max(rule.pause, ...rule.windows.map(({ length }) => length));
      if (await this.#store.replace(subject, version, [...kept, now], forgetAt))
        return { kind: 'granted', at: now };
    }
  }

  /**
   * Gives back what was granted at this time but not done: it counts no more, neither for the pause nor in a window. Under
   * concurrency one caller gives it back, by one conditional statement; false for the others, and if it was forgotten.
   */
  async giveBack(subject: string, at: Instant): Promise<boolean> {
    for (;;) {
      const { version, times, now } = await this.#read(subject);
      // If the clock was set back since, it counts as done now.
      const index = times.lastIndexOf(Math.min(at, now));
      if (index === -1) return false;
      if (await this.#store.replace(subject, version, times.toSpliced(index, 1))) return true;
    }
  }

  /** Until when the next one has to wait; undefined if it may be done now. */
  async waiting(subject: string, rule: RateLimitRule): Promise<Instant | undefined> {
    const { times, now } = await this.#read(subject);
    const until = nextAllowed(times, rule);
    return until > now ? until : undefined;
  }

  /**
   * The times until now. A time in the future was stored before the clock was set back: it counts as now, or the wait would
   * be longer by as much as the clock was wrong. The change is stored, or the end would move along.
   */
  async #read(subject: string): Promise<RateLimitState & { readonly now: Instant }> {
    for (;;) {
      const { version, times } = await this.#store.read(subject);
      const now = this.#clock();
      if (times.every((time) => time <= now)) return { version, times, now };
      const past = times.map((time) => Math.min(time, now));
      await this.#store.replace(subject, version, past);
    }
  }
}

/** The earliest time at which one more is within the rule. */
export function nextAllowed(times: readonly Instant[], rule: RateLimitRule): Instant {
  const last = times.at(-1);
  if (last === undefined) return 0;
  const ends = rule.windows.map(({ length, most }) => (times.at(-most) ?? Number.NEGATIVE_INFINITY) + length);
  return Math.min(Math.max(last + rule.pause, ...ends), last + (rule.longest ?? Number.POSITIVE_INFINITY));
}
