import { readConfig } from '../../src/boot/config.ts';
import type { Environment } from '../../src/boot/environment.ts';
import { createLogger } from '../../src/boot/logging.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { FailureBackoff } from '../../src/limits/failure-backoff.ts';
import { composePortal } from '../../src/portal.ts';
import type { Services } from '../../src/services.ts';
import { KnexBackoffStore } from '../../src/storage/limits.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';

/** Prepares the database of this environment before a server starts on it. */
export async function useStores(
  environment: Environment,
  work: (services: Services, throttle: FailureBackoff) => Promise<void>,
): Promise<void> {
  const outcome = readConfig(environment);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.faults));
  const portal = await composePortal(outcome.config, {
    clock: Date.now,
    random: systemRandom,
    logger: createLogger('error'),
  });
  await portal.migrate();
  const db = openDatabase(outcome.config.databaseUrl);
  await work(portal.services, new FailureBackoff(new KnexBackoffStore(db), Date.now));
  await db.destroy();
  await portal.close();
}
