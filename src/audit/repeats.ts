import { type Clock, type Instant, minutes } from '../kernel/time.ts';
import { clientKey } from '../limits/client-address.ts';
import type { AuditEvent } from './event.ts';
import { meaningOf } from './vocabulary.ts';

/** At most one entry in this time for each event, person and client. */
const WINDOW = minutes(10);
/** Most repeats in memory. Beyond that the oldest is dropped; when it comes again it gets a new entry. */
const MOST = 10_000;

interface Repeat {
  readonly until: Instant;
  /** Repeats since the entry. */
  times: number;
  last: AuditEvent;
}

/**
 * Repeats of refusals by a rate limit: the first has an entry in the audit log, the others are counted, and the next entry
 * says how many there were. Otherwise they would fill the audit log as fast as they can be sent. Each instance counts for
 * itself; the log and the counters have every one.
 */
export class Repeats {
  readonly #clock: Clock;
  readonly #repeats = new Map<string, Repeat>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The entry to store, with the number of repeats before it; undefined for a repeat, which is counted here. */
  entryFor(event: AuditEvent): AuditEvent | undefined {
    if (!meaningOf(event).isRateLimited) return event;
    const key = keyOf(event);
    const earlier = this.#repeats.get(key);
    if (earlier && this.#isOpen(earlier)) {
      earlier.times += 1;
      earlier.last = event;
      return undefined;
    }
    this.#repeats.delete(key);
    if (this.#repeats.size >= MOST) this.#repeats.delete(this.#repeats.keys().next().value ?? '');
    this.#repeats.set(key, { until: this.#clock() + WINDOW, times: 0, last: event });
    return earlier ? withTimes(event, earlier.times) : event;
  }

  /** Call this when the entry could not be stored: the next event of its kind is the first. */
  notKept(event: AuditEvent): void {
    this.#repeats.delete(keyOf(event));
  }

  /** Entries for repeats whose time is over, so that no later entry will count them. */
  rest(): readonly AuditEvent[] {
    const over = [...this.#repeats].filter(([, repeat]) => !this.#isOpen(repeat));
    for (const [key] of over) this.#repeats.delete(key);
    return over.filter(([, { times }]) => times > 0).map(([, { last, times }]) => withTimes(last, times));
  }

  /** If more time is left than there ever is, the clock was set back. */
  #isOpen({ until }: Repeat): boolean {
    const left = until - this.#clock();
    return left > 0 && left <= WINDOW;
  }
}

function keyOf({ event, subjectId, subjectLabel, address, detail }: AuditEvent): string {
  const { method, purpose } = detail;
  return JSON.stringify([event, subjectId ?? subjectLabel, clientKey(address), method, purpose]);
}

function withTimes(event: AuditEvent, times: number): AuditEvent {
  return times === 0 ? event : { ...event, detail: { ...event.detail, times: String(times) } };
}
