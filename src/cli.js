import { checkNode } from './boot/node-version.js';

/** The command line's first file: Node before 24 cannot load TypeScript, and only reports an unknown file extension. */
if (checkNode()) import('./cli.ts');
