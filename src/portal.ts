import type { Logger } from 'pino';
import { PasswordHasher } from './accounts/password-hasher.ts';
import { type BackgroundWork, backgroundWork } from './boot/background-work.ts';
import { type Config, variableOfDatabase } from './boot/config.ts';
import { auditLines, traceOf } from './boot/logging.ts';
import { Retention } from './boot/retention.ts';
import { requireSecrets, secretSource } from './boot/secrets.ts';
import { composeDomain } from './composition.ts';
import { AfterResponse } from './kernel/after-response.ts';
import { loadWords } from './kernel/i18n.ts';
import { Keyring } from './kernel/keyring.ts';
import type { Random } from './kernel/random.ts';
import type { Clock } from './kernel/time.ts';
import { Submissions } from './limits/submissions.ts';
import { requireOutbox } from './mail/compose.ts';
import { composeMetrics } from './metrics/compose.ts';
import { OpenId } from './oidc/open-id.ts';
import type { Services } from './services.ts';
import { composeStorage } from './storage/compose.ts';
import type { DatabaseOperations } from './storage/operations.ts';

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
  const variable = variableOfDatabase(config);
  const trace = (what: 'statement' | 'command') => traceOf(logger, what);
  const storage = await composeStorage(config, { variable, clock, logger, trace });
  const { stores, transaction, policyLock, operations } = storage;
  requireSecrets(config);
  const keyring = new Keyring(secretSource(config));
  const metrics = await composeMetrics(stores, { config, clock });
  const sessions = await storage.openSessions(metrics.failed);
  const report = (error: unknown) => logger.error({ err: error }, 'background work failed');
  const submissions = new Submissions({ store: sessions.submissions, keyring, clock, report });
  const background = new AfterResponse(report);
  const audited = auditLines(logger);
  const base = { clock, logger, words: loadWords(), keyring, settings: stores.settings };
  const domain = await composeDomain(stores, {
    ...{ ...base, config, random, passwordHasher, transaction, policyLock, background, report },
    ...metrics.counting,
    recorded: (event) => {
      audited(event);
      metrics.recorded(event);
      domain.logoutWatch.noticed(event);
    },
  });
  const { oidcModels } = stores;
  const { baseUrl } = config;
  const kept = { oidcModels, oidcInteractions: sessions.interactions };
  const openId = new OpenId({ ...base, ...domain, ...metrics.counting, ...kept, baseUrl });
  const forgetful = [...storage.expiring, { forget: () => domain.audit.recordRest() }];
  const retention = new Retention(forgetful, clock, report);
  const { stop, ...work } = backgroundWork({ ...domain, background, retention, submissions });
  return {
    services: {
      ...{ ...base, ...domain, site: config, submissions, openId },
      ...{ sessionStore: sessions.store, parts: sessions.parts, measures: metrics.measures },
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
    },
  };
}
