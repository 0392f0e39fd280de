import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds. */
const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 150;

/**
 * Work that runs after the response, because its duration would tell a stranger whether an address has an account
 * (ASVS 6.3.8). It starts after a random delay: work on the same thread would otherwise slow down a second request in a
 * way that can be measured. A shutdown waits for it.
 */
export class AfterResponse {
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
