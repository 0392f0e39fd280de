import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Retention } from '../../src/boot/retention.ts';
import { ManualClock } from '../support/clock.ts';

describe('retention', () => {
  const clock = new ManualClock();

  it('lets each part remove its expired rows, also after one that fails, and reports the failure', async () => {
    const [forgotten, faults]: [number[], unknown[]] = [[], []];
    const broken = { forget: () => Promise.reject(new Error('no database')) };
    const part = { forget: async (now: number) => void forgotten.push(now) };
    const retention = new Retention([part, broken, part], clock.read, (fault) => faults.push(fault));
    await retention.run();
    assert.deepEqual(forgotten, [clock.now, clock.now]);
    assert.match(String(faults), /no database/);
    await retention.run();
    assert.equal(forgotten.length, 4);
  });

  it('repeats by itself after its start, and stops when told to', async () => {
    let count = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const part = {
      async forget() {
        count += 1;
        if (count === 3) resolve();
      },
    };
    const retention = new Retention([part], clock.read, assert.ifError, { first: 1, next: 1 });
    retention.start();
    await promise;
    await retention.stop();
    const stoppedAt = count;
    await pause(20);
    assert.equal(count, stoppedAt);
  });
});
