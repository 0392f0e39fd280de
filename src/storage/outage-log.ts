import type { Logger } from 'pino';
import { codeOf } from '../kernel/environment-fault.ts';
import { type Clock, type Instant, minutes } from '../kernel/time.ts';

const REPEATED_EVERY = minutes(1);

/** Logs that a dependency is down, with the reason: at once, then once a minute; and once that it is back. */
export class OutageLog {
  readonly #part: string;
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** Undefined while the dependency is up. */
  #saidAt: Instant | undefined;

  constructor(part: string, { logger, clock }: { readonly logger: Logger; readonly clock: Clock }) {
    this.#part = part;
    this.#logger = logger;
    this.#clock = clock;
  }

  away(error: unknown): void {
    const now = this.#clock();
    const since = this.#saidAt === undefined ? Infinity : now - this.#saidAt;
    // Negative: the clock was set back.
    if (since >= 0 && since < REPEATED_EVERY) return;
    this.#saidAt = now;
    this.#logger.error({ reason: reasonOf(error) }, `${this.#part} is unavailable`);
  }

  back(): void {
    if (this.#saidAt === undefined) return;
    this.#saidAt = undefined;
    this.#logger.warn(`${this.#part} is available again`);
  }
}

/** The message of the first cause. An error about several addresses of a host has only a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0]);
  return error.message || codeOf(error) || error.name;
}
