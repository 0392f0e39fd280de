import assert from 'node:assert/strict';
import type { EffectivePolicy } from '../../src/policy/effective-policy.ts';
import { DEFAULT_SETTINGS } from '../../src/settings/settings.ts';
import { SignInFlow } from '../../src/sign-in/sign-in-flow.ts';
import type { PresentedTrust, TrustOutcome } from '../../src/sign-in/trusted-browsers.ts';
import type { Authenticator } from '../../src/two-factor/authenticator.ts';
import {
  ACTOR,
  ANN,
  APP_ONLY,
  authenticator,
  completionUnderTest,
  MANDATORY,
  NOW,
  OFF,
  OPTIONAL,
  PASSWORD,
  pendingSession,
  pendingSignIn,
  WAITING,
  WITH_APP,
} from './sign-in-under-test.ts';

const [APP, EMAIL] = [authenticator('app', 0), authenticator('email', 1)];
const TRUSTED = { kind: 'trusted', cookie: 'a.b', expiresAt: NOW + 1, id: 'browser' } as const;
const PRESENTED = { tokenHash: 'hash', browser: { accountId: ANN.id } } as PresentedTrust;
const SETTINGS = { ...DEFAULT_SETTINGS, trustDays: 30 };

interface World {
  readonly authenticators?: readonly Authenticator[];
  readonly policy?: EffectivePolicy;
  readonly trust?: TrustOutcome;
}

function flowUnderTest({
  authenticators = [],
  policy = OPTIONAL,
  trust = { kind: 'not trusted' },
}: World = {}) {
  const { completion, done, world, clock, audit } = completionUnderTest();
  const noted =
    <T>(what: string, value: T) =>
    async () => {
      done.push([what]);
      return value;
    };
  const flow = new SignInFlow({
    ...{ completion, audit, clock },
    accounts: { takeSuggestion: noted('suggestion taken', true) },
    authenticators: { of: async () => authenticators },
    policies: { atSignIn: async () => policy, of: async () => policy },
    trustedBrowsers: {
      check: noted('trust checked', trust),
      trust: noted('trust made', TRUSTED),
      holds: (_presented, basis) => {
        done.push(['trust looked at']);
        return basis.trustDays > 0 && basis.policy === policy && basis.authenticators === authenticators;
      },
    },
  });
  const names = () => done.map((one) => (Array.isArray(one) ? one[0] : one));
  return { flow, done, names, world };
}

/** Sends the right password, with or without a trust. */
async function password(world: World, presented?: PresentedTrust, needsTwoFactor?: boolean) {
  const { flow, names } = flowUnderTest(world);
  const entry = { settings: SETTINGS, presented, returnTo: '/wiki', needsTwoFactor };
  return { outcome: await flow.passwordAccepted(ANN, ACTOR, entry), names: names() };
}

const COMPLETED = ['sign-in noted', 'sign-in.completed', 'begun'];

describe('A trust from a browser', () => {
  it('is evaluated by the present account and policy', async () => {
    const { flow, names } = flowUnderTest({ authenticators: [APP], policy: MANDATORY });
    assert.equal(await flow.trusts(PRESENTED, ANN, SETTINGS), true);
    assert.equal(await flow.trusts(PRESENTED, ANN, { ...SETTINGS, trustDays: 0 }), false);
    assert.deepEqual(names(), ['trust looked at', 'trust looked at']);
  });

  it('does not count for another account', async () => {
    const { flow, names } = flowUnderTest({ authenticators: [APP] });
    assert.equal(await flow.trusts(PRESENTED, { ...ANN, id: 'somebody else' }, SETTINGS), false);
    assert.deepEqual(names(), []);
  });
});

describe('After the password', () => {
  it('the sign-in is complete if nothing else is due', async () => {
    const { outcome, names } = await password({ policy: OFF });
    assert.ok(outcome.kind === 'signed in');
    assert.deepEqual([outcome.returnTo, outcome.suggests, outcome.trust], ['/wiki', false, undefined]);
    assert.deepEqual(outcome.state.assurance, PASSWORD);
    assert.deepEqual(names, ['sign-in.password-accepted', ...COMPLETED]);
  });

  it('2FA is suggested if it is optional and the person has none', async () => {
    const { outcome, names } = await password({ policy: OPTIONAL });
    assert.ok(outcome.kind === 'signed in' && outcome.suggests);
    assert.equal(names.at(-1), 'suggestion taken');
  });

  it('2FA is not suggested on the way to an app that asks for it', async () => {
    const { outcome, names } = await password({ policy: OPTIONAL }, undefined, true);
    assert.ok(outcome.kind === 'signed in' && !outcome.suggests);
    assert.deepEqual(names, ['sign-in.password-accepted', ...COMPLETED]);
  });

  it('a code is required if there is an authenticator', async () => {
    const { outcome, names } = await password({ authenticators: [APP] });
    assert.ok(outcome.kind === 'pending');
    assert.deepEqual([outcome.step.path, outcome.asked], ['/sign-in/code', APP]);
    assert.deepEqual(outcome.state, pendingSession({ chosenId: APP.id }));
    assert.deepEqual(names, ['sign-in.password-accepted']);
  });

  it('an authenticator has to be created if the policy requires one', async () => {
    for (const [policy, deferrable] of [
      [MANDATORY, false],
      [WAITING, true],
    ] as const) {
      const { outcome } = await password({ policy });
      assert.ok(outcome.kind === 'pending');
      assert.deepEqual([outcome.step.path, outcome.asked], ['/sign-in/set-up', undefined]);
      assert.equal(outcome.step.deferrable, deferrable);
    }
  });

  it('a trusted browser skips the code, and its trust is renewed', async () => {
    const { outcome, names } = await password({ authenticators: [APP], trust: TRUSTED }, PRESENTED);
    assert.ok(outcome.kind === 'signed in');
    assert.equal(outcome.trust, TRUSTED);
    assert.deepEqual(outcome.state.assurance, [...PASSWORD, { factor: 'trusted browser', at: NOW }]);
    assert.equal(outcome.state.steppedUpAt, 0);
    assert.deepEqual(names, ['sign-in.password-accepted', 'trust checked', ...COMPLETED]);
  });

  it('an invalid trust skips nothing', async () => {
    const { outcome, names } = await password({ authenticators: [APP] }, PRESENTED);
    assert.ok(outcome.kind === 'pending' && outcome.step.name === 'second step');
    assert.deepEqual(outcome.state.assurance, PASSWORD);
    assert.deepEqual(names, ['sign-in.password-accepted', 'trust checked']);
  });

  const unasked: Readonly<Record<string, World>> = {
    'there is no code to skip': { trust: TRUSTED },
    'an enrolment comes after the code': { authenticators: [EMAIL], policy: APP_ONLY, trust: TRUSTED },
    'an enrolment comes first': { policy: MANDATORY, trust: TRUSTED },
  };
  for (const [where, world] of Object.entries(unasked)) {
    it(`a trust is not even checked if ${where}`, async () => {
      assert.ok(!(await password(world, PRESENTED)).names.includes('trust checked'));
    });
  }
});

describe('After the second factor', () => {
  const entry = { settings: SETTINGS, trust: false };

  it('the sign-in is complete, and the browser is trusted if the person wants it', async () => {
    for (const trust of [false, true]) {
      const { flow, names } = flowUnderTest();
      const pending = pendingSignIn(OPTIONAL, [APP]);
      const outcome = await flow.secondFactorAccepted(pending, 'app', ACTOR, { ...entry, trust });
      assert.ok(outcome.kind === 'signed in');
      assert.deepEqual(outcome.state.assurance, WITH_APP);
      assert.deepEqual([outcome.returnTo, outcome.suggests], ['/wiki', false]);
      assert.equal(outcome.trust, trust ? TRUSTED : undefined);
      assert.deepEqual(names(), [...(trust ? ['trust made'] : []), ...COMPLETED]);
    }
  });

  for (const factor of ['email', 'recovery code'] as const) {
    it(`an authenticator has to be created if ${factor} does not satisfy the policy; nothing is trusted`, async () => {
      const { flow, names, world } = flowUnderTest();
      world.now += 60_000;
      const pending = pendingSignIn(APP_ONLY, [EMAIL]);
      const outcome = await flow.secondFactorAccepted(pending, factor, ACTOR, { ...entry, trust: true });
      assert.ok(outcome.kind === 'pending' && outcome.step.name === 'enrolment');
      assert.deepEqual(outcome.state.assurance, [...PASSWORD, { factor, at: world.now }]);
      assert.equal(outcome.state.since, NOW, 'the limit counts from the password on');
      assert.deepEqual(names(), []);
    });
  }
});

describe('At the first enrolment', () => {
  it('the new authenticator completes the sign-in', async () => {
    const { flow, names } = flowUnderTest();
    const outcome = await flow.enrolled(pendingSignIn(MANDATORY, []), APP, ACTOR);
    assert.ok(outcome.kind === 'signed in');
    assert.deepEqual(outcome.state.assurance, WITH_APP);
    assert.equal(outcome.suggests, false);
    assert.deepEqual(names(), COMPLETED);
  });

  it('an authenticator that does not satisfy the policy does not', async () => {
    const { flow } = flowUnderTest();
    const outcome = await flow.enrolled(pendingSignIn(APP_ONLY, []), EMAIL, ACTOR);
    assert.ok(outcome.kind === 'pending' && outcome.step.name === 'enrolment');
  });

  it('"Later" completes the sign-in during the grace', async () => {
    const { flow, names } = flowUnderTest();
    const outcome = await flow.putOff(pendingSignIn(WAITING, []), ACTOR);
    assert.ok(outcome.kind === 'signed in');
    assert.deepEqual(outcome.state.assurance, PASSWORD);
    assert.deepEqual(names(), ['two-factor.put-off', ...COMPLETED]);
  });

  it('"Later" does nothing after the grace, and skips no code', async () => {
    for (const pending of [pendingSignIn(MANDATORY, []), pendingSignIn(WAITING, [APP])]) {
      const { flow, names } = flowUnderTest();
      assert.deepEqual(await flow.putOff(pending, ACTOR), { kind: 'not deferrable' });
      assert.deepEqual(names(), []);
    }
  });
});
