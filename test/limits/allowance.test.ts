import assert from 'node:assert/strict';
import { Allowance, CODE_SENDING_RULE, LINK_SENDING_RULE } from '../../src/limits/allowance.ts';
import { days, hours, minutes, seconds } from '../../src/time.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryAllowances } from '../support/memory.ts';

describe('the allowance for sending codes', () => {
  const rule = CODE_SENDING_RULE;
  let clock: ManualClock;
  let allowance: Allowance;

  beforeEach(() => {
    clock = new ManualClock();
    allowance = new Allowance(new MemoryAllowances(), clock.read);
  });

  /** Takes once, after the pause that the rule wants. */
  async function take(subject = 'ann') {
    clock.passes(rule.pause);
    return allowance.take(subject, rule);
  }

  it('pauses 30 seconds after each, to the millisecond', async () => {
    assert.deepEqual(await allowance.take('ann', rule), { kind: 'granted' });
    const until = clock.now + seconds(30);
    assert.equal(await allowance.waiting('ann', rule), until);
    clock.passes(seconds(30) - 1);
    assert.deepEqual(await allowance.take('ann', rule), { kind: 'wait', until });
    clock.passes(1);
    assert.equal(await allowance.waiting('ann', rule), undefined);
    assert.deepEqual(await allowance.take('ann', rule), { kind: 'granted' });
  });

  it('grants five in any hour: the sixth waits until the first is an hour old', async () => {
    const first = clock.now;
    for (let time = 1; time <= 5; time++) {
      assert.equal((await allowance.take('ann', rule)).kind, 'granted');
      clock.passes(minutes(2));
    }
    assert.deepEqual(await allowance.take('ann', rule), { kind: 'wait', until: first + hours(1) });
    clock.now = first + hours(1) - 1;
    assert.equal((await allowance.take('ann', rule)).kind, 'wait');
    clock.passes(1);
    assert.equal((await allowance.take('ann', rule)).kind, 'granted');
    assert.deepEqual(await take(), { kind: 'wait', until: first + minutes(2) + hours(1) });
  });

  it('grants ten in any day, however they are spread', async () => {
    const first = clock.now + rule.pause;
    for (let time = 1; time <= 10; time++) {
      assert.equal((await take()).kind, 'granted');
      clock.passes(hours(1));
    }
    assert.deepEqual(await take(), { kind: 'wait', until: first + days(1) });
    clock.now = first + days(1);
    assert.equal((await allowance.take('ann', rule)).kind, 'granted');
  });

  it('waits no longer than its own pause and windows when the clock is set back', async () => {
    await allowance.take('ann', rule);
    clock.passes(-hours(5));
    const until = clock.now + rule.pause;
    assert.equal(await allowance.waiting('ann', rule), until);
    clock.passes(rule.pause - 1);
    assert.deepEqual(await allowance.take('ann', rule), { kind: 'wait', until });
    clock.passes(1);
    assert.deepEqual(await allowance.take('ann', rule), { kind: 'granted' });
  });

  it('forgets nothing that was done when the clock is set back: the window begins again', async () => {
    for (let time = 1; time <= 5; time++) await take();
    clock.passes(-days(3));
    const until = clock.now + hours(1);
    for (const passed of [0, minutes(30), minutes(30) - 1]) {
      clock.passes(passed);
      assert.deepEqual(await allowance.take('ann', rule), { kind: 'wait', until });
    }
    clock.passes(1);
    assert.deepEqual(await allowance.take('ann', rule), { kind: 'granted' });
  });

  it('takes nothing from the allowance when it says no', async () => {
    await allowance.take('ann', rule);
    const until = clock.now + seconds(30);
    for (let impatient = 0; impatient < 20; impatient++) {
      assert.deepEqual(await allowance.take('ann', rule), { kind: 'wait', until });
    }
    for (let time = 2; time <= 5; time++) assert.equal((await take()).kind, 'granted');
  });

  it('grants one of twenty at once', async () => {
    const permissions = await Promise.all(Array.from({ length: 20 }, () => allowance.take('ann', rule)));
    assert.equal(permissions.filter(({ kind }) => kind === 'granted').length, 1);
    assert.equal(permissions.filter(({ kind }) => kind === 'wait').length, 19);
  });

  it('grants no more than the fifth of the hour to twenty at once', async () => {
    for (let time = 1; time <= 4; time++) await take();
    clock.passes(seconds(30));
    const permissions = await Promise.all(Array.from({ length: 20 }, () => allowance.take('ann', rule)));
    assert.equal(permissions.filter(({ kind }) => kind === 'granted').length, 1);
    assert.equal((await take()).kind, 'wait');
  });

  it('counts each subject for itself', async () => {
    await allowance.take('ann', rule);
    assert.deepEqual(await allowance.take('ben', rule), { kind: 'granted' });
  });

  it('is the one of the design for codes, and tighter by the hour for links', () => {
    assert.deepEqual(CODE_SENDING_RULE, {
      pause: seconds(30),
      windows: [
        { length: minutes(60), most: 5 },
        { length: hours(24), most: 10 },
      ],
    });
    assert.deepEqual(
      LINK_SENDING_RULE.windows.map(({ most }) => most),
      [3, 10],
    );
  });
});
