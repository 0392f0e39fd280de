import assert from 'node:assert/strict';
import { days, hours, minutes, seconds } from '../../src/kernel/time.ts';
import {
  FailureBackoff,
  PASSWORD_ACCOUNT_RULE,
  PASSWORD_FROM_ADDRESS_RULE,
  SECOND_FACTOR_BLOCK,
  SECOND_FACTOR_RULE,
  secondFactorSubject,
  waitAfter,
} from '../../src/limits/failure-backoff.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryThrottles } from '../support/memory.ts';

describe('the back-off', () => {
  const rule = SECOND_FACTOR_RULE;
  let clock: ManualClock;
  let store: MemoryThrottles;
  let throttle: FailureBackoff;

  beforeEach(() => {
    clock = new ManualClock();
    store = new MemoryThrottles();
    throttle = new FailureBackoff(store, clock.read);
  });

  async function fail(times: number, subject = 'ann'): Promise<void> {
    for (let failure = 0; failure < times; failure++) {
      clock.now = (await throttle.waiting(subject, rule)) ?? clock.now;
      assert.equal((await throttle.consume(subject, rule)).kind, 'may try');
    }
  }

  it('grants five attempts, counts the fifth as well, and then makes the subject wait 30 seconds', async () => {
    for (const failures of [1, 2, 3, 4, 5]) {
      assert.equal(await throttle.waiting('ann', rule), undefined);
      assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures });
    }
    const until = clock.now + seconds(30);
    assert.equal(await throttle.waiting('ann', rule), until);
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'wait', until });
  });

  it('grants again at the very end of the wait, not a millisecond earlier', async () => {
    await fail(5);
    clock.passes(seconds(30) - 1);
    assert.equal((await throttle.consume('ann', rule)).kind, 'wait');
    clock.passes(1);
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 6 });
  });

  it('doubles the wait with every further failure, up to one hour', async () => {
    await fail(4);
    const waits: number[] = [];
    for (let failure = 5; failure <= 14; failure++) {
      await fail(1);
      waits.push(((await throttle.waiting('ann', rule)) ?? clock.now) - clock.now);
    }
    const doubled = [30, 60, 120, 240, 480, 960, 1920].map(seconds);
    assert.deepEqual(waits, [...doubled, hours(1), hours(1), hours(1)]);
  });

  it('does not lengthen the wait of a person who keeps trying', async () => {
    await fail(5);
    const until = await throttle.waiting('ann', rule);
    for (let impatient = 0; impatient < 10; impatient++) {
      clock.passes(seconds(1));
      assert.deepEqual(await throttle.consume('ann', rule), { kind: 'wait', until });
    }
  });

  it('forgets the failures in a row after a success', async () => {
    await fail(9);
    await throttle.reset('ann');
    assert.equal(await throttle.waiting('ann', rule), undefined);
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 1 });
  });

  it('does not forget failures with time', async () => {
    await fail(6);
    clock.passes(hours(48));
    store.forget(clock.now);
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 7 });
    assert.equal(await throttle.waiting('ann', rule), clock.now + seconds(120));
  });

  it('does not forget a first failure with time either', async () => {
    await fail(1);
    store.forget(clock.now + days(365));
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 2 });
  });

  it('forgets password failures a day after the last one, and not before', async () => {
    const password = PASSWORD_FROM_ADDRESS_RULE;
    const counts = async () => {
      const attempt = await throttle.consume('ann', password);
      return attempt.kind === 'may try' ? attempt.failures : undefined;
    };
    assert.equal(await counts(), 1);
    store.forget(clock.now + days(1) - 1);
    assert.equal(await counts(), 2);
    store.forget(clock.now + days(1));
    assert.equal(await counts(), 1);
  });

  it('does not extend a wait when the clock is set back, and keeps the failures', async () => {
    await fail(6);
    clock.passes(-hours(5));
    const until = clock.now + seconds(60);
    assert.equal(await throttle.waiting('ann', rule), until);
    clock.passes(seconds(59));
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'wait', until });
    clock.passes(seconds(1));
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 7 });
  });

  it('starts the wait again if somebody tries after the clock was set back', async () => {
    await fail(20);
    clock.passes(-hours(5));
    const until = clock.now + hours(1);
    for (const passed of [0, 1, hours(1) - 2]) {
      clock.passes(passed);
      assert.deepEqual(await throttle.consume('ann', rule), { kind: 'wait', until });
    }
    clock.passes(1);
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 21 });
  });

  it('makes nobody wait because the clock was set back, if they did not wait before', async () => {
    await fail(4);
    clock.passes(-hours(5));
    assert.equal(await throttle.waiting('ann', rule), undefined);
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 5 });
  });

  it('grants none of twenty concurrent attempts during a wait from before the clock was set back', async () => {
    await fail(8);
    clock.passes(-hours(5));
    const until = clock.now + seconds(240);
    const tries = await Promise.all(Array.from({ length: 20 }, () => throttle.consume('ann', rule)));
    assert.deepEqual(
      tries,
      tries.map(() => ({ kind: 'wait', until })),
    );
  });

  it('counts each subject separately', async () => {
    await fail(5, 'ann');
    assert.deepEqual(await throttle.consume('ben', rule), { kind: 'may try', failures: 1 });
    await throttle.reset('ben');
    assert.equal((await throttle.consume('ann', rule)).kind, 'wait');
  });

  it('counts twenty concurrent attempts as twenty: only the five before the wait are granted', async () => {
    const tries = await Promise.all(Array.from({ length: 20 }, () => throttle.consume('ann', rule)));
    const counted = tries.flatMap((attempt) => (attempt.kind === 'may try' ? [attempt.failures] : []));
    assert.deepEqual(counted.sort(), [1, 2, 3, 4, 5]);
    assert.deepEqual(
      new Set(tries.flatMap((attempt) => (attempt.kind === 'wait' ? [attempt.until] : []))),
      new Set([clock.now + seconds(30)]),
    );
  });

  it('grants exactly one of twenty concurrent attempts when a wait has just ended', async () => {
    await fail(7);
    clock.now = (await throttle.waiting('ann', rule)) ?? 0;
    const tries = await Promise.all(Array.from({ length: 20 }, () => throttle.consume('ann', rule)));
    assert.deepEqual(
      tries.filter(({ kind }) => kind === 'may try'),
      [{ kind: 'may try', failures: 8 }],
    );
  });

  describe('of two counts at once', () => {
    const [own, all] = [
      { subject: 'own', rule },
      { subject: 'all', rule: { ...rule, from: 8 } },
    ] as const;
    const failures = async (subject: string) => (await store.read(subject)).failures;

    it('takes one attempt of each', async () => {
      assert.deepEqual(await throttle.consumeEach(own, all), { kind: 'may try' });
      assert.deepEqual([await failures('own'), await failures('all')], [1, 1]);
    });

    it('takes none if either waits, and returns whose wait it is', async () => {
      await fail(5, 'own');
      const until = clock.now + seconds(30);
      assert.deepEqual(await throttle.consumeEach(own, all), { kind: 'wait', until, subject: 'own' });
      for (let time = 0; time < 8; time++) await throttle.consume('all', all.rule);
      assert.deepEqual(await throttle.consumeEach({ subject: 'other', rule }, all), {
        ...{ kind: 'wait', until, subject: 'all' },
      });
      assert.deepEqual([await failures('own'), await failures('other'), await failures('all')], [5, 0, 8]);
    });

    it('takes none of twenty concurrent attempts from one that the other refuses', async () => {
      const each = Array.from({ length: 20 }, (_, number) => ({ subject: `client ${number}`, rule }));
      const tries = await Promise.all(each.map((client) => throttle.consumeEach(client, all)));
      const through = tries.flatMap(({ kind }, number) => (kind === 'may try' ? [number] : []));
      assert.equal(through.length, 8);
      for (const [number, { subject }] of each.entries()) {
        assert.equal(await failures(subject), through.includes(number) ? 1 : 0, subject);
      }
    });

    it('leaves no wait behind for an attempt that was taken back', async () => {
      await fail(4, 'own');
      for (let time = 0; time < 7; time++) await throttle.consume('all', all.rule);
      // Three at once: one is the eighth in all; the others may take their own count first and give it back.
      const clients = [own, { subject: 'second', rule }, { subject: 'third', rule }];
      const tries = await Promise.all(clients.map((client) => throttle.consumeEach(client, all)));
      assert.equal(tries.filter(({ kind }) => kind === 'may try').length, 1);
      for (const [index, { subject }] of clients.entries()) {
        const isThrough = tries[index]?.kind === 'may try';
        const { failures: counted, waitUntil } = await store.read(subject);
        assert.equal(counted, (subject === 'own' ? 4 : 0) + Number(isThrough));
        assert.equal(waitUntil > 0, subject === 'own' && isThrough);
      }
    });
  });

  it('ends for good if the rule has an end', async () => {
    const ending = { ...rule, end: { at: 7, wait: days(365) } };
    assert.deepEqual(
      [5, 6, 7, 70].map((times) => waitAfter(times, ending)),
      [seconds(30), seconds(60), days(365), days(365)],
    );
  });

  it('has the designed waits for the second factor and keeps counting up to the block', async () => {
    assert.deepEqual(SECOND_FACTOR_RULE, { from: 5, first: seconds(30), longest: hours(1) });
    assert.equal(SECOND_FACTOR_BLOCK, 100);
    await fail(99);
    clock.now = (await throttle.waiting('ann', rule)) ?? 0;
    assert.deepEqual(await throttle.consume('ann', rule), { kind: 'may try', failures: 100 });
  });

  it('turns failures into waits by each rule', () => {
    const cases = [
      [SECOND_FACTOR_RULE, 0, 0],
      [SECOND_FACTOR_RULE, 4, 0],
      [SECOND_FACTOR_RULE, 5, seconds(30)],
      [SECOND_FACTOR_RULE, 11, minutes(32)],
      [SECOND_FACTOR_RULE, 12, hours(1)],
      [SECOND_FACTOR_RULE, 5000, hours(1)],
      [PASSWORD_FROM_ADDRESS_RULE, 5, seconds(30)],
      [PASSWORD_ACCOUNT_RULE, 99, 0],
      [PASSWORD_ACCOUNT_RULE, 100, seconds(30)],
      [PASSWORD_ACCOUNT_RULE, 104, minutes(5)],
    ] as const;
    for (const [by, failures, wait] of cases)
      assert.equal(waitAfter(failures, by), wait, `after ${failures}`);
  });

  it('counts the second factor by the account only: sessions, methods and resends share one count', () => {
    assert.equal(secondFactorSubject('a1'), secondFactorSubject('a1'));
    assert.notEqual(secondFactorSubject('a1'), secondFactorSubject('a2'));
  });
});
