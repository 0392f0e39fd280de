import assert from 'node:assert/strict';
import { days, hours, seconds } from '../../../src/kernel/time.ts';
import { ClientBudget } from '../../../src/limits/client-budget.ts';
import { KnexBudgetStore } from '../../../src/storage/client-budgets.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, winners } from './people.ts';

const HERE = '203.0.113.9';

export function clientBudgetsSuite(engine: Engine): void {
  describe('budgets of clients', () => {
    const database = useDatabase(engine);
    let now = NOW;
    const budget = (most = 10) =>
      new ClientBudget(new KnexBudgetStore(database()), () => now, { of: 'failures', most, per: days(1) });
    const granted = async (times: number, address = HERE) => {
      let count = 0;
      for (let time = 0; time < times; time++) {
        if ((await budget().consume(address)).kind === 'granted') count++;
      }
      return count;
    };

    beforeEach(() => {
      now = NOW;
    });

    it('are spent by ten of twenty concurrent requests, also the first time', async () => {
      assert.equal(await winners(async () => (await budget().consume(HERE)).kind === 'granted'), 10);
      assert.deepEqual(await budget().consume(HERE), { kind: 'wait', until: NOW + seconds(30) });
    });

    it('cause a wait that doubles each time, drain, and are full again a day later', async () => {
      assert.equal(await granted(12), 10);
      for (const wait of [30, 60, 120, 240]) {
        assert.deepEqual(await budget().consume(HERE), { kind: 'wait', until: now + seconds(wait) });
        now += seconds(wait);
        assert.equal(await granted(1), 1);
      }
      now += days(2);
      assert.equal(await granted(12), 10);
    });

    it('take back exactly the given amount, for all of twenty concurrent requests', async () => {
      await granted(9);
      await Promise.all(Array.from({ length: 20 }, () => budget().giveBack(HERE, 1)));
      assert.equal(await granted(12), 10);
      await budget().giveBack('198.51.100.1', 1);
    });

    it('end a wait when its reason is gone, and not before', async () => {
      await granted(12);
      now += seconds(30);
      assert.equal(await granted(2), 1);
      await budget().giveBack(HERE, 1);
      assert.equal(await granted(1), 0);
      await budget().giveBack(HERE, 1);
      assert.equal(await granted(2), 1);
    });

    it('are not spent by others', async () => {
      await granted(12);
      assert.equal(await granted(12, '198.51.100.1'), 10);
      const other = { of: 'sign-ups', most: 10, per: days(1) };
      assert.equal(
        (await new ClientBudget(new KnexBudgetStore(database()), () => now, other).consume(HERE)).kind,
        'granted',
      );
    });

    it('survive a clock that is set back', async () => {
      await granted(12);
      now -= days(30);
      assert.equal(await granted(1), 1);
      now += days(2);
      assert.equal(await granted(12), 10);
    });

    it('are deleted once they have drained, and not before', async () => {
      const store = new KnexBudgetStore(database());
      await granted(12);
      await granted(1, '198.51.100.1');
      const rows = async () => (await database()('client_budgets')).length;
      await store.forget(NOW);
      assert.equal(await rows(), 2);
      await store.forget(NOW + days(1) / 10);
      assert.equal(await rows(), 1);
      await Promise.all(Array.from({ length: 5 }, () => store.forget(NOW + days(1) + hours(1))));
      assert.equal(await rows(), 0);
    });

    it('contain no address in plain text', async () => {
      await granted(1);
      assert.ok(!JSON.stringify(await database()('client_budgets')).includes(HERE));
    });
  });
}
