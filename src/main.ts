import { join } from 'node:path';
import { EX_CONFIG, formatFaults, readConfig } from './config.ts';
import { fitToMachine, keepCompiled, keepToItself } from './process.ts';

const outcome = readConfig(process.env);
if (outcome.ok) {
  keepToItself();
  // Before the rest is loaded: neither could be changed afterwards.
  keepCompiled(join(outcome.config.dataDir, 'cache'));
  fitToMachine();
  const { run } = await import('./server.ts');
  await run(outcome.config);
} else {
  process.stderr.write(formatFaults(outcome.faults));
  process.exitCode = EX_CONFIG;
}
