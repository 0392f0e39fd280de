import assert from 'node:assert/strict';
import fc from 'fast-check';
import { days } from '../../src/kernel/time.ts';
import { type EffectiveRule, enforcedMethods } from '../../src/policy/effective-policy.ts';
import type { Grace } from '../../src/settings/grace.ts';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import { replaceRule, TWO_FACTOR_RULES, type TwoFactorRule } from '../../src/settings/rule.ts';
import {
  AGENTS,
  applied,
  authenticator,
  combined,
  IN_GRACE,
  NOW,
  stepAfterPassword,
} from './rules-under-test.ts';

describe('Several rules of one person', () => {
  type Said = readonly [TwoFactorRule, readonly MethodId[]];
  const app: readonly MethodId[] = ['app'];
  const email: readonly MethodId[] = ['email'];

  /** The site's rule, a group's, and the result: the rule, its methods, its source. */
  const table: readonly (readonly [Said, Said, Said, string])[] = [
    [['off', METHOD_IDS], ['off', METHOD_IDS], ['off', []], 'site, group'],
    [['off', METHOD_IDS], ['optional', app], ['optional', app], 'group'],
    [['off', METHOD_IDS], ['mandatory', email], ['mandatory', email], 'group'],
    [['optional', METHOD_IDS], ['off', []], ['optional', METHOD_IDS], 'site'],
    [['optional', METHOD_IDS], ['mandatory', app], ['mandatory', app], 'group'],
    [['optional', app], ['mandatory', email], ['mandatory', email], 'group'],
    [['mandatory', METHOD_IDS], ['optional', app], ['mandatory', METHOD_IDS], 'site'],
    [['mandatory', METHOD_IDS], ['mandatory', email], ['mandatory', email], 'site, group'],
    [['optional', METHOD_IDS], ['optional', email], ['optional', email], 'site, group'],
    // No common method: their strongest one.
    [['mandatory', email], ['mandatory', app], ['mandatory', app], 'site, group'],
    [['optional', app], ['optional', email], ['optional', app], 'site, group'],
    // Only another version of the portal can have stored this; nobody is locked out.
    [['mandatory', []], ['off', []], ['mandatory', app], 'site'],
    [['mandatory', []], ['mandatory', email], ['mandatory', app], 'site, group'],
  ];
  for (const [site, group, [rule, methods], because] of table) {
    it(`${say(site)} and ${say(group)} result in ${say([rule, methods])}, because of the ${because}`, () => {
      const policy = combined([
        applied({ rule: site[0], methods: site[1] }),
        applied({ source: AGENTS, rule: group[0], methods: group[1] }),
      ]);
      assert.deepEqual([policy.rule, policy.methods], [rule, methods]);
      assert.equal(policy.decisive.map(({ source }) => source.kind).join(', '), because);
    });
  }

  it('report that they have no common method', () => {
    const mandatory = (methods: readonly MethodId[]) => applied({ rule: 'mandatory', methods });
    assert.equal(combined([mandatory(METHOD_IDS), mandatory(['email'])]).agreed, true);
    assert.equal(combined([mandatory(['app']), mandatory(['email'])]).agreed, false);
  });

  it('have the earliest of their deadlines, and none if nothing is mandatory', () => {
    const mandatory = (grace: Grace) => applied({ rule: 'mandatory', grace });
    const [soon, later] = [NOW + days(1), NOW + days(2)];
    const until = (at: number): Grace => ({ kind: 'until', at });
    assert.deepEqual(combined([mandatory(until(later)), mandatory(until(soon))]).deadline, {
      kind: 'at',
      at: soon,
    });
    assert.deepEqual(combined([mandatory(until(later)), mandatory({ kind: 'none' })]).deadline?.kind, 'over');
    const notBegun = combined([mandatory(until(later)), mandatory({ kind: 'days', days: 1 })]);
    assert.deepEqual(notBegun.deadline, { kind: 'not begun', days: 1 });
    // A rule that is no longer mandatory does not count.
    const optional = applied({ rule: 'optional', grace: until(soon) });
    assert.deepEqual(combined([mandatory(until(later)), optional]).deadline, { kind: 'at', at: later });
    assert.equal(combined([optional]).deadline, undefined);
  });

  it('enforced on one person make mandatory what applies anyway, or what the site would offer', () => {
    const site = { rule: 'off', methods: app } as const;
    const methodsOf = (others: readonly EffectiveRule[]) => enforcedMethods(others, site);
    assert.deepEqual(methodsOf([applied({ rule: 'optional', methods: email })]), email);
    assert.deepEqual(
      methodsOf([applied({ rule: 'off' }), applied({ rule: 'mandatory', methods: app })]),
      app,
    );
    assert.deepEqual(methodsOf([applied({ rule: 'off' })]), app);
    assert.deepEqual(enforcedMethods([applied({ rule: 'off' })], { rule: 'off', methods: [] }), METHOD_IDS);
  });

  const anyRule = fc.record({
    rule: fc.constantFrom(...TWO_FACTOR_RULES),
    methods: fc.subarray([...METHOD_IDS]),
    grace: fc.constantFrom<Grace>({ kind: 'none' }, IN_GRACE, { kind: 'days', days: 5 }),
    graceStartedAt: fc.constantFrom(null, NOW - days(1), NOW - days(6)),
  });
  const rules = fc.array(anyRule.map(applied), { minLength: 1, maxLength: 5 });
  const owned = fc.subarray([...METHOD_IDS]).map((methods) => methods.map(authenticator));

  it('never result in less than any one of them, in any order', () => {
    const property = fc.property(rules, owned, (all, existing) => {
      const policy = combined(all);
      const due = stepAfterPassword(policy, existing, false);
      for (const one of all) {
        const alone = stepAfterPassword(combined([one]), existing, false);
        const said = JSON.stringify({ alone, due });
        // A sign-in that one rule alone would refuse is refused.
        if (alone) assert.ok(due, said);
        if (alone?.name === 'second step') assert.equal(due?.name, 'second step', said);
        // If one rule alone requires a new authenticator, the others cannot remove this requirement.
        if (alone?.name === 'enrolment' && !alone.deferrable) {
          assert.ok(due && !due.deferrable, said);
          const after = stepAfterPassword(policy, existing, true);
          const satisfied = existing.some(({ method }) => policy.methods.includes(method));
          assert.ok(satisfied || (after?.name === 'enrolment' && !after.deferrable), said);
        }
      }
      assert.equal(
        policy.rule,
        TWO_FACTOR_RULES.findLast((rule) => all.some((one) => one.rule === rule)),
      );
      const { rules: _given, decisive: _those, ...outcome } = policy;
      const { rules: _turned, decisive: _them, ...backwards } = combined(all.toReversed());
      assert.deepEqual(backwards, outcome);
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('never require what nothing satisfies', () => {
    fc.assert(
      fc.property(rules, (all) => {
        const { rule, methods } = combined(all);
        assert.ok(rule !== 'mandatory' || methods.length > 0);
      }),
    );
  });
});

describe('A stored rule', () => {
  const rule = { rule: 'mandatory', methods: METHOD_IDS, grace: IN_GRACE } as const;

  it('is mandatory since it became so, and stays so when only its methods or its grace change', () => {
    const first = replaceRule(undefined, rule, NOW);
    assert.equal(first.since, NOW);
    const next = replaceRule(first, { ...rule, methods: ['app'], grace: { kind: 'none' } }, NOW + 1);
    assert.deepEqual([next.since, next.methods, next.grace], [NOW, ['app'], { kind: 'none' }]);
  });

  it('starts again if it was not mandatory in between', () => {
    const relaxed = replaceRule(replaceRule(undefined, rule, NOW), { ...rule, rule: 'optional' }, NOW + 1);
    assert.equal(relaxed.since, 0);
    assert.equal(replaceRule(relaxed, rule, NOW + 2).since, NOW + 2);
  });
});

function say([rule, methods]: readonly [TwoFactorRule, readonly MethodId[]]): string {
  return `${rule} [${methods.join(', ')}]`;
}
