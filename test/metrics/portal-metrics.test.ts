import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HashingQueue, Overloaded } from '../../src/accounts/hashing-queue.ts';
import { PortalMetrics } from '../../src/metrics/portal-metrics.ts';
import { figuresIn } from '../support/figures.ts';

describe('The metrics of the hashing queue', () => {
  it('are the numbers of running, waiting and refused hashes since the start', async () => {
    const hashing = new HashingQueue(1, { people: 1, strangers: 2 });
    const run = (key: string, work: () => Promise<void>) =>
      hashing.admit({ lane: 'strangers', key }, (turn) => turn(1, work));
    const metrics = new PortalMetrics({
      mails: { depth: async () => ({ waiting: 0, late: 0, oldest: undefined }) },
      logouts: { depth: async () => ({ waiting: 0, late: 0 }) },
      hashing,
      clock: () => 0,
    });
    const figures = async () => {
      const all = figuresIn((await metrics.read([])).text);
      return ['hashes{state="running"}', 'hashes{state="waiting"}', 'hashes_refused_total'].map((name) =>
        all.get(`postern_${name}`),
      );
    };
    assert.deepEqual(await figures(), [0, 0, 0]);
    const { promise, resolve } = Promise.withResolvers<void>();
    const running = run('one', () => promise);
    const waiting = run('two', async () => {});
    for (let count = 0; count < 2; count += 1)
      await assert.rejects(
        run('three', async () => {}),
        Overloaded,
      );
    assert.deepEqual(await figures(), [1, 1, 2]);
    assert.deepEqual(await figures(), [1, 1, 2], 'and are no more for being read twice');
    resolve();
    await Promise.all([running, waiting]);
    await nextTurn();
    assert.deepEqual(await figures(), [0, 0, 2]);
  });
});
