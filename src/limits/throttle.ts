import { type Clock, hours, type Instant, seconds } from '../time.ts';

/** How failures in a row turn into waiting. */
export interface ThrottleRule {
  /** The failure from which on there is a wait. */
  readonly from: number;
  /** The first wait, which doubles with every further failure. Milliseconds. */
  readonly first: number;
  /** The longest wait. Milliseconds. */
  readonly longest: number;
}

/** Second-factor failures of an account (NIST SP 800-63B-4 §3.2.2, RFC 4226 §7.3). */
export const SECOND_FACTOR_RULE: ThrottleRule = { from: 5, first: seconds(30), longest: hours(1) };
/** At this many failures in a row the authenticator is blocked (NIST SP 800-63B-4 §3.2.2). */
export const SECOND_FACTOR_BLOCK = 100;
/** Password failures of one address at one account: a guesser waits, the person elsewhere does not. */
export const PASSWORD_FROM_ADDRESS_RULE: ThrottleRule = { from: 5, first: seconds(30), longest: hours(1) };
/** Password failures of an account from anywhere: guessing spread over many addresses. */
export const PASSWORD_ACCOUNT_RULE: ThrottleRule = { from: 100, first: seconds(30), longest: seconds(300) };

export interface ThrottleState {
  readonly failures: number;
  readonly waitUntil: Instant;
}

export interface ThrottleStore {
  /** The state of a subject; zero failures where nothing is stored. */
  read(subject: string): Promise<ThrottleState>;
  /** Writes `next` if the state still is `expected`: one conditional statement; false when it was not. */
  replace(subject: string, expected: ThrottleState, next: ThrottleState): Promise<boolean>;
  reset(subjects: readonly string[]): Promise<void>;
}

export type Try =
  | { readonly kind: 'may try'; readonly failures: number }
  | { readonly kind: 'wait'; readonly until: Instant };

/**
 * Counts failures in a row. A try is counted as failed BEFORE it is looked at, and forgiven when it turns out right:
 * twenty guesses sent at once are then twenty counted tries, not one.
 */
export class Throttle {
  readonly #store: ThrottleStore;
  readonly #clock: Clock;

  constructor(store: ThrottleStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Takes one try of `subject`, or says until when to wait. `failures` includes this try. */
  async take(subject: string, rule: ThrottleRule): Promise<Try> {
    for (;;) {
      const { state, now } = await this.#read(subject, rule);
      if (state.waitUntil > now) return { kind: 'wait', until: state.waitUntil };
      const failures = state.failures + 1;
      const wait = waitAfter(failures, rule);
      // No wait is none, and not one that ends now: a clock that is set back would make it one.
      const next = { failures, waitUntil: wait === 0 ? 0 : now + wait };
      if (await this.#store.replace(subject, state, next)) return { kind: 'may try', failures };
    }
  }

  /** Until when `subject` has to wait; undefined when it may try now. */
  async waiting(subject: string, rule: ThrottleRule): Promise<Instant | undefined> {
    const { state, now } = await this.#read(subject, rule);
    return state.waitUntil > now ? state.waitUntil : undefined;
  }

  /** The subjects succeeded, or an administrator frees them. */
  async reset(...subjects: readonly string[]): Promise<void> {
    await this.#store.reset(subjects);
  }

  /**
   * The state now. A wait that has longer to go than the failures make it was begun before the clock was set back: it
   * begins again now, or it would last as much longer as the clock was wrong. Kept, or its end would move along.
   */
  async #read(
    subject: string,
    rule: ThrottleRule,
  ): Promise<{ readonly state: ThrottleState; readonly now: Instant }> {
    for (;;) {
      const state = await this.#store.read(subject);
      const now = this.#clock();
      const longest = now + waitAfter(state.failures, rule);
      if (state.waitUntil <= longest) return { state, now };
      await this.#store.replace(subject, state, { ...state, waitUntil: longest });
    }
  }
}

/** Milliseconds to wait after so many failures in a row. */
export function waitAfter(failures: number, rule: ThrottleRule): number {
  if (failures < rule.from) return 0;
  return Math.min(rule.first * 2 ** (failures - rule.from), rule.longest);
}

/** Under which an account's second-factor failures are counted. */
export function secondFactorSubject(accountId: string): string {
  return `second-factor:${accountId}`;
}
