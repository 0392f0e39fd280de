import assert from 'node:assert/strict';
import {
  type Binding,
  type Challenge,
  Challenges,
  CODE_LIFETIME,
  CODE_TRIES,
} from '../../src/codes/challenges.ts';
import { Keyring } from '../../src/kernel/keyring.ts';
import { systemRandom } from '../../src/kernel/random.ts';
import { minutes } from '../../src/kernel/time.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryChallenges } from '../support/memory.ts';

const ADDRESS = 'ann@example.org';
const ANN: Binding = { accountId: 'ann', purpose: 'sign-in', browser: 'browser one' };

describe('challenges', () => {
  const secrets = ['a secret of at least thirty-two characters'];
  let clock: ManualClock;
  let store: MemoryChallenges;
  let challenges: Challenges;

  const challengesUnder = (keys: readonly string[]) =>
    new Challenges({ store, keyring: new Keyring(() => keys), random: systemRandom, clock: clock.read });

  beforeEach(() => {
    clock = new ManualClock();
    store = new MemoryChallenges();
    challenges = challengesUnder(secrets);
  });

  /** Opens a challenge and returns the code as it was delivered. */
  async function codeFor(binding = ANN, address = ADDRESS): Promise<string> {
    let delivered = '';
    await challenges.open(binding, address, async (code) => {
      delivered = code;
      return true;
    });
    return delivered;
  }

  const check = (code: string, binding = ANN, address = ADDRESS) => challenges.verify(binding, address, code);

  async function guessWrong(times: number, code: string): Promise<void> {
    for (let guess = 0; guess < times; guess++) assert.equal(await check(other(code)), 'wrong');
  }

  it('have the designed limits', () => {
    assert.equal(CODE_LIFETIME, minutes(10));
    assert.equal(CODE_TRIES, 5);
  });

  it('accept the delivered code', async () => {
    assert.equal(await check(await codeFor()), 'right');
  });

  it('have six digits, including leading zeros, over the whole range', async () => {
    const asked: number[] = [];
    const given = [0, 42, 999_999];
    const integer = (below: number) => {
      asked.push(below);
      return given[asked.length - 1] ?? 0;
    };
    const random = { ...systemRandom, integer };
    challenges = new Challenges({ store, keyring: new Keyring(() => secrets), random, clock: clock.read });
    assert.deepEqual([await codeFor(), await codeFor(), await codeFor()], ['000000', '000042', '999999']);
    assert.deepEqual(asked, [1_000_000, 1_000_000, 1_000_000]);
  });

  it('store only a keyed hash of the code, different for each challenge', async () => {
    const code = await codeFor();
    const kept = await store.find(ANN);
    assert.ok(kept);
    assert.ok(!JSON.stringify(kept).includes(code));
    const elsewhere = challengesUnder(['another secret of thirty-two characters']);
    assert.equal(await elsewhere.verify(ANN, ADDRESS, code), 'wrong', 'the hash depends on the key');
    const ben = { ...ANN, accountId: 'ben' };
    await store.replace(ben, { ...kept, id: 'another' }, { now: clock.read(), most: 0 });
    assert.equal(await check(code, ben), 'wrong', 'the hash depends on the challenge');
  });

  it('accept a code from before a rotation of the keys', async () => {
    const code = await codeFor();
    const rotated = challengesUnder(['a newer secret of thirty-two characters', ...secrets]);
    assert.equal(await rotated.verify(ANN, ADDRESS, code), 'right');
  });

  it('last ten minutes, to the millisecond', async () => {
    const code = await codeFor();
    clock.passes(minutes(10) - 1);
    assert.equal((await challenges.current(ANN))?.sentAt, clock.now - minutes(10) + 1);
    clock.passes(1);
    assert.equal(await challenges.current(ANN), undefined);
    assert.equal(await check(code), 'expired');
  });

  it('accept the code in the last millisecond', async () => {
    const code = await codeFor();
    clock.passes(minutes(10) - 1);
    assert.equal(await check(code), 'right');
  });

  it('are used once', async () => {
    const code = await codeFor();
    assert.equal(await check(code), 'right');
    assert.equal(await check(code), 'none sent');
    assert.equal(await challenges.current(ANN), undefined);
  });

  it('allow five attempts, including the right one', async () => {
    const code = await codeFor();
    await guessWrong(4, code);
    assert.equal(await check(code), 'right');
  });

  it('are used up after five wrong attempts, also for the right code', async () => {
    const code = await codeFor();
    await guessWrong(5, code);
    assert.equal(await check(code), 'used up');
  });

  it('are replaced by a new one: the earlier code becomes invalid', async () => {
    const first = await codeFor();
    let second = await codeFor();
    // One in a million resends brings the same code again.
    while (second === first) second = await codeFor();
    assert.equal(await check(first), 'wrong');
    assert.equal(await check(second), 'right');
    assert.equal(await check(first), 'none sent');
  });

  it('do not get their attempts back by a resend', async () => {
    await guessWrong(3, await codeFor());
    const code = await codeFor();
    await guessWrong(2, code);
    assert.equal(await check(code), 'used up');
  });

  it('leave one attempt to a code that is sent after all are used up', async () => {
    await guessWrong(5, await codeFor());
    const code = await codeFor();
    assert.equal(await check(code), 'right');
    await guessWrong(5, await codeFor());
    await guessWrong(1, await codeFor());
    assert.equal(await check('000000'), 'used up');
  });

  it('do not get back attempts that are made while the next mail is being sent', async () => {
    const first = await codeFor();
    let code = '';
    await challenges.open(ANN, ADDRESS, async (next) => {
      code = next;
      await guessWrong(3, first);
      return true;
    });
    await guessWrong(2, code);
    assert.equal(await check(code), 'used up');
  });

  it('have five attempts again once the earlier one was used or has expired', async () => {
    const first = await codeFor();
    await guessWrong(4, first);
    assert.equal(await check(first), 'right');
    await guessWrong(4, await codeFor());
    clock.passes(CODE_LIFETIME);
    const code = await codeFor();
    await guessWrong(4, code);
    assert.equal(await check(code), 'right');
  });

  it('keep the earlier code if the new one could not be delivered', async () => {
    const first = await codeFor();
    assert.equal(await challenges.open(ANN, ADDRESS, async () => false), undefined);
    assert.equal(await check(first), 'right');
  });

  it('do not exist if the first code could not be delivered', async () => {
    let undelivered = '';
    const opened = await challenges.open(ANN, ADDRESS, async (code) => {
      undelivered = code;
      return false;
    });
    assert.equal(opened, undefined);
    assert.equal(await challenges.current(ANN), undefined);
    assert.equal(await check(undelivered), 'none sent');
  });

  it('report when they were sent, how long they last and where they went', async () => {
    let announced: Challenge | undefined;
    const opened = await challenges.open(ANN, ADDRESS, async (_code, challenge) => {
      announced = challenge;
      return true;
    });
    assert.deepEqual(opened, announced);
    assert.equal(opened?.sentAt, clock.now);
    assert.equal(opened?.expiresAt, clock.now + minutes(10));
    assert.equal(opened?.address, ADDRESS);
  });

  it('are bound to the account, the purpose, the browser and the address', async () => {
    const code = await codeFor();
    assert.equal(await check(code, { ...ANN, accountId: 'ben' }), 'none sent');
    assert.equal(await check(code, { ...ANN, browser: 'browser two' }), 'none sent');
    for (const purpose of ['step-up', 'enrolment', 'e-mail change'] as const) {
      assert.equal(await check(code, { ...ANN, purpose }), 'none sent', purpose);
      assert.equal(await challenges.current({ ...ANN, purpose }), undefined, purpose);
    }
    assert.equal(await check(code, ANN, 'ben@example.org'), 'none sent');
    assert.equal(await check(code), 'right', 'none of these has used it up');
  });

  it('are independent: a code for one purpose does not change the others', async () => {
    const signIn = await codeFor();
    const stepUp = await codeFor({ ...ANN, purpose: 'step-up' });
    const elsewhere = await codeFor({ ...ANN, browser: 'browser two' });
    assert.equal(await check(stepUp, { ...ANN, purpose: 'step-up' }), 'right');
    assert.equal(await check(elsewhere, { ...ANN, browser: 'browser two' }), 'right');
    assert.equal(await check(signIn), 'right');
  });

  it('accept the right code of one of twenty concurrent requests', async () => {
    const code = await codeFor();
    const results = await Promise.all(Array.from({ length: 20 }, () => check(code)));
    assert.equal(results.filter((result) => result === 'right').length, 1);
  });

  it('check five of twenty concurrent guesses', async () => {
    const code = await codeFor();
    const results = await Promise.all(Array.from({ length: 20 }, () => check(other(code))));
    assert.equal(results.filter((result) => result === 'wrong').length, 5);
    assert.equal(results.filter((result) => result === 'used up').length, 15);
    assert.equal(await check(code), 'used up');
  });

  it('refuse anything that is not a code', async () => {
    await codeFor();
    for (const text of ['', '12345', '1234567', 'abcdef']) assert.equal(await check(text), 'wrong');
  });
});

/** A code that is not this one. */
function other(code: string): string {
  return code === '000000' ? '000001' : '000000';
}
