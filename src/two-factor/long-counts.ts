import { type Clock, type Instant, seconds } from '../time.ts';

/** What takes less is counted anew each time, and is right at that moment. */
const LONG = seconds(2);
/** At the most a hundredth of the time goes into counting. */
const TIMES_AS_LONG = 100;

/** What a count came to. */
export interface Count<Value> {
  readonly value: Value;
  /** The moment of which it is, and the one after which it is made anew; undefined where it is made each time. */
  readonly kept: { readonly from: Instant; readonly until: Instant } | undefined;
}

/**
 * Counts over everybody, by name. One that took long is kept for a hundred times as long, and whoever asks while it is
 * under way waits for the same: a page that is opened again and again must not keep the database busy.
 */
export class LongCounts<Value> {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly count: Promise<Count<Value>>; until: Instant }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Rejects as the counting does; then nothing is kept. */
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
