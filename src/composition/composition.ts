import type { Knex } from 'knex';
import type { Logger } from 'pino';
import { hashing } from '../accounts/hashing-queue.ts';
import { IDLE_LIMIT } from '../accounts/sign-ins.ts';
import type { Config } from '../boot/config.ts';
import { auditLines } from '../boot/logging.ts';
import { Retention } from '../boot/retention.ts';
import { requireSecrets, secretSource } from '../boot/secrets.ts';
import { AfterResponse } from '../kernel/after-response.ts';
import { loadWords } from '../kernel/i18n.ts';
import { Keyring } from '../kernel/keyring.ts';
import type { Random } from '../kernel/random.ts';
import { type Clock, seconds } from '../kernel/time.ts';
import { Submissions } from '../limits/submissions.ts';
import type { PortalMetrics } from '../metrics/portal-metrics.ts';
import type { Dependency, Services } from '../services.ts';
import { backUp, type RestoreOutcome, restore } from '../storage/backup.ts';
import { expiringRows } from '../storage/expiring.ts';
import { KnexMailStore } from '../storage/mails.ts';
import { explained, prepare } from '../storage/preparation.ts';
import { observed, readinessOf } from '../storage/readiness.ts';
import { sessionsFor } from '../storage/session-choice.ts';
import { KnexSettingsStore } from '../storage/settings.ts';
import { onQueryError } from '../storage/sql/conflicts.ts';
import { isNew, openDatabase, pendingMigrations } from '../storage/sql/database.ts';
import { transactOn } from '../storage/sql/transaction.ts';
import { requireOutbox, variableOfDatabase } from './data-folder.ts';
import { composeDomain } from './domain.ts';
import { composeMail } from './mail.ts';

/** Ambient dependencies: clock, randomness and logger. Tests pass their own. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export { sqlitePath } from '../storage/sql/database.ts';
export type { RestoreOutcome };

/** The portal on its real dependencies. */
export interface Portal {
  readonly services: Services;
  /**
   * Checks that folders, database and Redis can be written to, and migrates the tables. Rejects with an EnvironmentFault
   * otherwise; Redis may be down, or refuse writes for now.
   */
  readonly prepare: () => Promise<void>;
  /** Migrates the tables; several instances may call it at once. */
  readonly migrate: () => Promise<void>;
  /** Until `close`: delivers the mail queue, and removes expired rows. */
  readonly startDelivery: () => void;
  /** Resolves once background work is done and each mail was tried once; what was not accepted stays in the queue. */
  readonly delivered: () => Promise<void>;
  /** Removes expired rows now. */
  readonly forget: () => Promise<void>;
  readonly pendingMigrations: () => Promise<readonly string[]>;
  /** Whether the database has no tables of the portal yet. */
  readonly isNew: () => Promise<boolean>;
  /** A consistent snapshot of the database as lines. Without sessions; the secrets are not in the database. */
  readonly backUp: () => AsyncGenerator<string>;
  /** Fills an empty database of this version. */
  readonly restore: (lines: AsyncIterable<string>) => Promise<RestoreOutcome>;
  /** Lets running mails and statements finish, then closes all connections. */
  readonly close: () => Promise<void>;
}

/** How long a shutdown waits for running deliveries. Another instance, or the next start, retries the others. */
const MAIL_PATIENCE = seconds(1.5);

/** Composes the portal from its configuration. Sends no statement before `prepare` or `migrate`. */
export async function compose(config: Config, { clock, random, logger }: World): Promise<Portal> {
  const trace = traceOf(logger, 'statement');
  const database = { url: config.databaseUrl, variable: variableOfDatabase(config) };
  const db = await explained(database, () =>
    openDatabase(config.databaseUrl, { ...config.databaseLimits, trace }),
  );
  const words = loadWords();
  const settings = new KnexSettingsStore(db);
  requireSecrets(config);
  const keyring = new Keyring(secretSource(config));
  const metrics = await composeMetrics(config, db, clock);
  const { mails, delivery } = await composeMail(config, db, {
    clock,
    logger,
    words,
    settings,
    keyring,
    metrics,
  });
  const report = (error: unknown) => logger.error({ err: error }, 'background work failed');
  const background = new AfterResponse(report);
  const databaseReady = readinessOf(db);
  const failed = (part: Dependency) => () => metrics?.failed(part);
  const sessions = await sessionsFor(config, db, {
    ...{ idleLimit: IDLE_LIMIT, databaseReady, logger, clock },
    trace: traceOf(logger, 'command'),
    failed: failed('sessions'),
  });
  const submissions = new Submissions({ store: sessions.submissions, keyring, clock, report });
  const retention = new Retention(
    [...expiringRows(db), { forget: () => domain.audit.recordRest() }],
    clock,
    report,
  );
  const audited = auditLines(logger);
  const domain = composeDomain(db, {
    ...{ clock, random, words, settings, keyring, mails, background, report },
    clientLimits: config.clientLimits,
    transaction: transactOn(db),
    recorded: (event) => {
      audited(event);
      metrics?.recorded(event);
    },
    proven: (method) => metrics?.proven(method),
  });
  return {
    services: {
      ...domain,
      site: config,
      clock,
      logger,
      words,
      keyring,
      settings,
      mails,
      submissions,
      sessionStore: sessions.store,
      parts: {
        database: observed(databaseReady, failed('database')),
        sessions: observed(sessions.ping, failed('sessions')),
      },
      measures: metrics,
    },
    prepare: async () => {
      requireOutbox(config);
      await prepare(db, database);
      await sessions.prepare();
    },
    migrate: () => prepare(db, database),
    startDelivery() {
      delivery.start();
      retention.start();
    },
    forget: () => retention.run(),
    async delivered() {
      await background.settled();
      await delivery.settled();
    },
    pendingMigrations: () => explained(database, () => pendingMigrations(db)),
    isNew: () => isNew(db),
    backUp: () => backUp(db, clock()),
    restore: (lines) => restore(db, lines),
    async close() {
      await background.settled();
      await retention.stop();
      await delivery.stop(MAIL_PATIENCE);
      await domain.codes.settled();
      await submissions.settled();
      await sessions.close();
      await db.destroy();
    },
  };
}

/** Loaded only if metrics are on: it takes 50 ms and 20 MB. */
async function composeMetrics(config: Config, db: Knex, clock: Clock): Promise<PortalMetrics | undefined> {
  if (!config.metrics) return undefined;
  const { PortalMetrics } = await import('../metrics/portal-metrics.ts');
  const metrics = new PortalMetrics({ mails: new KnexMailStore(db), hashing, clock });
  onQueryError(db, () => metrics.failed('database'));
  return metrics;
}

/** Logs each statement or command, at level "trace". */
function traceOf(logger: Logger, what: 'statement' | 'command'): ((asked: string) => void) | undefined {
  return logger.isLevelEnabled('trace') ? (asked) => logger.trace({ [what]: asked }, 'asked') : undefined;
}
