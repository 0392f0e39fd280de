import { ENVIRONMENT, FLAGS } from '../../src/boot/runtime.js';

/** What `npm start` finally runs: its own environment variables, and the arguments of Node. */
export function startCommand(): {
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
} {
  return { environment: ENVIRONMENT, args: [...FLAGS, 'src/start.js'] };
}
