import { join } from 'node:path';
import { EX_CONFIG, formatFaults, readConfig } from './boot/config.ts';
import { enableCompileCache, restrictUmask, sizeThreadPool } from './boot/process.ts';
import { systemRandom } from './kernel/random.ts';

const outcome = readConfig(process.env);
if (outcome.ok) {
  restrictUmask();
  // Before anything else is loaded: these cannot be changed later.
  enableCompileCache(join(outcome.config.dataDir, 'cache'));
  sizeThreadPool();
  const { run } = await import('./boot/server.ts');
  const { composePortal } = await import('./portal.ts');
  const { createMetricsApp, createSite } = await import('./app.ts');
  await run(outcome.config, async (config, logger) => {
    const { services, ...portal } = await composePortal(config, {
      clock: Date.now,
      random: systemRandom,
      logger,
    });
    return {
      ...portal,
      site: () => createSite(services),
      metrics: () => createMetricsApp(services),
      setupToken: () => services.registration.setupToken(),
    };
  });
} else {
  process.stderr.write(formatFaults(outcome.faults));
  process.exitCode = EX_CONFIG;
}
