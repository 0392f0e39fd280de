import type { Logger } from 'pino';
import { PasswordHasher } from './accounts/password-hasher.ts';
import { IDLE_LIMIT } from './accounts/sign-ins.ts';
import { type BackgroundWork, backgroundWork } from './boot/background-work.ts';
import { type Config, variableOfDatabase } from './boot/config.ts';
import { auditLines, traceOf } from './boot/logging.ts';
import { Retention } from './boot/retention.ts';
import { requireSecrets, secretSource } from './boot/secrets.ts';
import { composeDomain } from './composition.ts';
import { AfterResponse } from './kernel/after-response.ts';
import type { Dependency } from './kernel/dependencies.ts';
import { loadWords } from './kernel/i18n.ts';
import { Keyring } from './kernel/keyring.ts';
import type { Random } from './kernel/random.ts';
import type { Clock } from './kernel/time.ts';
import { Submissions } from './limits/submissions.ts';
import { requireOutbox } from './mail/compose.ts';
import { composeMetrics } from './metrics/compose.ts';
import type { Services } from './services.ts';
import { expiringRows } from './storage/expiring.ts';
import { type DatabaseOperations, operationsOn } from './storage/operations.ts';
import { explained } from './storage/preparation.ts';
import { observed, readinessOf } from './storage/readiness.ts';
import { sessionsFor } from './storage/session-choice.ts';
import { onQueryError } from './storage/sql/conflicts.ts';
import { openDatabase } from './storage/sql/database.ts';
import { policyLockOn } from './storage/sql/policy-lock.ts';
import { transactOn } from './storage/sql/transaction.ts';
import { storesOn } from './storage/stores.ts';

/** Ambient dependencies: clock, randomness and logger. Tests pass their own. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The default hashes with the parameters of today. */
  readonly passwordHasher?: PasswordHasher;
}

/** The portal on its real dependencies. */
export interface Portal extends DatabaseOperations, BackgroundWork {
  readonly services: Services;
  /**
   * Checks that folders, database and Redis can be written to, and migrates the tables. Rejects with an EnvironmentFault
   * otherwise; Redis may be down, or refuse writes for now.
   */
  readonly prepare: () => Promise<void>;
  /** Lets running mails and statements finish, then closes all connections. */
  readonly close: () => Promise<void>;
}

/** Composes the portal from its configuration. Sends no statement before `prepare` or `migrate`. */
export async function composePortal(config: Config, world: World): Promise<Portal> {
  const { clock, random, logger, passwordHasher = new PasswordHasher() } = world;
  const named = { url: config.databaseUrl, variable: variableOfDatabase(config) };
  const trace = traceOf(logger, 'statement');
  const db = await explained(named, () => openDatabase(named.url, { ...config.databaseLimits, trace }));
  const stores = storesOn(db);
  requireSecrets(config);
  const keyring = new Keyring(secretSource(config));
  const metrics = await composeMetrics(stores, { config, clock });
  const failed = (part: Dependency) => () => metrics?.failed(part);
  if (metrics) onQueryError(db, failed('database'));
  const databaseReady = readinessOf(db);
  const sessions = await sessionsFor(config, db, {
    ...{ idleLimit: IDLE_LIMIT, databaseReady, logger, clock, failed: failed('sessions') },
    trace: traceOf(logger, 'command'),
  });
  const report = (error: unknown) => logger.error({ err: error }, 'background work failed');
  const submissions = new Submissions({ store: sessions.submissions, keyring, clock, report });
  const background = new AfterResponse(report);
  const [transaction, audited] = [transactOn(db), auditLines(logger)];
  const base = { clock, logger, words: loadWords(), keyring, settings: stores.settings };
  const domain = await composeDomain(stores, {
    ...{
      ...base,
      config,
      random,
      passwordHasher,
      transaction,
      policyLock: policyLockOn(transaction),
      background,
      report,
    },
    recorded: (event) => {
      audited(event);
      metrics?.recorded(event);
    },
    proven: (method) => metrics?.proven(method),
    checked: (outcome) => metrics?.checked(outcome),
    handedOver: (outcome) => metrics?.handedOver(outcome),
    watching: metrics && ((dispatcher) => metrics.watching(dispatcher)),
  });
  const forgetful = [...expiringRows(db), { forget: () => domain.audit.recordRest() }];
  const retention = new Retention(forgetful, clock, report);
  const operations = operationsOn(db, named, clock);
  const { stop, ...work } = backgroundWork({ ...domain, background, retention, submissions });
  return {
    services: {
      ...{ ...base, ...domain, site: config, submissions, sessionStore: sessions.store, measures: metrics },
      parts: {
        database: observed(databaseReady, failed('database')),
        sessions: observed(sessions.ping, failed('sessions')),
      },
    },
    ...{ ...operations, ...work },
    prepare: async () => {
      requireOutbox(config);
      await operations.migrate();
      await sessions.prepare();
    },
    async close() {
      await stop();
      await sessions.close();
      await db.destroy();
    },
  };
}
