import assert from 'node:assert/strict';
import { loosensResets, weakensRule, weakensSite } from '../../src/policy/weakening.ts';
import type { Grace } from '../../src/settings/grace.ts';
import type { MethodId } from '../../src/settings/method-ids.ts';
import type { TwoFactorRule } from '../../src/settings/rule.ts';
import { DEFAULT_SETTINGS, type ResetRules, type Settings } from '../../src/settings/settings.ts';

function rule(
  name: TwoFactorRule,
  methods: readonly MethodId[] = ['app', 'email'],
  grace: Grace = { kind: 'none' },
) {
  return { rule: name, methods, grace };
}

const days = (number: number): Grace => ({ kind: 'days', days: number });
const until = (at: number): Grace => ({ kind: 'until', at });

describe('A weaker rule', () => {
  for (const [before, after] of [
    [rule('mandatory'), rule('optional')],
    [rule('mandatory'), rule('off', [])],
    [rule('optional'), rule('off')],
    [rule('optional', ['app']), rule('optional', ['app', 'email'])],
    [rule('mandatory', ['app']), rule('mandatory', ['email'])],
    [rule('mandatory', ['app', 'email']), rule('mandatory', ['email'])],
    [rule('mandatory'), rule('mandatory', undefined, days(1))],
    [rule('mandatory', undefined, days(1)), rule('mandatory', undefined, days(2))],
    [rule('mandatory', undefined, until(1)), rule('mandatory', undefined, until(2))],
    [rule('mandatory', undefined, until(9)), rule('mandatory', undefined, days(1))],
  ] as const) {
    it(`is ${JSON.stringify(after)} after ${JSON.stringify(before)}, and not the other way round`, () => {
      assert.equal(weakensRule(before, after), true);
      // Two kinds of grace cannot be compared: both directions count as longer.
      const sameKind = before.grace.kind === after.grace.kind || before.grace.kind === 'none';
      if (sameKind) assert.equal(weakensRule(after, before), false);
      assert.equal(weakensRule(after, after), false);
    });
  }

  it('is none if a grace changes that nobody needs', () => {
    assert.equal(weakensRule(rule('optional'), rule('optional', undefined, days(9))), false);
    assert.equal(weakensRule(rule('off', ['app']), rule('off', ['app', 'email'])), false);
  });
});

describe('Weaker settings', () => {
  const changed = (changes: Partial<Settings>) =>
    weakensSite(DEFAULT_SETTINGS, { ...DEFAULT_SETTINGS, ...changes });

  it('are more days of trust, another sender of the warning mails, or a weaker rule', () => {
    assert.equal(changed({ trustDays: 1 }), true);
    assert.equal(changed({ sender: 'nobody@example.org' }), true);
    assert.equal(changed({ twoFactor: { rule: 'off', methods: [] } }), true);
  });

  it('are not any of the others', () => {
    assert.equal(changed({ twoFactor: { rule: 'mandatory', methods: ['app'] } }), false);
    assert.equal(
      changed({ siteName: 'Another', signUp: true, helpContact: 'Room 5', language: 'de' }),
      false,
    );
    assert.equal(
      weakensSite({ ...DEFAULT_SETTINGS, trustDays: 9 }, { ...DEFAULT_SETTINGS, trustDays: 8 }),
      false,
    );
  });
});

describe('Rules that make resets easier', () => {
  const on = (waitingHours: number): ResetRules => ({ secondApproval: true, waitingHours });
  const off = (waitingHours: number): ResetRules => ({ secondApproval: false, waitingHours });

  it('are without the second approval, or with a shorter wait', () => {
    assert.ok(loosensResets(on(48), off(48)));
    assert.ok(loosensResets(on(48), off(168)));
    assert.ok(loosensResets(on(48), on(47)));
  });

  it('are not a longer wait, the same one, or any change while one administrator was enough', () => {
    assert.ok(!loosensResets(on(48), on(48)));
    assert.ok(!loosensResets(on(48), on(49)));
    assert.ok(!loosensResets(off(48), off(0)));
    assert.ok(!loosensResets(off(48), on(0)));
  });
});
