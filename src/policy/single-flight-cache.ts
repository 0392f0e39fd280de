import { type Clock, type Instant, seconds } from '../kernel/time.ts';

/** A count that takes less is not cached. In milliseconds. */
const LONG = seconds(2);
/** A count is cached for this multiple of its duration, so at most 1 % of the time is spent on counting. */
const TIMES_AS_LONG = 100;

/** Result of a count. */
export interface Count<Value> {
  readonly value: Value;
  /** When the count was started, and until when it is cached; undefined if it is not cached. */
  readonly kept: { readonly from: Instant; readonly until: Instant } | undefined;
}

/**
 * Cache of slow counts, by name. A count that took long is kept for a hundred times as long, and callers during a count wait for
 * its result: a page that is opened again and again must not keep the database busy.
 */
export class SingleFlightCache<Value> {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly count: Promise<Count<Value>>; until: Instant }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The cached count, or a new one by `counting`. Rejects if `counting` does, and then caches nothing. */
  async of(name: string, counting: () => Promise<Value>): Promise<Count<Value>> {
    this.#forgetOld();
    const known = this.#known.get(name);
    if (known) return known.count;
    const begun = { count: this.#make(counting), until: Number.POSITIVE_INFINITY };
    this.#known.set(name, begun);
    try {
      const count = await begun.count;
      begun.until = count.kept?.until ?? 0;
      return count;
    } catch (error) {
      begun.until = 0;
      throw error;
    }
  }

  async #make(counting: () => Promise<Value>): Promise<Count<Value>> {
    const from = this.#clock();
    const value = await counting();
    const now = this.#clock();
    const took = now - from;
    return { value, kept: took < LONG ? undefined : { from, until: now + took * TIMES_AS_LONG } };
  }

  #forgetOld(): void {
    const now = this.#clock();
    for (const [name, { until }] of this.#known) if (until <= now) this.#known.delete(name);
  }
}
