import { type Clock, hours, type Instant, minutes } from '../kernel/time.ts';

/** A store whose rows expire. */
export interface Forgetful {
  /** Removes what has expired. Cheap if there is nothing, and safe to run twice at once. */
  forget(now: Instant): Promise<void>;
}

/** Not right at the start, but early enough for a server that restarts often. */
const PAUSES = { first: minutes(1), next: hours(1) } as const;

/**
 * Removes expired rows every hour: counts of clients and of typed addresses, links, the history of mails. Every instance does it;
 * what one has removed the others do not find.
 */
export class Retention {
  readonly #forgetful: readonly Forgetful[];
  readonly #clock: Clock;
  readonly #report: (error: unknown) => void;
  readonly #pauses: { readonly first: number; readonly next: number };
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(
    forgetful: readonly Forgetful[],
    clock: Clock,
    report: (error: unknown) => void,
    pauses: { readonly first: number; readonly next: number } = PAUSES,
  ) {
    this.#forgetful = forgetful;
    this.#clock = clock;
    this.#report = report;
    this.#pauses = pauses;
  }

  /** Runs until `stop`. */
  start(): void {
    clearTimeout(this.#timer);
    this.#next(this.#pauses.first);
  }

  /** Runs once, now. A store that fails does not keep the others from running. */
  run(): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const one of this.#forgetful) await one.forget(this.#clock()).catch(this.#report);
    });
    return this.#running;
  }

  /** Resolves once nothing is running. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #next(pause: number): void {
    this.#timer = setTimeout(async () => {
      await this.run();
      if (!this.#isStopped) this.#next(this.#pauses.next);
    }, pause).unref();
  }
}
