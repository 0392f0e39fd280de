import { type Config, defaultDatabaseUrl } from '../boot/config.ts';
import { requireFolder } from '../kernel/folders.ts';
import { outboxFolder } from '../mail/transport-choice.ts';

/**
 * Checks that the outbox folder can be written to, before the first mail.
 *
 * @throws EnvironmentFault if it cannot
 */
export function requireOutbox(config: Config): void {
  if (config.smtpUrl === undefined) requireFolder(outboxFolder(config), 'DATA_DIR');
}

/** The variable that sets where the database is: without DATABASE_URL it is in DATA_DIR. */
export function variableOfDatabase({ databaseUrl, dataDir }: Config): string {
  return databaseUrl === defaultDatabaseUrl(dataDir) ? 'DATA_DIR' : 'DATABASE_URL';
}
