import { ENVIRONMENT, FLAGS } from '../../src/boot/runtime.js';

/** What `npm start` comes to run: what is set for it alone, and what Node is given. */
export function startCommand(): {
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
} {
  return { environment: ENVIRONMENT, args: [...FLAGS, 'src/start.js'] };
}
