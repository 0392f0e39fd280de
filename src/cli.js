import { checkNode } from './boot/node-version.js';

/** The command line's first file: Node before 24 cannot load TypeScript, and says so of the file's name alone. */
if (checkNode()) import('./cli.ts');
