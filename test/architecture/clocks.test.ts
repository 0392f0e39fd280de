import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { minutes } from '../../src/kernel/time.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** Files that may measure how long something takes, with the reason. */
const MAY: Readonly<Record<string, string>> = {
  'test/support/until.ts': 'waits for something, with a limit of minutes',
  'test/support/sending.ts': 'is a browser, which forgets cookies when they expire',
  'test/support/many-people.ts': 'makes accounts of this moment',
  'test/support/stored-session.ts': 'moves the end of a session',
  'test/browser/text/terminal.ts': 'knows that a screen rests when nothing was drawn for some time',
  'test/browser/text/text-browser.ts': 'takes a key that draws nothing for one that does nothing',
  'test/boot/secrets.test.ts': 'has processes begin together',
};

/** The shortest limit of a test: the default of all (`.mocharc.json`). */
const { timeout: LIMIT } = JSON.parse(readFileSync(path.join(ROOT, '.mocharc.json'), 'utf8'));

const CLOCK = /performance\.now\(\)|hrtime|Date\.now\(\) *[-<>]|[-<>]=? *Date\.now\(\)|= Date\.now\(\);/g;
const TIMEOUT = /(?:\.timeout|setDefaultTimeout)\(([^)]*)\)/g;

/** Code that measures durations, and limits that a slow machine exceeds. */
function complaints(source: string): string[] {
  const code = source.replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const clocks = [...code.matchAll(CLOCK)].map(([found]) => found);
  const limits = [...code.matchAll(TIMEOUT)].filter(([, limit = '']) => lengthOf(limit) < LIMIT);
  return [...clocks, ...limits.map(([found]) => found)];
}

/** Milliseconds; constants are not resolved. */
function lengthOf(limit: string): number {
  const length = Number(limit.replaceAll('_', ''));
  return Number.isNaN(length) ? minutes(10) : length;
}

/** A slow machine is not a fault: durations are compared in separate files, which run alone. */
describe('No test', () => {
  it('measures how long something takes, except the timed ones (*.timing.test.ts)', () => {
    const files = globSync('test/**/*.ts', { cwd: ROOT }).filter((file) => !isTimed(file) && !(file in MAY));
    assert.ok(files.length > 300, `${files.length} files`);
    const found = files.flatMap((file) =>
      complaints(readFileSync(path.join(ROOT, file), 'utf8')).map((one) => `${file}: ${one}`),
    );
    assert.deepEqual(found, []);
  });

  it('is excepted without need', () => {
    for (const file of Object.keys(MAY)) {
      assert.notDeepEqual(complaints(readFileSync(path.join(ROOT, file), 'utf8')), [], file);
    }
  });
});

/** Timed tests and what only they use; this file contains examples. */
function isTimed(file: string): boolean {
  return file.endsWith('.timing.test.ts') || path.join(ROOT, file) === import.meta.filename;
}

describe('The check of clocks', () => {
  it('finds a measured time, a deadline and a short limit', () => {
    for (const source of [
      'const began = Date.now();',
      'assert.ok(Date.now() - began < 1000);',
      'while (Date.now() < deadline) await delay(5);',
      'const left = end - Date.now();',
      'const took = performance.now() - began;',
      'this.timeout(60_000);',
      'it("does", () => {}).timeout(2000);',
      'context.setDefaultTimeout(10_000);',
    ]) {
      assert.notDeepEqual(complaints(source), [], source);
    }
  });

  it('ignores the current time and a long limit', () => {
    const source =
      'app.code(Date.now(), 1); newId(Date.now()); this.timeout(CREATION_TIMEOUT); // Date.now() <';
    assert.deepEqual(complaints(source.replace(/\/\/.*/, '')), []);
    assert.deepEqual(complaints('it("does", () => {}).timeout(900_000);\n  // Date.now() - began'), []);
  });
});
