import assert from 'node:assert/strict';
import { days, hours, seconds } from '../../../src/kernel/time.ts';
import {
  FailureBackoff,
  PASSWORD_FROM_ADDRESS_RULE,
  SECOND_FACTOR_RULE,
} from '../../../src/limits/failure-backoff.ts';
import { LINK_SENDING_RULE, RateLimit } from '../../../src/limits/rate-limit.ts';
import { KnexBackoffStore, KnexRateLimitStore } from '../../../src/storage/limits.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, winners } from './people.ts';

const NONE = { failures: 0, waitUntil: 0 };
const ONE = { failures: 1, waitUntil: NOW };
const TWO = { failures: 2, waitUntil: NOW + 1 };

export function limitsSuite(engine: Engine): void {
  describe('back-offs', () => {
    const database = useDatabase(engine);
    const store = () => new KnexBackoffStore(database());

    it('start without failures', async () => {
      assert.deepEqual(await store().read('ann'), NONE);
    });

    it('store what replaces the expected state, for one subject', async () => {
      assert.equal(await store().replace('ann', NONE, ONE), true);
      assert.deepEqual(await store().read('ann'), ONE);
      assert.equal(await store().replace('ann', ONE, TWO), true);
      assert.deepEqual(await store().read('ann'), TWO);
      assert.deepEqual(await store().read('ANN'), NONE);
    });

    it('refuse an update that expects another state', async () => {
      assert.equal(await store().replace('ann', ONE, TWO), false);
      await store().replace('ann', NONE, ONE);
      assert.equal(await store().replace('ann', NONE, TWO), false);
      assert.equal(await store().replace('ann', { ...ONE, waitUntil: NOW + 1 }, TWO), false);
      assert.equal(await store().replace('ann', { ...ONE, failures: 2 }, TWO), false);
      assert.deepEqual(await store().read('ann'), ONE);
    });

    it('count the first failure for one of twenty, and the next for one of twenty', async () => {
      assert.equal(await winners(() => store().replace('ann', NONE, ONE)), 1);
      assert.equal(await winners(() => store().replace('ann', ONE, TWO)), 1);
    });

    it('are removed by one of twenty, and not if there was another failure in between', async () => {
      await store().replace('ann', NONE, TWO);
      assert.equal(await store().remove('ann', 1), false);
      assert.equal(await winners(() => store().remove('ann', 2)), 1);
      assert.deepEqual(await store().read('ann'), NONE);
    });

    it('are forgiven once, with any number of concurrent requests', async () => {
      const throttle = new FailureBackoff(store(), () => NOW);
      await store().replace('ann', NONE, { failures: 7, waitUntil: 0 });
      const forgiven = await Promise.all(Array.from({ length: 20 }, () => throttle.forgive('ann')));
      assert.deepEqual(
        forgiven.filter((count) => count > 0),
        [7],
      );
    });

    it('start again after a reset', async () => {
      for (const subject of ['ann', 'ben', 'cal']) await store().replace(subject, NONE, ONE);
      await store().reset(['ann', 'ben']);
      await store().reset(['ann']);
      assert.deepEqual(await Promise.all(['ann', 'ben', 'cal'].map((one) => store().read(one))), [
        NONE,
        NONE,
        ONE,
      ]);
      assert.equal(await store().replace('ann', NONE, ONE), true);
    });

    it('accept subjects of any length, and do not store the typed text', async () => {
      const subject = `password:${'ä\0'.repeat(5000)}`;
      assert.equal(await store().replace(subject, NONE, ONE), true);
      assert.deepEqual(await store().read(subject), ONE);
      assert.deepEqual(await store().read(`${subject}!`), NONE);
      assert.equal(JSON.stringify(await database()('throttles')).includes('password'), false);
    });

    it('expire at the time that the last failure sets, and never if it sets none', async () => {
      await store().replace('ann', NONE, ONE, NOW);
      await store().replace('ben', NONE, ONE, null);
      await store().replace('cal', NONE, ONE, NOW + 1);
      await store().replace('dan', NONE, ONE, NOW);
      await store().replace('dan', ONE, TWO, NOW + 1);
      await store().replace('eve', NONE, ONE, NOW);
      await store().replace('eve', ONE, TWO);
      await Promise.all([store().forget(NOW), store().forget(NOW)]);
      assert.deepEqual(
        await Promise.all(
          ['ann', 'ben', 'cal', 'dan', 'eve'].map(async (one) => (await store().read(one)).failures),
        ),
        [0, 1, 1, 2, 0],
      );
    });

    it('of passwords are deleted a day after the last failure or its wait; those of a second factor stay', async () => {
      let now = NOW;
      const throttle = new FailureBackoff(store(), () => now);
      await throttle.consume('password', PASSWORD_FROM_ADDRESS_RULE);
      await throttle.consume('second factor', SECOND_FACTOR_RULE);
      now += days(1);
      await store().forget(now - 1);
      assert.equal((await store().read('password')).failures, 1);
      await store().forget(now);
      assert.equal((await store().read('password')).failures, 0);
      await store().forget(now + days(10_000));
      assert.equal((await store().read('second factor')).failures, 1);
    });

    it('grant five of twenty concurrent attempts', async () => {
      const throttle = new FailureBackoff(store(), () => NOW);
      const rule = { from: 5, first: seconds(30), longest: hours(1) };
      assert.equal(await winners(async () => (await throttle.consume('ann', rule)).kind === 'may try'), 5);
      assert.deepEqual(await store().read('ann'), { failures: 5, waitUntil: NOW + seconds(30) });
    });
  });

  describe('rate limits', () => {
    const database = useDatabase(engine);
    const store = () => new KnexRateLimitStore(database());

    it('start empty', async () => {
      assert.deepEqual(await store().read('ann'), { version: 0, times: [] });
    });

    it('store the times that replace the expected version, for one subject', async () => {
      assert.equal(await store().replace('ann', 0, [NOW]), true);
      assert.deepEqual(await store().read('ann'), { version: 1, times: [NOW] });
      assert.equal(await store().replace('ann', 1, [NOW, NOW + 1]), true);
      assert.deepEqual(await store().read('ann'), { version: 2, times: [NOW, NOW + 1] });
      assert.deepEqual(await store().read('bob'), { version: 0, times: [] });
    });

    it('refuse an update that expects another version', async () => {
      assert.equal(await store().replace('ann', 1, [NOW]), false);
      await store().replace('ann', 0, [NOW]);
      assert.equal(await store().replace('ann', 0, [NOW + 1]), false);
      assert.equal(await store().replace('ann', 2, [NOW + 1]), false);
      assert.deepEqual((await store().read('ann')).times, [NOW]);
    });

    it('are used first by one of twenty, and next by one of twenty', async () => {
      assert.equal(await winners(() => store().replace('ann', 0, [NOW])), 1);
      assert.equal(await winners(() => store().replace('ann', 1, [NOW])), 1);
    });

    it('are deleted once their longest window is over, and not before', async () => {
      const rateLimit = new RateLimit(store(), () => NOW);
      await rateLimit.consume('ann', LINK_SENDING_RULE);
      await Promise.all([store().forget(NOW + days(1) - 1), store().forget(NOW + days(1) - 1)]);
      assert.deepEqual((await store().read('ann')).times, [NOW]);
      await Promise.all([store().forget(NOW + days(1)), store().forget(NOW + days(1))]);
      assert.deepEqual(await store().read('ann'), { version: 0, times: [] });
    });

    it('grant one of twenty concurrent requests', async () => {
      const rateLimit = new RateLimit(store(), () => NOW);
      const rule = { pause: seconds(30), windows: [{ length: hours(1), most: 5 }] };
      assert.equal(await winners(async () => (await rateLimit.consume('ann', rule)).kind === 'granted'), 1);
    });
  });
}
