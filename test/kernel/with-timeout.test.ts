import assert from 'node:assert/strict';
import { withTimeout } from '../../src/kernel/with-timeout.ts';

const NEVER = new Promise<never>(() => {});

describe('withTimeout', () => {
  it('returns the outcome of work that ends in time, and its error', async () => {
    assert.equal(await withTimeout(Promise.resolve(1), 60_000, () => 2), 1);
    assert.equal(await withTimeout(Promise.resolve('late'), 60_000, () => 2), 'late');
    await assert.rejects(
      withTimeout(Promise.reject(new Error('broken')), 60_000, () => 2),
      /broken/,
    );
  });

  it('returns or throws what `late` does when the time is over', async () => {
    assert.equal(await withTimeout(NEVER, 1, () => 2), 2);
    const late = () => {
      throw new Error('too late');
    };
    await assert.rejects(withTimeout(NEVER, 1, late), /too late/);
  });

  it('leaves no rejection unhandled when the work fails after the time is over', async () => {
    const { promise, reject } = Promise.withResolvers<never>();
    assert.equal(await withTimeout(promise, 1, () => 2), 2);
    // An unhandled rejection would end the process.
    reject(new Error('broken'));
    await new Promise(setImmediate);
  });
});
