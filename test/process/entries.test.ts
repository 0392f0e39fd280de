import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { ENVIRONMENT, FLAGS } from '../../src/boot/runtime.js';
import { endAll, runsProgram, startsServer } from './running-server.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENTRIES = ['src/start.js', 'src/cli.js'] as const;
const TOO_OLD = /^Postern needs Node 24 or newer; this is v\d+\.\d+\.\d+\. Install Node 24 [^\n]*\n$/;

describe('The first files of the server and of the command line', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  afterEach(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const entry of ENTRIES) {
    it(`say which Node they need and exit with 78 before anything else is loaded: ${entry}`, async () => {
      const old = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' });
        Object.defineProperty(process, 'version', { value: 'v20.20.2' });
        Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } });`;
      const preload = `--import=data:text/javascript,${encodeURIComponent(old)}`;
      const ended = await runsProgram(entry, { DATA_DIR: join(folder, 'data'), NODE_OPTIONS: preload });
      assert.equal(ended.code, 78);
      assert.match(ended.errors, TOO_OLD);
      assert.match(ended.errors, /this is v20\.20\.2/);
      assert.equal(ended.output, '');
      assert.deepEqual(readdirSync(folder), []);
    });

    it(`can be parsed by every other Node on this machine, too: ${entry}`, () => {
      for (const file of filesReadFirst(entry)) {
        const code = readFileSync(join(ROOT, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
        assert.doesNotMatch(code, /\?\.|\?\?|\|\|=|&&=|\bawait\b|#\w|node:[^']*';$/m, file);
      }
      for (const node of otherNodes()) {
        let outcome: { status: number | null; stderr: string } | undefined;
        try {
          execFileSync(node, [entry], { cwd: ROOT, env: {}, encoding: 'utf8', stdio: 'pipe' });
        } catch (error) {
          assert.ok(error instanceof Error && 'status' in error && 'stderr' in error);
          outcome = error as unknown as { status: number | null; stderr: string };
        }
        assert.deepEqual([outcome?.status, TOO_OLD.test(outcome?.stderr ?? '')], [78, true], node);
      }
    });
  }

  it('are run by npm, without anything that only some shells understand', () => {
    assert.equal(packageJson.scripts.start, 'node src/start.js');
    assert.equal(packageJson.scripts.cli, 'node src/cli.js');
  });

  it('give the server its settings, which Node and glibc read before the first line', async () => {
    const server = await startsServer({ DATA_DIR: folder });
    assert.deepEqual(argumentsOf(server.pid).slice(1, 1 + FLAGS.length), FLAGS);
    assert.equal(environmentOf(server.pid).get('MALLOC_ARENA_MAX'), ENVIRONMENT.MALLOC_ARENA_MAX);
    assert.equal((await server.stop()).code, 0);
  });

  it('do not change settings of the operator', async () => {
    const server = await startsServer({ DATA_DIR: folder, MALLOC_ARENA_MAX: '2' });
    assert.deepEqual(argumentsOf(server.pid).slice(1), ['src/start.js']);
    assert.equal(environmentOf(server.pid).get('MALLOC_ARENA_MAX'), '2');
    assert.equal((await server.stop()).code, 0);
  });
});

/** The entry, and its static imports. */
function filesReadFirst(entry: string): readonly string[] {
  const imported = [...readFileSync(join(ROOT, entry), 'utf8').matchAll(/^import .* from '\.\/(.*)';$/gm)];
  return [entry, ...imported.map(([, file]) => `src/${file}`)];
}

/** Nodes on the path that are too old. */
function otherNodes(): readonly string[] {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  return found.filter((node) => {
    if (!existsSync(node)) return false;
    const [, major] = /^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' })) ?? [];
    return Number(major) < 24;
  });
}

function argumentsOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
}

function environmentOf(pid: number): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}
