import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { sizeThreadPool } from '../../src/boot/process.ts';
import { until } from '../support/until.ts';
import { endAll, startsServer } from './running-server.ts';

describe('The threads of the server', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  after(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are one more than the processors for hashing, with a lower priority than the main thread', async () => {
    const server = await startsServer({ DATA_DIR: folder });
    const task = `/proc/${server.pid}/task`;
    const hashing = () =>
      readdirSync(task)
        .map((thread) => threadOf(`${task}/${thread}`))
        .filter(({ name }) => name === 'libuv-worker')
        .map(({ nice }) => nice);
    const expected = Array.from({ length: availableParallelism() + 1 }, () => 10);
    // The server is ready before its threads have a lower priority, one after the other.
    await until('the threads have yielded', () => isDeepStrictEqual(hashing(), expected));
    assert.equal(threadOf(`/proc/${server.pid}`).nice, 0);
    assert.equal((await server.stop()).code, 0);
  });

  it('keep their priority if a sandbox does not allow the change', async () => {
    const refused: number[] = [];
    sizeThreadPool((thread) => {
      refused.push(Number(thread));
      throw Object.assign(new Error('Operation not permitted'), { code: 'ERR_SYSTEM_ERROR' });
    });
    while (refused.length === 0) await delay(5);
    await delay(5);
    assert.equal(refused.length, 1);
  });

  /** By proc(5): the name in parentheses, and the nice value 19th. */
  function threadOf(path: string): { readonly name: string; readonly nice: number } {
    const [, name = '', rest = ''] = /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`${path}/stat`, 'utf8')) ?? [];
    return { name, nice: Number(rest.split(' ')[16]) };
  }
});
