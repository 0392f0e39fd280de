import assert from 'node:assert/strict';
import { LINK_LIFETIME } from '../../src/accounts/links.ts';
import { days, hours, minutes, seconds } from '../../src/kernel/time.ts';
import {
  AWAY_SENDING_RULE,
  CODE_SENDING_RULE,
  DELAYED_SENDING_RULE,
  LINK_SENDING_RULE,
  PASSWORD_LINK_RULE,
  RateLimit,
} from '../../src/limits/rate-limit.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryAllowances } from '../support/memory.ts';

describe('the rate limit for sending codes', () => {
  const rule = CODE_SENDING_RULE;
  let clock: ManualClock;
  let rateLimit: RateLimit;

  beforeEach(() => {
    clock = new ManualClock();
    rateLimit = new RateLimit(new MemoryAllowances(), clock.read);
  });

  /** Takes one after the pause of the rule. */
  async function take(subject = 'ann') {
    clock.passes(rule.pause);
    return rateLimit.consume(subject, rule);
  }

  it('pauses 30 seconds after each, to the millisecond', async () => {
    assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'granted', at: clock.now });
    const until = clock.now + seconds(30);
    assert.equal(await rateLimit.waiting('ann', rule), until);
    clock.passes(seconds(30) - 1);
    assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'wait', until });
    clock.passes(1);
    assert.equal(await rateLimit.waiting('ann', rule), undefined);
    assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'granted', at: clock.now });
  });

  it('grants five in any hour: the sixth waits until the first is an hour old', async () => {
    const first = clock.now;
    for (let time = 1; time <= 5; time++) {
      assert.equal((await rateLimit.consume('ann', rule)).kind, 'granted');
      clock.passes(minutes(2));
    }
    assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'wait', until: first + hours(1) });
    clock.now = first + hours(1) - 1;
    assert.equal((await rateLimit.consume('ann', rule)).kind, 'wait');
    clock.passes(1);
    assert.equal((await rateLimit.consume('ann', rule)).kind, 'granted');
    assert.deepEqual(await take(), { kind: 'wait', until: first + minutes(2) + hours(1) });
  });

  it('grants ten in any day, however they are distributed', async () => {
    const first = clock.now + rule.pause;
    for (let time = 1; time <= 10; time++) {
      assert.equal((await take()).kind, 'granted');
      clock.passes(hours(1));
    }
    assert.deepEqual(await take(), { kind: 'wait', until: first + days(1) });
    clock.now = first + days(1);
    assert.equal((await rateLimit.consume('ann', rule)).kind, 'granted');
  });

  it('extends no wait beyond its own pause and windows when the clock is set back', async () => {
    await rateLimit.consume('ann', rule);
    clock.passes(-hours(5));
    const until = clock.now + rule.pause;
    assert.equal(await rateLimit.waiting('ann', rule), until);
    clock.passes(rule.pause - 1);
    assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'wait', until });
    clock.passes(1);
    assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'granted', at: clock.now });
  });

  it('forgets nothing when the clock is set back: the window starts again', async () => {
    for (let time = 1; time <= 5; time++) await take();
    clock.passes(-days(3));
    const until = clock.now + hours(1);
    for (const passed of [0, minutes(30), minutes(30) - 1]) {
      clock.passes(passed);
      assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'wait', until });
    }
    clock.passes(1);
    assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'granted', at: clock.now });
  });

  it('counts nothing that it refuses', async () => {
    await rateLimit.consume('ann', rule);
    const until = clock.now + seconds(30);
    for (let impatient = 0; impatient < 20; impatient++) {
      assert.deepEqual(await rateLimit.consume('ann', rule), { kind: 'wait', until });
    }
    for (let time = 2; time <= 5; time++) assert.equal((await take()).kind, 'granted');
  });

  it('grants one of twenty concurrent requests', async () => {
    const permissions = await Promise.all(Array.from({ length: 20 }, () => rateLimit.consume('ann', rule)));
    assert.equal(permissions.filter(({ kind }) => kind === 'granted').length, 1);
    assert.equal(permissions.filter(({ kind }) => kind === 'wait').length, 19);
  });

  it('grants only the fifth of the hour to twenty concurrent requests', async () => {
    for (let time = 1; time <= 4; time++) await take();
    clock.passes(seconds(30));
    const permissions = await Promise.all(Array.from({ length: 20 }, () => rateLimit.consume('ann', rule)));
    assert.equal(permissions.filter(({ kind }) => kind === 'granted').length, 1);
    assert.equal((await take()).kind, 'wait');
  });

  /** Takes one now, and returns the time. */
  async function taken(): Promise<number> {
    const permission = await rateLimit.consume('ann', rule);
    assert.equal(permission.kind, 'granted');
    return clock.now;
  }

  it('does not count what is given back: neither for the pause nor for the window', async () => {
    for (let time = 1; time <= 20; time++) {
      assert.equal(await rateLimit.giveBack('ann', await taken()), true);
      assert.equal(await rateLimit.waiting('ann', rule), undefined);
      clock.passes(1);
    }
    for (let time = 1; time <= 5; time++) assert.equal((await take()).kind, 'granted');
    assert.equal((await take()).kind, 'wait');
  });

  it('gives one back once, to one of twenty concurrent requests, and keeps the others counted', async () => {
    for (let time = 1; time <= 3; time++) {
      await taken();
      clock.passes(minutes(1));
    }
    const at = await taken();
    const given = await Promise.all(Array.from({ length: 20 }, () => rateLimit.giveBack('ann', at)));
    assert.equal(given.filter(Boolean).length, 1);
    for (const expected of ['granted', 'granted', 'wait']) assert.equal((await take()).kind, expected);
  });

  it('loses no count if twenty are given back while twenty are taken', async () => {
    const at = await taken();
    clock.passes(seconds(30));
    const asked = Array.from({ length: 20 }, (_, index) =>
      index % 2 === 0 ? rateLimit.consume('ann', rule) : rateLimit.giveBack('ann', at),
    );
    const outcomes = await Promise.all(asked);
    assert.equal(outcomes.filter((one) => one === true).length, 1);
    assert.equal(outcomes.filter((one) => typeof one === 'object' && one.kind === 'granted').length, 1);
    for (let time = 1; time <= 4; time++) assert.equal((await take()).kind, 'granted');
    assert.equal((await take()).kind, 'wait');
  });

  it('gives nothing back that was not taken, or has expired', async () => {
    assert.equal(await rateLimit.giveBack('ann', clock.now), false);
    const at = await taken();
    assert.equal(await rateLimit.giveBack('ann', at - 1), false);
    assert.equal(await rateLimit.giveBack('ben', at), false);
    assert.equal((await rateLimit.consume('ann', rule)).kind, 'wait');
  });

  it('gives back what was taken before the clock was set back', async () => {
    const at = await taken();
    clock.passes(-hours(5));
    assert.equal(await rateLimit.giveBack('ann', at), true);
    assert.equal(await rateLimit.waiting('ann', rule), undefined);
  });

  it('counts each subject separately', async () => {
    await rateLimit.consume('ann', rule);
    assert.deepEqual(await rateLimit.consume('ben', rule), { kind: 'granted', at: clock.now });
  });

  it('has the designed values for codes, and is stricter by the hour for links', () => {
    assert.deepEqual(CODE_SENDING_RULE, {
      pause: seconds(30),
      windows: [
        { length: minutes(60), most: 5 },
        { length: hours(24), most: 10 },
      ],
    });
    assert.deepEqual(AWAY_SENDING_RULE, {
      pause: 0,
      windows: [
        { length: minutes(1), most: 3 },
        { length: minutes(60), most: 20 },
      ],
    });
    assert.deepEqual(DELAYED_SENDING_RULE, CODE_SENDING_RULE);
    assert.deepEqual(
      LINK_SENDING_RULE.windows.map(({ most }) => most),
      [3, 10],
    );
  });

  it('refuses a link for a new password only while the last one is valid', async () => {
    assert.equal(PASSWORD_LINK_RULE.longest, LINK_LIFETIME['password reset']);
    for (let time = 0; time < 40; time++) {
      assert.equal((await rateLimit.consume('ann', PASSWORD_LINK_RULE)).kind, 'granted');
      const last = clock.now;
      clock.now = (await rateLimit.waiting('ann', PASSWORD_LINK_RULE)) ?? clock.now;
      assert.ok(clock.now - last <= hours(1), `${clock.now - last}`);
      if (time >= 12) assert.equal(clock.now - last, hours(1));
    }
  });
});
