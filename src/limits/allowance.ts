import { type Clock, days, hours, type Instant, seconds } from '../time.ts';

/** How often something may be done: a pause after each time, and so many times within each window. */
export interface AllowanceRule {
  /** Milliseconds between one time and the next. */
  readonly pause: number;
  readonly windows: readonly { readonly length: number; readonly most: number }[];
}

/** Codes sent to an account, whatever they are for (ASVS 2.4.1). */
export const CODE_SENDING_RULE: AllowanceRule = {
  pause: seconds(30),
  windows: [
    { length: hours(1), most: 5 },
    { length: days(1), most: 10 },
  ],
};

/** Mails with links to one address: password resets, sign-ups, invitations asked for by a stranger. */
export const LINK_SENDING_RULE: AllowanceRule = {
  pause: seconds(30),
  windows: [
    { length: hours(1), most: 3 },
    { length: days(1), most: 10 },
  ],
};

/** Requests of one account to have its second factor reset. */
export const LOST_ACCESS_RULE: AllowanceRule = {
  pause: seconds(30),
  windows: [{ length: days(1), most: 3 }],
};

export interface AllowanceState {
  /** Counts the changes, so that of two at once only one is made. 0 where nothing is stored. */
  readonly version: number;
  /** When it was done, oldest first. */
  readonly times: readonly Instant[];
}

export interface AllowanceStore {
  read(subject: string): Promise<AllowanceState>;
  /** Writes `times` if the version still is `expected`: one conditional statement; false when it was not. */
  replace(subject: string, expected: number, times: readonly Instant[]): Promise<boolean>;
}

export type Permission = { readonly kind: 'granted' } | { readonly kind: 'wait'; readonly until: Instant };

/** Grants a thing only so often, however many ask at once. */
export class Allowance {
  readonly #store: AllowanceStore;
  readonly #clock: Clock;

  constructor(store: AllowanceStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  async take(subject: string, rule: AllowanceRule): Promise<Permission> {
    for (;;) {
      const { version, times, now } = await this.#read(subject);
      const until = nextAllowed(times, rule);
      if (until > now) return { kind: 'wait', until };
      const kept = times.slice(1 - Math.max(...rule.windows.map((window) => window.most)));
      if (await this.#store.replace(subject, version, [...kept, now])) return { kind: 'granted' };
    }
  }

  /** Until when the next one has to wait; undefined when it may be done now. */
  async waiting(subject: string, rule: AllowanceRule): Promise<Instant | undefined> {
    const { times, now } = await this.#read(subject);
    const until = nextAllowed(times, rule);
    return until > now ? until : undefined;
  }

  /**
   * What was done until now. What is said to have been done later was done before the clock was set back: it counts as
   * done now, or the wait would be as much longer as the clock was wrong. Kept, or its end would move along.
   */
  async #read(subject: string): Promise<AllowanceState & { readonly now: Instant }> {
    for (;;) {
      const { version, times } = await this.#store.read(subject);
      const now = this.#clock();
      if (times.every((time) => time <= now)) return { version, times, now };
      const past = times.map((time) => Math.min(time, now));
      await this.#store.replace(subject, version, past);
    }
  }
}

/** The first moment at which one more keeps to the rule. */
export function nextAllowed(times: readonly Instant[], rule: AllowanceRule): Instant {
  const last = times.at(-1);
  if (last === undefined) return 0;
  const ends = rule.windows.map(({ length, most }) => (times.at(-most) ?? Number.NEGATIVE_INFINITY) + length);
  return Math.max(last + rule.pause, ...ends);
}
