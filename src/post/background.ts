import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds. */
const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 150;

/**
 * Work that an answer does not wait for, because how long it takes would tell a stranger whether an address has an
 * account (ASVS 6.3.8). It begins when the answer is long out, for the two would share one thread, and not at a moment
 * that a second request could be timed for. A shutdown waits for it.
 */
export class Background {
  readonly #report: (error: unknown) => void;
  readonly #running = new Set<Promise<void>>();

  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  start(work: () => Promise<void>): void {
    const running = pause(randomInt(SHORTEST_PAUSE, LONGEST_PAUSE))
      .then(work)
      .catch(this.#report)
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
