import { type Clock, days, hours, type Instant, seconds } from '../kernel/time.ts';
import { type Transaction, within } from '../kernel/transaction.ts';

/** Exponential back-off after failures in a row. */
export interface BackoffRule {
  /** The failure that causes the first wait. */
  readonly from: number;
  /** The first wait; each further failure doubles it. Milliseconds. */
  readonly first: number;
  /** The longest wait. Milliseconds. */
  readonly longest: number;
  /** Milliseconds after the last failure until all are forgotten; undefined: only a success forgets them. */
  readonly remembered?: number;
  /** From `at` failures in a row on, the wait is this one: in effect for ever. */
  readonly end?: { readonly at: number; readonly wait: number };
}

/** A subject under which an attempt is counted, with its rule. */
export interface Count {
  readonly subject: string;
  readonly rule: BackoffRule;
}

/** Second-factor failures of an account (NIST SP 800-63B-4 §3.2.2, RFC 4226 §7.3). */
export const SECOND_FACTOR_RULE: BackoffRule = { from: 5, first: seconds(30), longest: hours(1) };
/** At this many failures in a row the authenticator is blocked (NIST SP 800-63B-4 §3.2.2). */
export const SECOND_FACTOR_BLOCK = 100;
/** Waiting a day to be forgotten gives an attacker fewer guesses than going on at the longest wait. */
const PASSWORDS_REMEMBERED = days(1);
/** Password failures of one client at one account: the attacker waits, the person elsewhere does not. */
export const PASSWORD_FROM_ADDRESS_RULE: BackoffRule = {
  ...{ from: 5, first: seconds(30), longest: hours(1) },
  remembered: PASSWORDS_REMEMBERED,
};
/** Password failures of an account from all clients: guesses from many addresses. */
export const PASSWORD_ACCOUNT_RULE: BackoffRule = {
  ...{ from: 100, first: seconds(30), longest: seconds(300) },
  remembered: PASSWORDS_REMEMBERED,
};

/** Password failures in an open session, at a step-up or a change of the password. */
export const PASSWORD_SESSION_RULE: BackoffRule = {
  ...{ from: 5, first: seconds(30), longest: hours(1) },
  // Longer than a sign-in can last.
  remembered: days(2),
};
/**
 * Password failures of a known browser. While it waits, it is treated as unknown; from the twentieth failure in a row on, for
 * as long as its cookie lives: a stolen device cookie is worth twenty guesses.
 */
export const PASSWORD_DEVICE_RULE: BackoffRule = {
  ...{ from: 5, first: seconds(30), longest: hours(1) },
  ...{ end: { at: 20, wait: days(365) }, remembered: days(365) },
};

export interface BackoffState {
  readonly failures: number;
  readonly waitUntil: Instant;
}

export interface BackoffStore {
  /** The state of a subject; zero failures if nothing is stored. */
  read(subject: string): Promise<BackoffState>;
  /**
   * Writes `next` if the state is still `expected`, by one conditional statement; false otherwise. `forgetAt`: when the row
   * may be removed, null for never; left out, it stays unchanged.
   */
  replace(
    subject: string,
    expected: BackoffState,
    next: BackoffState,
    forgetAt?: Instant | null,
  ): Promise<boolean>;
  /** Removes a subject if it has exactly this number of failures, by one conditional statement; false otherwise. */
  remove(subject: string, failures: number): Promise<boolean>;
  reset(subjects: readonly string[]): Promise<void>;
}

export type Attempt =
  | { readonly kind: 'may try'; readonly failures: number }
  | { readonly kind: 'wait'; readonly until: Instant };

export type AttemptOfEach =
  | { readonly kind: 'may try' }
  | { readonly kind: 'wait'; readonly until: Instant; readonly subject: string };

/**
 * Counts failures in a row. An attempt is counted as a failure BEFORE it is checked, and forgiven when it was right: twenty
 * guesses sent at once are then twenty failures, not one.
 */
export class FailureBackoff {
  readonly #store: BackoffStore;
  readonly #clock: Clock;

  constructor(store: BackoffStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  in(tx: Transaction): FailureBackoff {
    return new FailureBackoff(within(tx, this.#store), this.#clock);
  }

  /** Counts one attempt of `subject`, or returns until when to wait. `failures` includes this attempt. */
  async consume(subject: string, rule: BackoffRule): Promise<Attempt> {
    if (await this.#begin(subject, rule)) return { kind: 'may try', failures: 1 };
    for (;;) {
      const { state, now } = await this.#read(subject, rule);
      if (state.waitUntil > now) return { kind: 'wait', until: state.waitUntil };
      const failures = state.failures + 1;
      const { next, forgetAt } = counted(failures, rule, now);
      if (await this.#store.replace(subject, state, next, forgetAt)) return { kind: 'may try', failures };
    }
  }

  /** Counts a first failure, without reading: most attempts have none before. False if there is one. */
  async #begin(subject: string, rule: BackoffRule): Promise<boolean> {
    const { next, forgetAt } = counted(1, rule, this.#clock());
    return this.#store.replace(subject, NO_FAILURES, next, forgetAt);
  }

  /**
   * Counts one attempt under each of these, or under none: an attempt that one of them refuses is not checked, so it counts
   * nowhere. `subject` names the first one that waits.
   */
  async consumeEach(...counts: readonly Count[]): Promise<AttemptOfEach> {
    for (const { subject, rule } of counts) {
      const until = await this.waiting(subject, rule);
      if (until !== undefined) return { kind: 'wait', until, subject };
    }
    const taken: Count[] = [];
    for (const count of counts) {
      const attempt = await this.consume(count.subject, count.rule);
      if (attempt.kind === 'wait') {
        // Another attempt came in between.
        await this.giveBack(...taken);
        return { ...attempt, subject: count.subject };
      }
      taken.push(count);
    }
    return { kind: 'may try' };
  }

  /** Takes back one attempt of each that was not checked; the wait is that of the remaining failures. */
  async giveBack(...counts: readonly Count[]): Promise<void> {
    for (const { subject, rule } of counts) await this.#giveBack(subject, rule);
  }

  async #giveBack(subject: string, rule: BackoffRule): Promise<void> {
    for (;;) {
      const state = await this.#store.read(subject);
      if (state.failures === 0) return;
      const failures = state.failures - 1;
      const wait = waitAfter(failures, rule);
      const waitUntil = wait === 0 ? 0 : Math.min(state.waitUntil, this.#clock() + wait);
      if (await this.#store.replace(subject, state, { failures, waitUntil })) return;
    }
  }

  /** Until when `subject` has to wait; undefined if it may try now. */
  async waiting(subject: string, rule: BackoffRule): Promise<Instant | undefined> {
    const { state, now } = await this.#read(subject, rule);
    return state.waitUntil > now ? state.waitUntil : undefined;
  }

  /** Forgets the failures after a success. Returns how many; under concurrency each failure is returned once. */
  async forgive(subject: string): Promise<number> {
    for (;;) {
      const { failures } = await this.#store.read(subject);
      if (failures === 0) return 0;
      if (await this.#store.remove(subject, failures)) return failures;
    }
  }

  /** Forgets all failures, after a success or when an administrator unlocks the account. */
  async reset(...subjects: readonly string[]): Promise<void> {
    await this.#store.reset(subjects);
  }

  /**
   * The current state. A wait with more time left than its failures cause began before the clock was set back: it starts
   * again now, or it would last longer by as much as the clock was wrong. The new end is stored, or it would move along.
   */
  async #read(
    subject: string,
    rule: BackoffRule,
  ): Promise<{ readonly state: BackoffState; readonly now: Instant }> {
    for (;;) {
      const state = await this.#store.read(subject);
      const now = this.#clock();
      const longest = now + waitAfter(state.failures, rule);
      if (state.waitUntil <= longest) return { state, now };
      await this.#store.replace(subject, state, { ...state, waitUntil: longest });
    }
  }
}

const NO_FAILURES: BackoffState = { failures: 0, waitUntil: 0 };

/** The state after so many failures in a row, and when it may be forgotten (null: never). */
function counted(failures: number, rule: BackoffRule, now: Instant) {
  const wait = waitAfter(failures, rule);
  // 0 and not `now` for no wait: a clock that is set back would make `now` a wait.
  const next: BackoffState = { failures, waitUntil: wait === 0 ? 0 : now + wait };
  return { next, forgetAt: rule.remembered === undefined ? null : now + Math.max(wait, rule.remembered) };
}

/** Milliseconds to wait after so many failures in a row. */
export function waitAfter(failures: number, rule: BackoffRule): number {
  if (failures < rule.from) return 0;
  if (rule.end && failures >= rule.end.at) return rule.end.wait;
  return Math.min(rule.first * 2 ** (failures - rule.from), rule.longest);
}

/** The subject of an account's second-factor failures. */
export function secondFactorSubject(accountId: string): string {
  return `second-factor:${accountId}`;
}
