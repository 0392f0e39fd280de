import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');

describe('the reporter', () => {
  it('ends with only the counts on the last line', () => {
    const { lines, status } = run(`it('a', () => {}); it('b', () => {});`);
    assert.equal(lines.at(-1), '2 passed, 0 failed');
    assert.ok(
      lines.some((line) => /✔ a/.test(line)),
      'after the report of each test',
    );
    assert.equal(status, 0);
  });

  it('counts failures, including hooks, and mentions what was skipped', () => {
    const { lines, status } = run(
      `it('a', () => {}); it('b', () => { throw new Error('no'); }); it.skip('c', () => {}); after(() => { throw new Error('no'); });`,
    );
    assert.equal(lines.at(-1), '1 passed, 2 failed, 1 skipped');
    assert.equal(status, 2);
  });
});

/** Runs mocha on a suite with the reporter. */
function run(suite: string): { readonly lines: readonly string[]; readonly status: number | null } {
  const folder = mkdtempSync(path.join(tmpdir(), 'postern-'));
  try {
    const file = path.join(folder, 'suite.test.cjs');
    writeFileSync(file, `describe('a suite', () => { ${suite} });`);
    const mocha = path.join(ROOT, 'node_modules/mocha/bin/mocha.js');
    const options = [mocha, '--no-config', '--no-color', '--reporter', 'test/support/reporter.ts', file];
    const { stdout, status } = spawnSync(process.execPath, options, { cwd: ROOT, encoding: 'utf8' });
    return { lines: stdout.trimEnd().split('\n'), status };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
