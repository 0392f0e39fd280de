import assert from 'node:assert/strict';
import { askedAuthenticators, hasOnlyUnoffered, isMailboxSpent } from '../../src/policy/policy.ts';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import { TWO_FACTOR_RULES, type TwoFactorRule } from '../../src/settings/rule.ts';
import {
  AGENTS,
  applied,
  authenticator,
  combined,
  IN_GRACE,
  SITE,
  stepAfterPassword,
} from './rules-under-test.ts';

type Methods = readonly MethodId[];
const both: Methods = METHOD_IDS;
const ANN = { resetByMailAt: null };

describe('The policy of the site alone', () => {
  /** The rule, the offered methods, those of the person's authenticators, and the step after the password. */
  const table: readonly (readonly [TwoFactorRule, Methods, Methods, string])[] = [
    ['off', both, [], 'signed in'],
    ['off', both, ['app'], 'second step'],
    ['off', [], both, 'second step'],
    ['optional', both, [], 'signed in'],
    ['optional', both, ['app'], 'second step'],
    ['optional', both, ['email'], 'second step'],
    ['optional', ['app'], ['email'], 'second step'],
    ['optional', ['app'], ['email', 'app'], 'second step'],
    ['optional', [], both, 'second step'],
    ['mandatory', both, [], 'enrolment'],
    ['mandatory', both, ['app'], 'second step'],
    ['mandatory', ['app'], ['email'], 'second step'],
    ['mandatory', ['email'], ['app'], 'second step'],
    ['mandatory', ['email'], ['app', 'email'], 'second step'],
  ];
  for (const [rule, methods, existing, next] of table) {
    it(`${rule}, offering ${list(methods)}, leads a person with ${list(existing)} to: ${next}`, () => {
      const policy = combined([applied({ rule, methods })]);
      const due = stepAfterPassword(policy, existing.map(authenticator), false);
      assert.equal(due?.name ?? 'signed in', next);
      assert.notEqual(due?.deferrable, true);
    });
  }

  it('has three rules, from the weakest to the strictest', () => {
    assert.deepEqual(TWO_FACTOR_RULES, ['off', 'optional', 'mandatory']);
  });

  it('still requires a blocked authenticator: a hundred guesses must not open the door', () => {
    const blocked = { ...authenticator('app', 0), blockedAt: 1 };
    for (const rule of TWO_FACTOR_RULES) {
      const due = stepAfterPassword(combined([applied({ rule })]), [blocked], false);
      assert.equal(due?.name, 'second step');
    }
  });

  it('requires the authenticators of the offered methods, in their order; if there is none, any of them', () => {
    const existing = (['email', 'app', 'app'] as const).map(authenticator);
    const asked = (rule: TwoFactorRule, methods: Methods) => {
      const policy = combined([applied({ rule, methods })]);
      return askedAuthenticators({ account: ANN, policy, authenticators: existing }).map(({ id }) => id);
    };
    assert.deepEqual(asked('optional', both), ['0', '1', '2']);
    assert.deepEqual(asked('mandatory', ['app']), ['1', '2']);
    assert.deepEqual(asked('optional', ['email']), ['0']);
    assert.deepEqual(asked('optional', []), ['0', '1', '2']);
    assert.deepEqual(asked('off', both), ['0', '1', '2']);
  });

  it('recognises people who only have authenticators that are not offered', () => {
    const says = (rule: TwoFactorRule, methods: Methods, existing: Methods) =>
      hasOnlyUnoffered(combined([applied({ rule, methods })]), existing.map(authenticator));
    assert.equal(says('mandatory', ['app'], ['email']), true);
    assert.equal(says('mandatory', ['app'], both), false);
    assert.equal(says('optional', both, ['email']), false);
    assert.equal(says('off', both, ['email']), true);
    assert.equal(says('off', both, []), false);
  });
});

describe('A rule that replaces another', () => {
  const SOME: readonly Methods[] = [[], ['app'], ['email'], both];
  const RULES = TWO_FACTOR_RULES.flatMap((rule) =>
    SOME.filter((methods) => rule !== 'mandatory' || methods.length > 0).map((methods) => ({
      rule,
      methods,
    })),
  );
  /** The place of the change, beside a site rule that offers nothing. */
  const PLACES = { site: SITE, group: AGENTS, person: { kind: 'person' } } as const;

  for (const [place, source] of Object.entries(PLACES)) {
    const under = (rule: (typeof RULES)[number]) =>
      combined([applied({ rule: 'off', methods: [] }), applied({ source, ...rule })]);

    it(`drops no factor, whatever the two rules: of the ${place}`, () => {
      for (const before of RULES)
        for (const after of RULES)
          for (const owned of SOME.filter(({ length }) => length > 0)) {
            const said = JSON.stringify({ before, after, owned });
            const existing = owned.map(authenticator);
            for (const policy of [under(before), under(after)]) {
              assert.equal(stepAfterPassword(policy, existing, false)?.name, 'second step', said);
              const asked = askedAuthenticators({ account: ANN, policy, authenticators: existing });
              assert.ok(asked.length > 0, said);
              // If one of them has an offered method, no other one does.
              const offered = asked.filter(({ method }) => policy.methods.includes(method));
              assert.ok(offered.length === 0 || offered.length === asked.length, said);
            }
          }
    });

    it(`requires a first factor if it is mandatory, and nothing else: of the ${place}`, () => {
      for (const rule of RULES) {
        const due = stepAfterPassword(under(rule), [], false);
        assert.equal(due?.name, rule.rule === 'mandatory' ? 'enrolment' : undefined, JSON.stringify(rule));
      }
    });

    it(`requires another factor if the proven one does not satisfy it: of the ${place}`, () => {
      for (const rule of RULES)
        for (const owned of SOME) {
          const satisfied = rule.rule !== 'mandatory' || owned.some((id) => rule.methods.includes(id));
          const due = stepAfterPassword(under(rule), owned.map(authenticator), true);
          assert.equal(due?.name, satisfied ? undefined : 'enrolment', JSON.stringify({ rule, owned }));
        }
    });
  }
});

describe('A reset of the password by mail', () => {
  const asked = (rule: TwoFactorRule, methods: Methods, existing: Methods, resetByMailAt: number | null) =>
    askedAuthenticators({
      account: { resetByMailAt },
      policy: combined([applied({ rule, methods })]),
      authenticators: existing.map(authenticator),
    }).map(({ method }) => method);

  it('excludes factors that go to the mailbox, whatever the policy offers, if there is an app', () => {
    for (const rule of TWO_FACTOR_RULES)
      for (const methods of [both, ['app'], ['email']] as const) {
        assert.deepEqual(asked(rule, methods, ['email', 'app'], 1), ['app'], `${rule} ${methods}`);
      }
    assert.deepEqual(asked('optional', both, ['email', 'app'], null), ['email', 'app']);
  });

  it('changes nothing for people with only email, or without it', () => {
    for (const existing of [['email'], ['app'], ['app', 'app'], []] as const) {
      assert.deepEqual(asked('optional', both, existing, 1), existing);
      const account = { resetByMailAt: 1 };
      assert.equal(isMailboxSpent({ account, authenticators: existing.map(authenticator) }), false);
    }
  });
});

describe('The checks after the password', () => {
  const mandatory = applied({ rule: 'mandatory', methods: ['app'] });

  it('let enrolment wait during the grace, and not after it', () => {
    const waiting = stepAfterPassword(combined([{ ...mandatory, grace: IN_GRACE }]), [], false);
    assert.deepEqual([waiting?.name, waiting?.deferrable], ['enrolment', true]);
    const over = stepAfterPassword(combined([mandatory]), [], false);
    assert.deepEqual([over?.name, over?.deferrable], ['enrolment', false]);
  });

  it('never let the second step wait', () => {
    const policy = combined([{ ...mandatory, grace: IN_GRACE }]);
    const due = stepAfterPassword(policy, [authenticator('app', 0)], false);
    assert.deepEqual([due?.name, due?.deferrable], ['second step', false]);
  });

  it("require the existing factor before another rule's new one is created", () => {
    const policy = combined([
      applied({ rule: 'optional', methods: ['app'] }),
      applied({ source: SITE, rule: 'mandatory', methods: ['email'] }),
    ]);
    const app = [authenticator('app', 0)];
    assert.equal(stepAfterPassword(policy, app, false)?.name, 'second step');
    assert.equal(stepAfterPassword(policy, app, true)?.name, 'enrolment');
    const withBoth = [...app, authenticator('email', 1)];
    assert.deepEqual(
      askedAuthenticators({ account: ANN, policy, authenticators: withBoth }).map(({ method }) => method),
      ['email'],
    );
    assert.equal(stepAfterPassword(policy, withBoth, true), undefined);
  });
});

function list(methods: Methods): string {
  return methods.join(' and ') || 'nothing';
}
