import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

/**
 * The server's first file, and the only one in JavaScript. What an earlier start kept of the TypeScript (`keepCompiled`) is
 * found before any of it is loaded: then there is nothing to strip, and what strips types (18 MB of WebAssembly) stays away.
 * The very first start has nothing kept, and nothing is made here: its environment may have faults.
 */
const kept = join(process.env['DATA_DIR'] || 'data', 'cache');
if (existsSync(kept)) enableCompileCache(kept);
await import('./main.ts');
