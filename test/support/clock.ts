import type { Clock, Instant } from '../../src/kernel/time.ts';

/** A clock that stands still until it is advanced. */
export class ManualClock {
  now: Instant;
  /** Passed in as the clock. */
  readonly read: Clock = () => this.now;

  constructor(start: Instant = Date.UTC(2026, 2, 14, 15, 9, 26)) {
    this.now = start;
  }

  /** Advances the clock by this many milliseconds. */
  passes(milliseconds: number): void {
    this.now += milliseconds;
  }
}
