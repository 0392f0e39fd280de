import type { Clock, Instant } from '../../src/kernel/time.ts';

/** A clock that stands still until it is told how much time passes. */
export class ManualClock {
  now: Instant;
  /** To be passed in where a clock is asked for. */
  readonly read: Clock = () => this.now;

  constructor(start: Instant = Date.UTC(2026, 2, 14, 15, 9, 26)) {
    this.now = start;
  }

  /** Lets so many milliseconds pass. */
  passes(milliseconds: number): void {
    this.now += milliseconds;
  }
}
