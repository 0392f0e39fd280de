import assert from 'node:assert/strict';
import { days } from '../../src/kernel/time.ts';
import type { Group } from '../../src/policy/group.ts';
import { type GraceKey, type GraceStore, Policies } from '../../src/policy/policies.ts';
import type { Grace } from '../../src/settings/grace.ts';
import type { PolicyRule } from '../../src/settings/rule.ts';
import { ManualClock } from '../support/clock.ts';
import { accountOf, type Given, group, membership } from './people-under-test.ts';
import { applied, NOW } from './rules-under-test.ts';

const FORTNIGHT: Grace = { kind: 'days', days: 14 };
const OPTIONAL: PolicyRule = applied();
const MANDATORY: PolicyRule = applied({ rule: 'mandatory', grace: FORTNIGHT, since: NOW - days(20) });
const AGENTS = group('agents', { grace: FORTNIGHT, since: NOW - days(30), methods: ['app'] });

/** Keeps the first start at or after `since`, as the stores do. */
class MemoryGraces implements GraceStore {
  readonly kept = new Map<string, Map<GraceKey, number>>();
  reads = 0;

  async of(ids: readonly string[]) {
    this.reads += 1;
    return new Map(ids.map((id) => [id, this.kept.get(id) ?? new Map<GraceKey, number>()]));
  }

  async begin(id: string, source: GraceKey, since: number, at: number) {
    const begun = this.kept.get(id) ?? new Map<GraceKey, number>();
    if ((begun.get(source) ?? -1) < since) begun.set(source, at);
    this.kept.set(id, begun);
  }
}

describe('The policy of a person', () => {
  let clock: ManualClock;
  let graces: MemoryGraces;
  let joined: readonly { readonly group: Group; readonly at: number }[];
  let policies: Policies;
  beforeEach(() => {
    clock = new ManualClock(NOW);
    graces = new MemoryGraces();
    joined = [];
    policies = new Policies({
      graces,
      groups: {
        of: async ([id = '']) => new Map([[id, joined.map(({ group, at }) => membership(id, group, at))]]),
      },
      clock: clock.read,
    });
  });

  const ann = (changes: Partial<Given> = {}) => accountOf({ id: 'ann', ...changes });
  const enforcement = { at: NOW - days(2), grace: FORTNIGHT };
  const sources = (rules: readonly { readonly source: { readonly kind: string } }[]) =>
    rules.map(({ source }) => source.kind);

  it('is the site’s rule alone if there is no other', async () => {
    const { rule, rules, deadline } = await policies.of(ann(), OPTIONAL);
    assert.deepEqual([rule, sources(rules), deadline], ['optional', ['site'], undefined]);
  });

  it('is the strictest of the site’s, the groups’ and their own', async () => {
    joined = [{ group: AGENTS, at: NOW - days(40) }];
    const policy = await policies.of(ann({ enforcement }), OPTIONAL);
    assert.equal(policy.rule, 'mandatory');
    assert.deepEqual(sources(policy.rules), ['site', 'group', 'person']);
    assert.deepEqual(sources(policy.decisive), ['group', 'person']);
    assert.deepEqual(policy.methods, ['app']);
  });

  it('counts a group’s rule from when the person joined, if that was later', async () => {
    for (const [at, since] of [
      [NOW - days(40), NOW - days(30)],
      [NOW - days(3), NOW - days(3)],
    ] as const) {
      joined = [{ group: AGENTS, at }];
      const { rules } = await policies.of(ann(), OPTIONAL);
      assert.equal(rules[1]?.since, since);
    }
  });

  it('reads the starts of graces only if a rule has a grace', async () => {
    await policies.of(ann(), OPTIONAL);
    await policies.of(ann(), { ...MANDATORY, grace: { kind: 'none' } });
    await policies.of(ann(), { ...OPTIONAL, grace: FORTNIGHT });
    assert.equal(graces.reads, 0);
    await policies.of(ann(), MANDATORY);
    assert.equal(graces.reads, 1);
  });

  describe('at a sign-in', () => {
    it('starts each grace that has not started, once', async () => {
      joined = [{ group: AGENTS, at: 0 }];
      const first = await policies.atSignIn(ann({ enforcement }), MANDATORY);
      assert.deepEqual(first.deadline, { kind: 'at', at: NOW + days(14) });
      clock.passes(days(3));
      const later = await policies.atSignIn(ann({ enforcement }), MANDATORY);
      assert.deepEqual(later.deadline, first.deadline);
      assert.deepEqual(
        [...(graces.kept.get('ann') ?? [])],
        [
          ['site', NOW],
          ['agents', NOW],
          ['person', NOW],
        ],
      );
    });

    it('starts it again if the rule has been set again', async () => {
      await graces.begin('ann', 'site', 0, NOW - days(100));
      const { deadline } = await policies.atSignIn(ann(), MANDATORY);
      assert.deepEqual(deadline, { kind: 'at', at: NOW + days(14) });
    });

    it('starts it no earlier than the rule, by whichever clock that was set', async () => {
      const ahead = { ...MANDATORY, since: NOW + 5000 };
      const { deadline } = await policies.atSignIn(ann(), ahead);
      assert.deepEqual(deadline, { kind: 'at', at: ahead.since + days(14) });
    });

    it('writes nothing if no rule has days of grace', async () => {
      await policies.atSignIn(ann(), OPTIONAL);
      assert.equal(graces.kept.size, 0);
    });
  });

  describe('with a proposed change', () => {
    const known = (account = ann(), groups: readonly Group[] = [AGENTS]) => ({
      account,
      memberships: groups.map((one) => membership('ann', one)),
      graceStarts: new Map([['agents', NOW - days(1)]]),
    });
    const rulesOf = (proposed: Parameters<Policies['compared']>[2], person = known()) => {
      const { now, then } = policies.compared(person, OPTIONAL, proposed);
      return [now.rule, then.rule];
    };

    it('has another rule of the site or of a group; a group may be removed', () => {
      const { id, name: _name, ...rule } = AGENTS;
      assert.deepEqual(rulesOf({ site: MANDATORY }, known(ann(), [])), ['optional', 'mandatory']);
      assert.deepEqual(rulesOf({ group: { id, rule: { ...rule, rule: 'off' } } }), ['mandatory', 'optional']);
      assert.deepEqual(rulesOf({ group: { id, rule: undefined } }), ['mandatory', 'optional']);
      assert.deepEqual(rulesOf({ group: { id: 'others', rule: undefined } }), ['mandatory', 'mandatory']);
    });

    it('has other groups, or "Require 2FA", only for the person concerned', () => {
      const person = { ...known(), authenticators: [] };
      const other = { ...known(ann({ id: 'bob' })), authenticators: [] };
      assert.deepEqual(rulesOf({ person: { known: person, memberships: [] } }), ['mandatory', 'optional']);
      assert.deepEqual(rulesOf({ person: { known: other, memberships: [] } }), ['mandatory', 'mandatory']);
      const alone = known(ann(), []);
      const enforced = { known: { ...alone, authenticators: [] }, enforcement };
      assert.deepEqual(rulesOf({ person: enforced }, alone), ['optional', 'mandatory']);
      const lifted = known(ann({ enforcement }), []);
      const lift = { known: { ...lifted, authenticators: [] }, enforcement: null };
      assert.deepEqual(rulesOf({ person: lift }, lifted), ['mandatory', 'optional']);
    });

    it('keeps the start of a grace that continues', () => {
      const { id, name: _name, ...rule } = AGENTS;
      const longer = { id, rule: { ...rule, grace: { kind: 'days', days: 20 } as const } };
      const { now, then } = policies.compared(known(), OPTIONAL, { group: longer });
      assert.deepEqual(now.deadline, { kind: 'at', at: NOW + days(13) });
      assert.deepEqual(then.deadline, { kind: 'at', at: NOW + days(19) });
    });
  });
});
