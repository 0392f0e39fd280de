import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileGraph } from './rules.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const LIBRARY = 'oidc-provider';

function sources(): Map<string, string> {
  const files = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const typescript = files.filter((file) => file.endsWith('.ts')).map((file) => path.posix.join('src', file));
  return new Map(typescript.map((file) => [file, readFileSync(path.join(ROOT, file), 'utf8')]));
}

/** Without what loads nothing: types, and `import()`, which loads later. */
function eager(source: string): string {
  return source
    .replace(/^import type [^;]*;/gm, '')
    .replace(/^export type [^;]*;/gm, '')
    .replace(/\bimport\(/g, 'later(');
}

/** The files that are loaded with this one. */
function loadedWith(start: string, all: ReadonlyMap<string, string>): Set<string> {
  const graph = fileGraph(new Map([...all].map(([file, source]) => [file, eager(source)])));
  const loaded = new Set([start]);
  for (const file of loaded) for (const next of graph.get(file) ?? []) loaded.add(next);
  return loaded;
}

const loadsLibrary = (source: string) => new RegExp(`from '${LIBRARY}'`).test(eager(source));

describe('The library of OpenID Connect', () => {
  const all = sources();

  it('is not loaded with the portal and its routes', () => {
    for (const start of ['src/portal.ts', 'src/app.ts']) {
      const loaded = loadedWith(start, all);
      assert.ok(
        loaded.has('src/oidc/open-id.ts') || loaded.has('src/oidc/routes.ts'),
        `${loaded.size} files`,
      );
      const faults = [...loaded].filter((file) => loadsLibrary(all.get(file) ?? ''));
      assert.deepEqual(faults, [], start);
    }
  });

  it('is loaded by the provider that runs', () => {
    const loaded = loadedWith('src/oidc/running-provider.ts', all);
    assert.ok([...loaded].some((file) => loadsLibrary(all.get(file) ?? '')));
  });
});
