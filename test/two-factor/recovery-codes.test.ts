import assert from 'node:assert/strict';
import { SECOND_FACTOR_RULE } from '../../src/limits/failure-backoff.ts';
import { CODE_COUNT } from '../../src/two-factor/recovery-codes.ts';
import { accountOf, actorOf, type TwoFactor, twoFactor } from './two-factor-under-test.ts';

const ANN = accountOf('ann');
const ACTOR = actorOf(ANN);

describe('recovery codes', () => {
  let domain: TwoFactor;

  beforeEach(() => {
    domain = twoFactor();
  });

  const use = (code: string) => domain.recoveryCodes.use(ANN, code, ACTOR, async () => 'in');

  async function renewed(): Promise<readonly [string, ...string[]]> {
    const [first = assert.fail(), ...others] = await domain.recoveryCodes.renew(ANN, ACTOR);
    return [first, ...others];
  }

  it('are ten, each with four groups of letters and digits that are not confused with each other', async () => {
    const codes = await renewed();
    assert.equal(codes.length, CODE_COUNT);
    assert.equal(new Set(codes).size, CODE_COUNT);
    for (const code of codes) assert.match(code, /^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$/);
  });

  it('are accepted once, and report how many are left', async () => {
    const [code] = await renewed();
    assert.deepEqual(await use(code), { kind: 'accepted', left: CODE_COUNT - 1, next: 'in' });
    assert.deepEqual(await use(code), { kind: 'wrong' });
    assert.deepEqual(domain.post.notices(ANN.email), ['recovery codes created', 'recovery code used']);
  });

  it('are accepted for one of several concurrent requests with the same code', async () => {
    const [code] = await renewed();
    const outcomes = await Promise.all(Array.from({ length: SECOND_FACTOR_RULE.from }, () => use(code)));
    assert.equal(outcomes.filter(({ kind }) => kind === 'accepted').length, 1);
  });

  it('count as attempts: five of twenty concurrent guesses are checked', async () => {
    await renewed();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => use('0000-0000-0000-0000')));
    assert.equal(outcomes.filter(({ kind }) => kind === 'wrong').length, SECOND_FACTOR_RULE.from);
    assert.equal(outcomes.filter(({ kind }) => kind === 'wait').length, 20 - SECOND_FACTOR_RULE.from);
    const throttled = domain.events.events.find(({ event }) => event === 'second-step.throttled');
    assert.equal(throttled?.detail['purpose'], 'recovery code');
  });

  it('reset the failures, and unblock the authenticators', async () => {
    const [code] = await renewed();
    const now = domain.clock.now;
    const phone = { id: 'phone', method: 'app', name: 'Phone', data: {}, createdAt: now } as const;
    await domain.authenticators.create({ ...phone, accountId: ANN.id });
    await domain.authenticators.block('phone', now);
    for (let time = 1; time < SECOND_FACTOR_RULE.from; time++) await use('0000-0000-0000-0000');
    assert.equal((await use(code)).kind, 'accepted');
    assert.equal((await domain.authenticators.of(ANN.id))[0]?.blockedAt, null);
    assert.equal(await domain.attempts.waiting(ANN.id), undefined);
  });

  it('are void once there are new ones', async () => {
    const [old] = await renewed();
    const [code] = await renewed();
    assert.deepEqual(await use(old), { kind: 'wrong' });
    assert.equal((await use(code)).kind, 'accepted');
  });

  it('do not work for another person', async () => {
    const [code] = await renewed();
    const ben = accountOf('ben');
    await domain.recoveryCodes.renew(ben, actorOf(ben));
    assert.deepEqual(await domain.recoveryCodes.use(ben, code, actorOf(ben), async () => 'in'), {
      kind: 'wrong',
    });
  });

  it('are refused for an account that has none', async () => {
    assert.deepEqual(await use('0000-0000-0000-0000'), { kind: 'wrong' });
  });

  it('are accepted in any case, with spaces, with the number in the list, and with O for 0', async () => {
    const codes = await renewed();
    const spelled = codes.map((code, index) => {
      const letters = code.replaceAll('-', index % 2 === 0 ? ' ' : '').replaceAll('0', 'O');
      return index % 3 === 0 ? `${index + 1}. ${letters}` : letters.toLowerCase();
    });
    for (const code of spelled) assert.equal((await use(code)).kind, 'accepted', code);
  });
});
