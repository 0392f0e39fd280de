import { type Clock, days, hours, type Instant, seconds } from '../kernel/time.ts';
import { type Transaction, within } from '../kernel/transaction.ts';
import { clientKey } from './client-address.ts';

/** How much one client may do across all accounts. */
export interface BudgetRule {
  /** What is counted. */
  readonly of: string;
  /** Count from which there is a wait. */
  readonly most: number;
  /** Time in which that count drains, evenly. Milliseconds. */
  readonly per: number;
}

/** The first wait once the budget is used up; each further one doubles it. Milliseconds. */
const FIRST_WAIT = seconds(30);
const LONGEST_WAIT = hours(1);
const DOUBLINGS = Math.ceil(Math.log2(LONGEST_WAIT / FIRST_WAIT));

export type BudgetOutcome = { readonly kind: 'granted' } | { readonly kind: 'wait'; readonly until: Instant };

/** One more count of a client, for the store's one conditional statement. */
export interface BudgetStep {
  readonly subject: string;
  readonly now: Instant;
  /** By how much one count moves the time at which the budget is full again. Milliseconds. */
  readonly interval: number;
  /** The latest possible value of that time; a later one was written before the clock was set back. */
  readonly furthest: Instant;
  /** A wait that ends later than this began before the clock was set back, and is over. */
  readonly latestWait: Instant;
  /** If the budget is full again at `from` or later, wait `until`; the first match counts. */
  readonly waits: readonly { readonly from: Instant; readonly until: Instant }[];
}

export interface BudgetStore {
  /** Counts one more by ONE conditional UPDATE; false if the subject waits or has no row. */
  count(step: BudgetStep): Promise<boolean>;
  /** The first count of a subject; false if it has a row already. */
  begin(subject: string, fullAt: Instant): Promise<boolean>;
  /** Until when the subject waits; undefined if it has no row. */
  waitUntil(subject: string): Promise<Instant | undefined>;
  /** Takes that much back; ends the wait if the budget is then full again before `below`. */
  giveBack(subject: string, milliseconds: number, below: Instant): Promise<void>;
}

/**
 * Counts what a client does across all accounts: one guess at each of a thousand accounts (password spraying) stays below
 * every limit per account. The count drains with time. Refused requests do not count.
 */
export class ClientBudget {
  readonly #store: BudgetStore;
  readonly #clock: Clock;
  readonly #rule: BudgetRule;
  readonly #interval: number;

  constructor(store: BudgetStore, clock: Clock, rule: BudgetRule) {
    this.#store = store;
    this.#clock = clock;
    this.#rule = rule;
    this.#interval = Math.ceil(rule.per / rule.most);
  }

  in(tx: Transaction): ClientBudget {
    return new ClientBudget(within(tx, this.#store), this.#clock, this.#rule);
  }

  /** Counts one more for the client at this network address, or returns until when it has to wait. */
  async consume(address: string): Promise<BudgetOutcome> {
    const subject = this.#subject(address);
    for (;;) {
      const now = this.#clock();
      if (await this.#store.count(this.#step(subject, now))) return { kind: 'granted' };
      const until = await this.#store.waitUntil(subject);
      if (until === undefined) {
        if (await this.#store.begin(subject, now + this.#interval)) return { kind: 'granted' };
      } else if (until > now) return { kind: 'wait', until };
    }
  }

  /** Until when the client at this network address has to wait; undefined if it may go on. */
  async waiting(address: string): Promise<Instant | undefined> {
    const now = this.#clock();
    const until = await this.#store.waitUntil(this.#subject(address));
    return until !== undefined && until > now && until <= now + LONGEST_WAIT ? until : undefined;
  }

  /**
   * Takes back `count`: tries that were right, or that were never checked. A wait that only those caused is over: many people
   * of one school who sign in at once are no attack.
   */
  async giveBack(address: string, count: number): Promise<void> {
    if (count === 0) return;
    const below = this.#clock() + Math.round((this.#rule.most - 0.5) * this.#interval);
    await this.#store.giveBack(this.#subject(address), count * this.#interval, below);
  }

  #subject(address: string): string {
    return `${this.#rule.of}:${clientKey(address)}`;
  }

  #step(subject: string, now: Instant): BudgetStep {
    const { most } = this.#rule;
    const interval = this.#interval;
    // Half a step early, because the budget has drained a little since the first of them.
    const from = (count: number) => now + Math.round((count - 1.5) * interval);
    const waits = Array.from({ length: DOUBLINGS + 1 }, (_, doublings) => ({
      from: from(most + doublings),
      until: now + Math.min(FIRST_WAIT * 2 ** doublings, LONGEST_WAIT),
    })).reverse();
    const furthest = now + (most + DOUBLINGS) * interval;
    return { subject, now, interval, furthest, latestWait: now + LONGEST_WAIT, waits };
  }
}

/** The budgets of a client. */
export interface ClientBudgets {
  /** Wrong passwords from browsers that the account does not know. */
  readonly failures: ClientBudget;
  /** Mails that confirm a sign-up. */
  readonly signUps: ClientBudget;
  /** Mails with a link to choose a new password; separate, so that a neighbour's sign-ups do not use them up. */
  readonly passwordLinks: ClientBudget;
}

export interface ClientLimits {
  /** Wrong passwords of one client in a day. */
  readonly failures: number;
  /** Mails of each kind that one client may ask for in an hour. */
  readonly mails: number;
}

export function clientBudgets(
  store: BudgetStore,
  clock: Clock,
  { failures, mails }: ClientLimits,
): ClientBudgets {
  const budget = (rule: BudgetRule) => new ClientBudget(store, clock, rule);
  return {
    failures: budget({ of: 'failures', most: failures, per: days(1) }),
    signUps: budget({ of: 'sign-ups', most: mails, per: hours(1) }),
    passwordLinks: budget({ of: 'password-links', most: mails, per: hours(1) }),
  };
}
