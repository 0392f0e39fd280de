import type { Knex } from 'knex';
import type { Logger } from 'pino';
import type { OidcInteractionStore } from '../apps/oidc-models.ts';
import type { Clock } from '../kernel/time.ts';
import type { SubmissionStore } from '../limits/submissions.ts';
import { SubmissionsInMemory } from '../limits/submissions-in-memory.ts';
import type { SessionStore } from '../sign-in/session-store.ts';
import { KnexOidcModelStore } from './oidc-models.ts';
import { KnexSessionStore } from './sessions.ts';
import { driverOf } from './sql/rows.ts';
import { KnexSubmissionStore } from './submissions.ts';

export interface SessionAddresses {
  readonly redisUrl: string | undefined;
  /** Time limit of a command to Redis. Milliseconds. */
  readonly redisTimeout: number;
}

interface SessionParts {
  readonly idleLimit: number;
  readonly databaseReady: () => Promise<void>;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly trace: ((command: string) => void) | undefined;
  /** Called for each call of the session store that fails. */
  readonly failed: () => void;
}

/** The store of sessions, of forms that arrived seconds ago, and of requests of OpenID Connect apps under way. */
export interface Sessions {
  readonly store: SessionStore;
  readonly submissions: SubmissionStore;
  readonly interactions: OidcInteractionStore;
  readonly ping: () => Promise<void>;
  /** Rejects with an EnvironmentFault if sessions can never be stored; resolves if the store is down or full for now. */
  readonly prepare: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Sessions end by the system clock in both stores: Redis uses that of its own machine, so none can be passed in. */
const LIFETIMES: Clock = Date.now;

/** In Redis if its URL is set, else in the database. */
export async function sessionsFor(
  { redisUrl, redisTimeout: timeout }: SessionAddresses,
  db: Knex,
  { idleLimit, databaseReady, logger, clock, trace, failed }: SessionParts,
): Promise<Sessions> {
  if (redisUrl === undefined) {
    const report = (error: unknown) => logger.error({ err: error }, 'session store failed');
    const store = new KnexSessionStore(db, { idleLimit, clock: LIFETIMES, report, failed });
    const interactions = new KnexOidcModelStore(db);
    const parts = { store, interactions, ping: databaseReady, prepare: async () => {} };
    // SQLite serves one instance, for which memory is enough and saves writes to the disk.
    if (driverOf(db) === 'better-sqlite3') {
      return { ...parts, submissions: new SubmissionsInMemory(clock), close: () => store.close() };
    }
    const submissions = new KnexSubmissionStore(db, clock, report);
    const close = async () => void (await Promise.all([store.close(), submissions.close()]));
    return { ...parts, submissions, close };
  }
  // Loaded only if used: it takes 0.1 s and 12 MB.
  const { OutageLog, redisFault, redisSessionStore } = await import('./redis/session-store.ts');
  const outage = new OutageLog('Redis', { logger, clock });
  const sessions = redisSessionStore(redisUrl, {
    ...{ idleLimit, timeout, clock: LIFETIMES, trace, failed },
    report: (error) => outage.away(error),
    there: () => outage.back(),
  });
  await sessions.opened();
  return {
    store: sessions.store,
    submissions: sessions.submissions,
    interactions: sessions.interactions,
    ping: () => sessions.ping(),
    prepare: () =>
      sessions.ping().catch(async (error: unknown) => {
        const fault = await redisFault(error, redisUrl);
        if (fault) throw fault;
      }),
    close: () => sessions.close(),
  };
}
