import { availableParallelism } from 'node:os';

/** Thrown where more is asked than can be done soon: whoever asks may try again in a few seconds. */
export class TooBusy extends Error {}

/**
 * Does hard work by a few at once. Each password hash takes 19 MiB and tens of milliseconds of a processor: without a bound,
 * whoever sends many sign-ins at once decides how much memory the portal takes, and how long everybody waits.
 */
export class HashingQueue {
  readonly #atOnce: number;
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #refused = 0;

  constructor(atOnce: number, mostWaiting: number) {
    this.#atOnce = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Does the work when its turn comes; throws `TooBusy` at once where too many wait already. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#turn();
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The place is handed on: were it given back first, a newcomer could take it before whoever has waited.
      if (next) next();
      else this.#running -= 1;
    }
  }

  /** For those who watch: how many are at it, how many wait, and how many were refused since the start. */
  get load(): { readonly running: number; readonly waiting: number; readonly refused: number } {
    return { running: this.#running, waiting: this.#waiting.length, refused: this.#refused };
  }

  async #turn(): Promise<void> {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= this.#mostWaiting) {
      this.#refused += 1;
      throw new TooBusy('Too many passwords wait to be checked.');
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** A processor does 40 and more a second: nobody waits for longer than about two seconds. */
const WAITING_PER_PROCESSOR = 80;

/** The one queue of this process. */
export const hashing = new HashingQueue(
  availableParallelism(),
  WAITING_PER_PROCESSOR * availableParallelism(),
);
