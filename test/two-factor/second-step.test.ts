import assert from 'node:assert/strict';
import { hours } from '../../src/kernel/time.ts';
import { SECOND_FACTOR_BLOCK, SECOND_FACTOR_RULE } from '../../src/limits/failure-backoff.ts';
import type { Authenticator } from '../../src/two-factor/authenticator.ts';
import { chooseAuthenticator } from '../../src/two-factor/second-step.ts';
import { accountOf, proofContext, type TwoFactor, twoFactor } from './two-factor-under-test.ts';

const ANN = accountOf('ann');
const CONTEXT = proofContext(ANN);

describe('the second step', () => {
  let domain: TwoFactor;
  let mail: Authenticator;

  beforeEach(async () => {
    domain = twoFactor();
    const owned = { accountId: ANN.id, createdAt: domain.clock.now, data: {} };
    await domain.authenticators.create({ ...owned, id: 'mail', method: 'email', name: 'Work mail' });
    mail = await kept();
  });

  const kept = async () => (await domain.authenticators.of(ANN.id))[0] ?? assert.fail();
  const guess = (code = 'none') => domain.secondStep.verify(mail, { code }, CONTEXT, async () => 'signed in');

  async function mailedCode(): Promise<string> {
    domain.clock.passes(hours(1));
    await domain.methods.email.verifier.delivery?.send(mail, CONTEXT);
    return domain.post.code(ANN.email);
  }

  /** This many failures in a row, with the waits between them. */
  async function fails(times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      domain.clock.passes(hours(1));
      await guess();
    }
  }

  it('accepts a right response, resets the failures and records the use', async () => {
    await fails(4);
    assert.deepEqual(await guess(await mailedCode()), { kind: 'accepted', next: 'signed in' });
    assert.equal((await kept()).lastUsedAt, domain.clock.now);
    assert.deepEqual(domain.proven, ['email']);
    assert.deepEqual(domain.confirmed, [ANN.email]);
    const refused = await guess();
    assert.ok(refused.kind === 'fault');
    assert.equal(refused.failures, 1);
  });

  it('accepts one of twenty concurrent right responses', async () => {
    const code = await mailedCode();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => guess(code)));
    assert.equal(outcomes.filter(({ kind }) => kind === 'accepted').length, 1);
  });

  it('counts each attempt before the response is checked: five of twenty concurrent ones are', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => guess()));
    assert.equal(outcomes.filter(({ kind }) => kind === 'fault').length, SECOND_FACTOR_RULE.from);
    assert.equal(outcomes.filter(({ kind }) => kind === 'wait').length, 20 - SECOND_FACTOR_RULE.from);
  });

  it('checks no response during a wait, not even the right one', async () => {
    const code = await mailedCode();
    for (let time = 0; time < SECOND_FACTOR_RULE.from; time++) await guess();
    assert.equal((await guess(code)).kind, 'wait');
    assert.equal(await domain.secondStep.waiting(ANN), domain.clock.now + SECOND_FACTOR_RULE.first);
    assert.equal(domain.eventNames().at(-1), 'second-step.throttled');
  });

  it('mails the person at the fifth failure in a row, once', async () => {
    await fails(SECOND_FACTOR_RULE.from + 5);
    assert.deepEqual(domain.post.notices(ANN.email), ['second step failed']);
  });

  it('blocks the authenticator at the hundredth failure in a row, and mails the person', async () => {
    await fails(SECOND_FACTOR_BLOCK - 1);
    assert.equal((await kept()).blockedAt, null);
    await fails(1);
    assert.equal((await kept()).blockedAt, domain.clock.now);
    assert.deepEqual(domain.post.notices(ANN.email), ['second step failed', 'authenticator blocked']);
    assert.deepEqual(domain.eventNames().slice(-2), ['second-step.refused', 'second-step.blocked']);
  });

  it('checks no response of a blocked authenticator, and counts none', async () => {
    const code = await mailedCode();
    await domain.authenticators.block(mail.id, domain.clock.now);
    mail = await kept();
    assert.deepEqual(await guess(code), { kind: 'blocked' });
    assert.equal(await domain.secondStep.waiting(ANN), undefined);
    await domain.authenticators.unblock(ANN.id);
    mail = await kept();
    assert.deepEqual(await guess(code), { kind: 'accepted', next: 'signed in' });
  });

  it('records a refusal at a step-up as one of the step-up', async () => {
    await domain.secondStep.verify(
      mail,
      { code: 'none' },
      { ...CONTEXT, purpose: 'step-up' },
      async () => 'stepped up',
    );
    const { event, detail } = domain.events.events.at(-1) ?? assert.fail();
    assert.equal(event, 'step-up.refused');
    assert.deepEqual(detail, {
      ...{ method: 'email', authenticator: 'Work mail', purpose: 'step-up', fault: 'none sent' },
      failures: '1',
    });
  });

  it('asks for the chosen one, else the preferred, else the last used; a blocked one comes last', () => {
    const one = (id: string, changes: Partial<Authenticator> = {}): Authenticator => ({
      ...mail,
      id,
      ...changes,
    });
    const chosen = (usable: readonly Authenticator[], picked?: string) =>
      chooseAuthenticator(usable, picked)?.id;
    const [a, used, preferred] = [
      one('a'),
      one('used', { lastUsedAt: 5 }),
      one('preferred', { preferredAt: 1 }),
    ];
    assert.equal(chosen([a, used, preferred], 'a'), 'a');
    assert.equal(chosen([a, used, preferred], 'somebody else’s'), 'preferred');
    assert.equal(chosen([a, used]), 'used');
    assert.equal(chosen([one('mail'), one('app', { method: 'app' })]), 'app', 'the stronger method');
    assert.equal(chosen([{ ...preferred, blockedAt: 1 }, a]), 'a');
    assert.equal(chosen([{ ...preferred, blockedAt: 1 }]), 'preferred');
    assert.equal(chosen([]), undefined);
  });
});
