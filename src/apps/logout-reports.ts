import type { Clock, Instant } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { App } from './app.ts';
import { LATE_LOGOUT, type LateApp, type LogoutProblems, type LogoutStore } from './logouts.ts';

interface LogoutReportServices {
  readonly store: Pick<LogoutStore, 'late' | 'problemsOf'>;
  readonly clock: Clock;
}

/** What administrators see of apps that were not told of a sign-out. */
export class LogoutReports {
  readonly #services: LogoutReportServices;

  constructor(services: LogoutReportServices) {
    this.#services = services;
  }

  in(tx: Transaction): LogoutReports {
    return new LogoutReports(bind(this.#services, tx));
  }

  /** The apps that are late in confirming, ordered by name. `oldest`: since when the oldest sign-out waits. */
  async late(oldest: Instant): Promise<readonly LateApp[]> {
    const { store, clock } = this.#services;
    const now = clock();
    return oldest < now - LATE_LOGOUT ? store.late(now) : [];
  }

  async problemsOf({ id }: Pick<App, 'id'>): Promise<LogoutProblems> {
    return this.#services.store.problemsOf(id, this.#services.clock());
  }
}
