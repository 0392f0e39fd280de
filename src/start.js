import { checkNode } from './boot/node-version.js';
import { restartWithSettings } from './boot/runtime.js';

/**
 * The server's entry. With its imports and cli.js it is the only JavaScript, so that an old Node can say that it is too old. The
 * compile cache of an earlier start is enabled before any TypeScript is loaded: then no types are stripped, and the stripper (18 MB of
 * WebAssembly) is not loaded. The first start has no cache yet, and makes none here: the environment is not checked yet.
 */
if (checkNode()) {
  restartWithSettings();
  const { existsSync } = process.getBuiltinModule('node:fs');
  const kept = process.getBuiltinModule('node:path').join(process.env['DATA_DIR'] || 'data', 'cache');
  if (existsSync(kept)) process.getBuiltinModule('node:module').enableCompileCache(kept);
  import('./main.ts');
}
