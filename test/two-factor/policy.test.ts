import assert from 'node:assert/strict';
import { METHOD_IDS, type MethodId } from '../../src/two-factor/method.ts';
import { allowedAuthenticators, TWO_FACTOR_RULES, type TwoFactorRule } from '../../src/two-factor/policy.ts';
import { dueAfterPassword, SIGN_IN_CHECKS } from '../../src/two-factor/sign-in-checks.ts';
import { applied, authenticator, combined, IN_GRACE, SITE } from './rules-under-test.ts';

type Methods = readonly MethodId[];
const both: Methods = METHOD_IDS;

describe('The policy of the site alone', () => {
  /** The rule, the methods on offer, those of the person's authenticators, and what follows the password. */
  const table: readonly (readonly [TwoFactorRule, Methods, Methods, string])[] = [
    ['off', both, [], 'signed in'],
    ['off', both, ['app'], 'signed in'],
    ['off', [], both, 'signed in'],
    ['optional', both, [], 'signed in'],
    ['optional', both, ['app'], 'second step'],
    ['optional', both, ['email'], 'second step'],
    ['optional', ['app'], ['email'], 'signed in'],
    ['optional', ['app'], ['email', 'app'], 'second step'],
    ['optional', [], both, 'signed in'],
    ['mandatory', both, [], 'enrolment'],
    ['mandatory', both, ['app'], 'second step'],
    ['mandatory', ['app'], ['email'], 'enrolment'],
    ['mandatory', ['email'], ['app'], 'enrolment'],
    ['mandatory', ['email'], ['app', 'email'], 'second step'],
  ];
  for (const [rule, methods, existing, next] of table) {
    it(`${rule}, offering ${list(methods)}, takes a person with ${list(existing)} to: ${next}`, () => {
      const policy = combined([applied({ rule, methods })]);
      const due = dueAfterPassword(policy, existing.map(authenticator), false);
      assert.equal(due?.next ?? 'signed in', next);
      assert.notEqual(due?.mayWait, true);
    });
  }

  it('knows the three rules, from the most lenient to the strictest', () => {
    assert.deepEqual(TWO_FACTOR_RULES, ['off', 'optional', 'mandatory']);
  });

  it('asks for a blocked authenticator still: a hundred guesses must not open the door', () => {
    const blocked = { ...authenticator('app', 0), blockedAt: 1 };
    for (const rule of ['optional', 'mandatory'] as const) {
      const due = dueAfterPassword(combined([applied({ rule })]), [blocked], false);
      assert.equal(due?.next, 'second step');
    }
  });

  it('allows the authenticators of the methods on offer, in their order, and none when 2FA is off', () => {
    const existing = (['email', 'app', 'app'] as const).map(authenticator);
    const allowed = (rule: TwoFactorRule, methods: Methods) =>
      allowedAuthenticators(combined([applied({ rule, methods })]), existing).map(({ id }) => id);
    assert.deepEqual(allowed('optional', both), ['0', '1', '2']);
    assert.deepEqual(allowed('mandatory', ['app']), ['1', '2']);
    assert.deepEqual(allowed('optional', ['email']), ['0']);
    assert.deepEqual(allowed('optional', []), []);
    assert.deepEqual(allowed('off', both), []);
  });
});

describe('The checks after the password', () => {
  const mandatory = applied({ rule: 'mandatory', methods: ['app'] });

  it('have a reason each, and no two the same', () => {
    const reasons = SIGN_IN_CHECKS.map(({ reason }) => reason);
    assert.deepEqual(reasons, ['has authenticator', 'mandatory, grace lasts', 'mandatory']);
  });

  it('let enrolment wait while grace lasts, and not after that', () => {
    const waiting = dueAfterPassword(combined([{ ...mandatory, grace: IN_GRACE }]), [], false);
    assert.deepEqual([waiting?.next, waiting?.mayWait], ['enrolment', true]);
    const over = dueAfterPassword(combined([mandatory]), [], false);
    assert.deepEqual([over?.next, over?.mayWait], ['enrolment', false]);
  });

  it('never let the second step wait', () => {
    const policy = combined([{ ...mandatory, grace: IN_GRACE }]);
    const due = dueAfterPassword(policy, [authenticator('app', 0)], false);
    assert.deepEqual([due?.next, due?.mayWait], ['second step', false]);
  });

  it('ask for the factor that there is before the one that a further rule demands is created', () => {
    const policy = combined([
      applied({ rule: 'optional', methods: ['app'] }),
      applied({ source: SITE, rule: 'mandatory', methods: ['email'] }),
    ]);
    const app = [authenticator('app', 0)];
    assert.equal(dueAfterPassword(policy, app, false)?.next, 'second step');
    assert.equal(dueAfterPassword(policy, app, true)?.next, 'enrolment');
    const withBoth = [...app, authenticator('email', 1)];
    assert.deepEqual(
      allowedAuthenticators(policy, withBoth).map(({ method }) => method),
      ['email'],
    );
    assert.equal(dueAfterPassword(policy, withBoth, true), undefined);
  });
});

function list(methods: Methods): string {
  return methods.join(' and ') || 'nothing';
}
