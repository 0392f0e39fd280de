import assert from 'node:assert/strict';
import { days, hours, minutes, seconds } from '../../src/kernel/time.ts';
import { ClientBudget } from '../../src/limits/client-budget.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryBudgets } from '../support/memory.ts';

const HERE = '203.0.113.9';

describe('the budget of a client', () => {
  let clock: ManualClock;
  let budget: ClientBudget;

  beforeEach(() => {
    clock = new ManualClock();
    budget = new ClientBudget(new MemoryBudgets(), clock.read, { of: 'failures', most: 50, per: days(1) });
  });

  async function take(times: number, address = HERE): Promise<number> {
    let granted = 0;
    for (let time = 0; time < times; time++) {
      if ((await budget.consume(address)).kind === 'granted') granted++;
    }
    return granted;
  }

  it('grants fifty, and then makes the client wait for 30 s', async () => {
    assert.equal(await take(60), 50);
    assert.deepEqual(await budget.consume(HERE), { kind: 'wait', until: clock.now + seconds(30) });
    assert.equal(await take(1, '198.51.100.1'), 1);
  });

  it('doubles the wait with each further one, up to an hour', async () => {
    await take(50);
    for (const wait of [30, 60, 120, 240, 480]) {
      assert.deepEqual(await budget.consume(HERE), { kind: 'wait', until: clock.now + seconds(wait) });
      clock.passes(seconds(wait));
      assert.equal(await take(1), 1);
    }
    for (let time = 0; time < 200; time++) {
      const outcome = await budget.consume(HERE);
      if (outcome.kind === 'wait') {
        assert.ok(outcome.until - clock.now <= hours(1));
        clock.now = outcome.until;
      }
    }
  });

  it('grants no more in the long run than what drains', async () => {
    let granted = await take(60);
    for (let minute = 0; minute < 3 * 24 * 60; minute++) {
      clock.passes(minutes(1));
      granted += await take(1);
    }
    assert.ok(granted <= 50 + 3 * 50 + 8, `${granted}`);
    assert.ok(granted >= 50 + 2 * 50, `${granted}`);
  });

  it('is full again a day later', async () => {
    await take(60);
    clock.passes(days(1) + hours(1));
    assert.equal(await take(60), 50);
  });

  it('counts every address of an IPv6 network, and every spelling of an IPv4 address, as one client', async () => {
    assert.equal(await take(30, '2001:db8:1:2::1'), 30);
    assert.equal(await take(30, '2001:db8:1:2:ffff::2'), 20);
    assert.equal(await take(30), 30);
    assert.equal(await take(30, `::ffff:${HERE}`), 20);
  });

  it('takes back counts, and a wait without a reason', async () => {
    await take(40);
    await budget.giveBack(HERE, 15);
    assert.equal(await take(60), 25);
    await budget.giveBack(HERE, 1);
    assert.equal(await take(60), 1);
    await budget.giveBack(HERE, 50);
    assert.equal(await take(60), 50);
  });

  it('keeps a wait if the remaining count is still too high', async () => {
    await take(50);
    clock.passes(seconds(30));
    assert.equal(await take(1), 1);
    await budget.giveBack(HERE, 1);
    assert.equal((await budget.consume(HERE)).kind, 'wait');
  });

  it('is never more than full, however much is given back', async () => {
    await take(1);
    await budget.giveBack(HERE, 500);
    assert.equal(await take(60), 50);
    await budget.giveBack('198.51.100.1', 5);
  });

  it('grants fifty of two hundred concurrent requests', async () => {
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => budget.consume(HERE)));
    assert.equal(outcomes.filter(({ kind }) => kind === 'granted').length, 50);
  });

  it('makes nobody wait because the clock was set back, if they did not wait before', async () => {
    await take(3);
    await budget.giveBack(HERE, 1);
    clock.passes(-minutes(10));
    assert.equal((await budget.consume(HERE)).kind, 'granted');
    await take(60);
    clock.passes(-days(30));
    assert.equal((await budget.consume(HERE)).kind, 'granted');
    clock.passes(-minutes(10));
    await budget.giveBack(HERE, 50);
    assert.equal((await budget.consume(HERE)).kind, 'granted');
  });

  it('makes nobody wait longer because the clock was set back', async () => {
    await take(60);
    clock.passes(-days(30));
    assert.equal((await budget.consume(HERE)).kind, 'granted');
    clock.passes(days(1) + hours(6));
    assert.equal(await take(60), 50);
  });
});
