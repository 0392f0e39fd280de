import assert from 'node:assert/strict';
import { days } from '../../src/kernel/time.ts';
import { NAMED } from '../../src/policy/impact.ts';
import type { PolicyRule } from '../../src/settings/rule.ts';
import { DEFAULT_SETTINGS } from '../../src/settings/settings.ts';
import { type Given, group, membership, peopleUnderTest } from './people-under-test.ts';
import { NOW } from './rules-under-test.ts';

const MANDATORY: PolicyRule = {
  rule: 'mandatory',
  methods: ['app', 'email'],
  grace: { kind: 'none' },
  since: NOW,
};
const OFF: PolicyRule = { rule: 'off', methods: [], grace: { kind: 'none' }, since: 0 };

const ANN: Given = { id: 'ann' };
const BOB: Given = { id: 'bob', methods: ['app'] };
const CYD: Given = { id: 'cyd', methods: ['email'] };
const INA: Given = { id: 'ina', passwordHash: null, lastSignInAt: null };
const DAN: Given = { id: 'dan', disabledAt: 1 };
const DIA: Given = { id: 'dia', disabledAt: 1, methods: ['app'] };

describe('The impact of a change of rules', () => {
  const named = async (people: readonly Given[], ...[proposed]: Parameters<typeof preview>) =>
    (await preview(proposed, people)).named.map(({ account, deadline }) => [account.id, deadline]);
  const preview = (
    proposed: Parameters<ReturnType<typeof peopleUnderTest>['policyImpact']['of']>[0],
    people: readonly Given[] = [ANN, BOB, CYD, INA, DAN, DIA],
    settings: Parameters<typeof peopleUnderTest>[1] = {},
  ) => {
    const under = peopleUnderTest(people, settings);
    return under.policyImpact.of(proposed, under.settings);
  };
  /** The facts about one of these people. */
  const known = (people: readonly Given[], id: string) => peopleUnderTest(people).known(id);

  it('asks people to enrol who have no authenticator that satisfies the rule, except disabled ones', async () => {
    const { asked, unoffered, named: first } = await preview({ site: MANDATORY });
    assert.equal(asked, 2);
    assert.equal(unoffered, 0);
    assert.deepEqual(
      first.map(({ account }) => account.id),
      ['ann', 'ina'],
    );
  });

  it('counts people separately who never accepted their invitation: their address is unproven', async () => {
    assert.equal((await preview({ site: MANDATORY })).unconfirmed, 1);
    assert.equal((await preview({ site: MANDATORY }, [ANN])).unconfirmed, 0);
  });

  it('counts people who would only have authenticators that are no longer offered', async () => {
    const off = await preview({ site: OFF });
    assert.deepEqual([off.asked, off.unoffered], [0, 2]);
    const narrower = await preview({ site: { ...MANDATORY, methods: ['app'] } });
    assert.deepEqual([narrower.asked, narrower.unoffered], [3, 1], 'Cyd has to set up another, too');
    const again = await preview({ site: MANDATORY }, undefined, {
      twoFactor: { rule: 'optional', methods: ['app'] },
    });
    assert.deepEqual([again.asked, again.unoffered], [2, 0], 'what Cyd has is on offer again');
    const both = [{ ...BOB, methods: ['app', 'email'] as const }];
    assert.equal((await preview({ site: { ...MANDATORY, methods: ['app'] } }, both)).unoffered, 0);
  });

  it('has the dates: at once, at a date, or a number of days from the next sign-in', async () => {
    const until = { kind: 'until', at: NOW + days(9) } as const;
    const fortnight = { kind: 'days', days: 14 } as const;
    assert.equal((await preview({ site: MANDATORY })).timing.atOnce, 2);
    const dated = await preview({ site: { ...MANDATORY, grace: until } });
    assert.deepEqual(dated.timing.dated, { count: 2, earliest: until.at, latest: until.at });
    const later = await preview({ site: { ...MANDATORY, grace: fortnight } });
    assert.deepEqual([...later.timing.fromNextSignIn], [[14, 2]]);
    assert.equal(later.timing.atOnce, 0);
    const past = await preview({ site: { ...MANDATORY, grace: { kind: 'until', at: NOW } } });
    assert.equal(past.timing.atOnce, 2);
  });

  it("has each person's own deadline: the earliest of their rules, counted from its start", async () => {
    const fortnight = { kind: 'days', days: 14 } as const;
    const agents = group('agents', { grace: { kind: 'until', at: NOW + days(3) } });
    const people = [
      ANN,
      { ...ANN, id: 'amy', groups: [agents] },
      { ...ANN, id: 'ada', graceStartedAt: { site: NOW + 5 } },
      { ...ANN, id: 'abe', factorRemovedAt: NOW + 1 },
    ];
    const { named: first, timing } = await preview({ site: { ...MANDATORY, grace: fortnight } }, people);
    assert.deepEqual(
      first.map(({ account, deadline }) => [account.id, deadline]),
      [
        ['ann', { kind: 'not begun', days: 14 }],
        ['ada', { kind: 'at', at: NOW + 5 + days(14) }],
        ['abe', { kind: 'over' }],
      ],
      'Amy is asked to already, and by an earlier date',
    );
    assert.equal(timing.atOnce, 1);
  });

  it('asks people again whose grace becomes shorter, and nobody if it becomes longer', async () => {
    const settings = {
      twoFactor: { rule: 'mandatory', methods: ['app', 'email'] },
      grace: { kind: 'until', at: NOW + days(9) },
      mandatorySince: NOW - days(9),
    } as const;
    const grace = (at: number) => ({ site: { ...MANDATORY, grace: { kind: 'until', at } } as const });
    assert.equal((await preview(grace(NOW + days(2)), undefined, settings)).asked, 2);
    assert.equal((await preview(grace(NOW + days(9)), undefined, settings)).asked, 0);
    assert.equal((await preview(grace(NOW + days(30)), undefined, settings)).asked, 0);
  });

  it('covers the members of a group if its rule changes', async () => {
    const agents = group('agents', { rule: 'optional' });
    const people = [ANN, { ...ANN, id: 'amy', groups: [agents] }, { ...BOB, id: 'ben', groups: [agents] }];
    const change = { group: { id: 'agents', rule: MANDATORY } };
    assert.deepEqual(await named(people, change), [['amy', { kind: 'over' }]]);
    const settings = { twoFactor: { rule: 'off', methods: [] } } as const;
    assert.equal(
      (await preview({ group: { id: 'agents', rule: undefined } }, people, settings)).unoffered,
      1,
    );
  });

  it('covers one person if they join or leave a group, or if 2FA is enforced on them alone', async () => {
    const agents = group('agents');
    const two = [ANN, { ...ANN, id: 'amy' }];
    const joins = { person: { known: known(two, 'ann'), memberships: [membership('ann', agents)] } };
    assert.deepEqual(await named(two, joins), [['ann', { kind: 'over' }]]);
    const enforced = { at: NOW, grace: { kind: 'days', days: 7 } } as const;
    const enforces = { person: { known: known([ANN, BOB], 'ann'), enforcement: enforced } };
    assert.deepEqual(await named([ANN, BOB], enforces), [['ann', { kind: 'not begun', days: 7 }]]);
    const people = [{ ...BOB, id: 'bea', groups: [agents] }];
    const leaves = { person: { known: known(people, 'bea'), memberships: [] } };
    const off = { twoFactor: { rule: 'off', methods: [] } } as const;
    assert.equal((await preview(leaves, people, off)).unoffered, 1);
  });

  it(`names ${NAMED} people and counts the others`, async () => {
    const people = Array.from({ length: NAMED + 3 }, (_, index) => ({ id: `number ${index}` }));
    const { asked, named: first } = await preview({ site: MANDATORY }, people);
    assert.equal(asked, NAMED + 3);
    assert.equal(first.length, NAMED);
    assert.equal(first[0]?.account.id, 'number 0');
  });

  it('uses the stored settings if the settings of the request may be outdated', async () => {
    const under = peopleUnderTest([ANN, BOB]);
    const [now, old] = [
      await under.policyImpact.ofNow({ site: MANDATORY }),
      await under.policyImpact.of({ site: MANDATORY }, { ...under.settings, trustDays: 7 }),
    ];
    assert.deepEqual(now, await under.policyImpact.of({ site: MANDATORY }, under.settings));
    assert.notEqual(now.revision, old.revision);
  });

  it('affects nobody if it asks nobody, and if existing methods stay on offer', async () => {
    const touches = (people: readonly Given[], site: PolicyRule) =>
      peopleUnderTest(people).policyImpact.affectsAnyone({ site }, DEFAULT_SETTINGS);
    assert.equal(await touches([BOB, DAN], MANDATORY), false);
    assert.equal(await touches([ANN, DIA], OFF), false);
    assert.equal(await touches([BOB, BOB, ANN], MANDATORY), true);
    assert.equal(await touches([ANN, ANN, BOB], OFF), true);
  });

  it('depends on what is decided about the person, and on nothing that people do themselves', async () => {
    const [agents, desk] = [group('agents'), group('desk')];
    const revision = (ann: Partial<Given>, bob: Partial<Given>) => {
      const under = peopleUnderTest([
        { ...ANN, ...ann },
        { ...ANN, id: 'bob', ...bob },
      ]);
      return under.policyImpact.revision(
        { person: { known: under.known('ann'), memberships: [] } },
        under.settings,
      );
    };
    const shown = await revision({ groups: [agents] }, { groups: [desk] });
    assert.equal(
      await revision({ groups: [agents], methods: ['app'], lastSignInAt: 1 }, { groups: [desk] }),
      shown,
    );
    const enforcement = { at: NOW, grace: { kind: 'none' } } as const;
    assert.notEqual(await revision({ groups: [agents], enforcement }, { groups: [desk] }), shown);
    // Each group has as many people as before.
    assert.notEqual(await revision({ groups: [desk] }, { groups: [agents] }), shown);
  });

  it('is for one person: the preview of another person with the same decisions confirms nothing', async () => {
    const under = peopleUnderTest([ANN, { ...ANN, id: 'bob' }]);
    const revision = (id: string) =>
      under.policyImpact.revision({ person: { known: under.known(id), memberships: [] } }, under.settings);
    assert.equal(await revision('ann'), await revision('ann'));
    assert.notEqual(await revision('ann'), await revision('bob'));
  });
});
