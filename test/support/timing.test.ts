import assert from 'node:assert/strict';
import { compareTimes, median, rankDeviations } from './timing.ts';

describe('The comparison of times', () => {
  const noisy = (base: number) => async () => base + Math.random() * 20 + (Math.random() < 0.05 ? 200 : 0);

  it('sees a difference of a quarter through noise and outliers', async () => {
    const { difference, deviations } = await compareTimes(60, noisy(40), noisy(28));
    assert.ok(deviations > 4 && difference > 0.15, JSON.stringify({ difference, deviations }));
  });

  it('sees no difference if there is none', async () => {
    const { difference, deviations } = await compareTimes(60, noisy(30), noisy(30));
    assert.ok(
      Math.abs(deviations) < 4.5 && Math.abs(difference) < 0.3,
      JSON.stringify({ difference, deviations }),
    );
  });

  it('computes medians and ranks', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.equal(rankDeviations([1, 2], [1, 2]), 0);
    assert.ok(Math.abs(rankDeviations([4, 5, 6], [1, 2, 3]) - 1.964) < 0.001);
  });
});
