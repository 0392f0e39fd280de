import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Servers with a given URL are not started. */
const SERVERS = {
  TEST_REDIS_URL: 'redis://x',
  TEST_POSTGRES_URL: 'postgres://x',
  TEST_MARIADB_URL: 'mysql://x',
};

describe('the run of all suites', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-run-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function run(files: Readonly<Record<string, string>>, variables: Readonly<Record<string, string>> = {}) {
    for (const [name, source] of Object.entries(files)) writeFileSync(join(folder, name), source);
    const runner = join(ROOT, 'test/support/run.ts');
    const env = {
      ...process.env,
      ...SERVERS,
      MOCHA_WORKER_ID: undefined,
      FORCE_COLOR: '0',
      TEST_COUNTS: '',
      ...variables,
    };
    const options = { cwd: folder, env, encoding: 'utf8' } as const;
    const { stdout, status } = spawnSync(process.execPath, [runner, '*.cjs'], options);
    return { output: stdout, lines: stdout.trimEnd().split('\n'), status };
  }

  /** Files that wait for each other: neither ends if one runs after the other. */
  const waitsFor = (own: string, other: string) => `
    const { existsSync, writeFileSync } = require('node:fs');
    it('meets the other', (done) => {
      writeFileSync('${own}', '');
      const timer = setInterval(() => existsSync('${other}') && (clearInterval(timer), done()), 10);
    });`;

  it('runs files in parallel, those that measure time alone and last, and sums up in the last line', () => {
    const { output, lines, status } = run({
      'a.timing.test.cjs': `it('is alone', () => {
        if (process.env.MOCHA_WORKER_ID !== undefined) throw new Error('not alone');
      });`,
      'b.test.cjs': waitsFor('b', 'c'),
      'c.test.cjs': `describe('a suite', () => {${waitsFor('c', 'b')}});`,
    });
    assert.equal(lines.at(-1), '3 passed, 0 failed', output);
    assert.equal(status, 0);
    assert.ok(output.indexOf('is alone') > output.indexOf('meets the other'));
    assert.match(output, /^ {2}c\.test\.cjs: \d\.\d s$/m);
  });

  it('counts failures of both parts, of hooks and of files that cannot be loaded, and names them at the end', () => {
    const { output, lines, status } = run({
      'a.timing.test.cjs': `it('a', () => { throw new Error('no'); });`,
      'b.test.cjs': `describe('b', () => {
        it('b', () => {});
        it.skip('s', () => {});
        after(() => { throw new Error('no'); });
      });`,
      'c.test.cjs': `throw new Error('the third cannot be loaded');`,
      'd.test.cjs': `throw new Error('the fourth cannot be loaded');`,
    });
    assert.deepEqual(lines.slice(-5), [
      'Failed: b.test.cjs: b "after all" hook for "s"',
      'Failed: c.test.cjs: Uncaught error outside test suite',
      'Failed: d.test.cjs: Uncaught error outside test suite',
      'Failed: a.timing.test.cjs: a',
      '1 passed, 4 failed, 1 skipped',
    ]);
    assert.match(output, /the third cannot be loaded/);
    assert.match(output, /the fourth cannot be loaded/);
    assert.equal(status, 1);
  });

  it('counts all runs that share a file of counts in the last line, and fails for its own failures only', () => {
    const variables = { TEST_COUNTS: join(folder, 'counts') };
    const first = run(
      { 'a.test.cjs': `it('a', () => {}); it('b', () => { throw new Error('no'); });` },
      variables,
    );
    assert.equal(first.lines.at(-1), '1 passed, 1 failed', first.output);
    assert.equal(first.status, 1);
    const second = run({ 'a.test.cjs': `it('a', () => {}); it.skip('s', () => {});` }, variables);
    assert.equal(second.lines.at(-1), '2 passed, 1 failed, 1 skipped', second.output);
    assert.equal(second.status, 0);
  });

  it('fails if one test is singled out, in either part, and if there is none at all', () => {
    const only = `it.only('a', () => {});`;
    const { output, status } = run({ 'a.test.cjs': only });
    assert.match(output, /`\.only` is not supported/);
    assert.equal(status, 1);
    assert.equal(run({ 'a.test.cjs': '', 'a.timing.test.cjs': only }).status, 1);
    assert.equal(run({ 'a.timing.test.cjs': '' }).status, 1);
  });
});
