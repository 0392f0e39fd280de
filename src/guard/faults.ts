import type { Logger } from 'pino';
import { type Clock, type Instant, minutes } from '../kernel/time.ts';

const REPEATED_EVERY = minutes(1);

/**
 * Tells the operator what is wrong with a proxy's configuration: each fault at once, then at most once a minute, because every
 * request to an app has it.
 */
export class ProxyFaults {
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #saidAt = new Map<string, Instant>();

  constructor({ logger, clock }: { readonly logger: Logger; readonly clock: Clock }) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** `fault`: one of a few sentences; what a visitor sent belongs into `facts`. */
  report(fault: string, facts: Readonly<Record<string, unknown>>): void {
    const now = this.#clock();
    const since = now - (this.#saidAt.get(fault) ?? Number.NEGATIVE_INFINITY);
    // Negative: the clock was set back.
    if (since >= 0 && since < REPEATED_EVERY) return;
    this.#saidAt.set(fault, now);
    this.#logger.warn(facts, fault);
  }
}
