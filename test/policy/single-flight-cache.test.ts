import assert from 'node:assert/strict';
import { minutes, seconds } from '../../src/kernel/time.ts';
import { SingleFlightCache } from '../../src/policy/single-flight-cache.ts';

describe('A count over everybody', () => {
  let now: number;
  let made: number;
  let counts: SingleFlightCache<number>;
  beforeEach(() => {
    [now, made] = [1_000_000, 0];
    counts = new SingleFlightCache(() => now);
  });

  /** Takes this long, and returns how many have been made. */
  const counting = (milliseconds: number) => async () => {
    now += milliseconds;
    made += 1;
    return made;
  };

  it('is repeated each time if it is fast', async () => {
    for (const expected of [1, 2]) {
      assert.deepEqual(await counts.of('all', counting(seconds(2) - 1)), {
        value: expected,
        kept: undefined,
      });
    }
  });

  it('is cached for a hundred times as long as it took if that was long, and reports it', async () => {
    const from = now;
    const first = await counts.of('all', counting(seconds(6)));
    const until = now + minutes(10);
    assert.deepEqual(first, { value: 1, kept: { from, until } });
    now = until - 1;
    assert.equal(await counts.of('all', counting(0)), first);
    now = until;
    assert.equal((await counts.of('all', counting(0))).value, 2);
  });

  it('is not confused with another', async () => {
    await counts.of('all', counting(seconds(6)));
    assert.equal((await counts.of('a group', counting(0))).value, 2);
  });

  it('is made once for all concurrent callers', async () => {
    const mayEnd = Promise.withResolvers<void>();
    const slow = async () => {
      await mayEnd.promise;
      return counting(0)();
    };
    const asked = [1, 2, 3].map(() => counts.of('all', slow));
    mayEnd.resolve();
    assert.deepEqual(
      (await Promise.all(asked)).map(({ value }) => value),
      [1, 1, 1],
    );
  });

  it('that fails is not cached: the next caller starts again', async () => {
    const failing = async () => {
      now += minutes(1);
      throw new Error('The database is away.');
    };
    await assert.rejects(counts.of('all', failing), /away/);
    assert.equal((await counts.of('all', counting(0))).value, 1);
  });
});
