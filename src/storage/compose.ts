import type { Logger } from 'pino';
import { IDLE_LIMIT } from '../accounts/sign-ins.ts';
import type { Dependency, Pings } from '../kernel/dependencies.ts';
import type { Clock } from '../kernel/time.ts';
import { expiringRows } from './expiring.ts';
import { operationsOn } from './operations.ts';
import { explained } from './preparation.ts';
import { observed, readinessOf } from './readiness.ts';
import { type SessionAddresses, sessionsFor } from './session-choice.ts';
import { onQueryError } from './sql/conflicts.ts';
import { type DatabaseLimits, openDatabase } from './sql/database.ts';
import { policyLockOn } from './sql/policy-lock.ts';
import { transactOn } from './sql/transaction.ts';
import { storesOn } from './stores.ts';

interface StorageConfig extends SessionAddresses {
  readonly databaseUrl: string;
  readonly databaseLimits: DatabaseLimits;
}

interface StorageBase {
  /** The variable that names the database, for errors. */
  readonly variable: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Logs each statement or command; undefined: none is logged. */
  readonly trace: (what: 'statement' | 'command') => ((asked: string) => void) | undefined;
}

/** The database with all that is kept in it. Sends no statement yet. Rejects with an EnvironmentFault that says what to do. */
export async function composeStorage(config: StorageConfig, { variable, clock, logger, trace }: StorageBase) {
  const named = { url: config.databaseUrl, variable };
  const limits = { ...config.databaseLimits, trace: trace('statement') };
  const db = await explained(named, () => openDatabase(named.url, limits));
  const transaction = transactOn(db);
  const databaseReady = readinessOf(db);
  return {
    stores: storesOn(db),
    transaction,
    policyLock: policyLockOn(transaction),
    expiring: expiringRows(db),
    operations: operationsOn(db, named, clock),

    /** The sessions, in Redis or in the database. `failed` is called for each statement, command and ping that fails. */
    async openSessions(failed: (part: Dependency) => void) {
      const [databaseFailed, sessionsFailed] = [() => failed('database'), () => failed('sessions')];
      onQueryError(db, databaseFailed);
      const sessions = await sessionsFor(config, db, {
        ...{ idleLimit: IDLE_LIMIT, databaseReady, logger, clock, failed: sessionsFailed },
        trace: trace('command'),
      });
      const parts: Pings = {
        database: observed(databaseReady, databaseFailed),
        sessions: observed(sessions.ping, sessionsFailed),
      };
      /** Closes the session store and the database. */
      async function close(): Promise<void> {
        await sessions.close();
        await db.destroy();
      }
      return { ...sessions, parts, close };
    },
  };
}
