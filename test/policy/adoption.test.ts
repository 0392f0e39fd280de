import assert from 'node:assert/strict';
import { days } from '../../src/kernel/time.ts';
import { FIGURE_IDS, type FigureId, PARTS, shareOf } from '../../src/policy/adoption.ts';
import { requiredEnrolment } from '../../src/policy/requirements.ts';
import { type Given, group, peopleUnderTest } from './people-under-test.ts';
import { NOW } from './rules-under-test.ts';

const AGENTS = group('agents');
const STAFF = group('staff', { methods: ['app'], grace: { kind: 'until', at: NOW + days(3) } });

const PEOPLE: readonly Given[] = [
  { id: 'nothing' },
  { id: 'new', lastSignInAt: null },
  { id: 'app', methods: ['app', 'app'], codes: true },
  { id: 'mail', methods: ['email'], groups: [AGENTS] },
  { id: 'both', methods: ['email', 'app'], codes: true, groups: [AGENTS, STAFF] },
  { id: 'overdue', groups: [AGENTS] },
  { id: 'waiting', methods: ['email'], groups: [STAFF] },
  { id: 'invited', passwordHash: null, lastSignInAt: null, groups: [AGENTS] },
  { id: 'disabled', disabledAt: 1, methods: ['app'], codes: true, groups: [AGENTS] },
];

describe('Adoption', () => {
  const { adoption, policyReport } = peopleUnderTest(PEOPLE);
  const idsBehind = async (figure: FigureId, groupId?: string) => {
    const ids: string[] = [];
    const scope = { rules: await policyReport.rules(), groupId };
    for await (const { account } of adoption.peopleIn(figure, scope)) ids.push(account.id);
    return ids;
  };

  for (const [figure, ids] of [
    ['can-sign-in', ['nothing', 'new', 'app', 'mail', 'both', 'overdue', 'waiting']],
    ['with-app', ['app', 'both']],
    ['with-email', ['mail', 'both', 'waiting']],
    ['only-app', ['app']],
    ['only-email', ['mail', 'waiting']],
    ['several', ['both']],
    ['none', ['nothing', 'new', 'overdue']],
    ['with-codes', ['app', 'both']],
    ['never-signed-in', ['new']],
    ['invited', ['invited']],
    ['mandatory', ['mail', 'both', 'overdue', 'waiting']],
    ['lacking', ['overdue', 'waiting']],
    ['in-grace', ['waiting']],
    ['overdue', ['overdue']],
  ] as const) {
    it(`counts as "${figure}" ${ids.join(', ')}`, async () => {
      assert.deepEqual(await idsBehind(figure), ids);
    });
  }

  it('has each figure for everybody and for each group, as many as the people behind it', async () => {
    const slices = await adoption.slices(await policyReport.rules());
    assert.deepEqual(
      slices.map((slice) => slice.group?.id),
      [undefined, 'agents', 'staff'],
    );
    for (const slice of slices) {
      for (const figure of FIGURE_IDS) {
        const ids = await idsBehind(figure, slice.group?.id);
        assert.equal(slice.figures[figure], ids.length, `${figure} of ${slice.group?.id}`);
      }
    }
    assert.equal(slices[1]?.figures['can-sign-in'], 3);
    assert.equal(slices[2]?.figures['in-grace'], 1);
  });

  it('has parts that add up to the whole, with everybody in one', async () => {
    for (const { figures } of await adoption.slices(await policyReport.rules())) {
      const sum = PARTS.reduce((total, part) => total + figures[part], 0);
      assert.equal(sum, figures['can-sign-in']);
    }
  });

  it('agrees with the decision at sign-in', async () => {
    const lacking: string[] = [];
    for await (const { account, authenticators, policy } of policyReport.everybody()) {
      const isActive = account.disabledAt === null && account.passwordHash !== null;
      if (isActive && requiredEnrolment(policy, authenticators)) lacking.push(account.id);
    }
    assert.ok(lacking.length > 0);
    assert.deepEqual(await idsBehind('lacking'), lacking);
  });

  it('has shares of the people who can sign in, and none if there is nobody', async () => {
    const [everybody] = await adoption.slices(await policyReport.rules());
    assert.equal(shareOf('none', everybody), 3 / 7);
    assert.equal(shareOf('can-sign-in', everybody), undefined);
    assert.equal(shareOf('invited', everybody), undefined);
    const empty = peopleUnderTest([]);
    const [nobody] = await empty.adoption.slices(await empty.policyReport.rules());
    assert.equal(shareOf('none', nobody), undefined);
  });
});
