import assert from 'node:assert/strict';
import { days } from '../../src/kernel/time.ts';
import {
  type Deadline,
  deadlineOf,
  type Grace,
  type GraceFacts,
  graceFact,
} from '../../src/settings/grace.ts';
import { NOW } from '../policy/rules-under-test.ts';

const SINCE = NOW - days(10);
const OVER: Deadline = { kind: 'over' };
const fortnight: Grace = { kind: 'days', days: 14 };
const tomorrow: Grace = { kind: 'until', at: NOW + days(1) };

describe('Grace', () => {
  const table: readonly (readonly [string, Partial<GraceFacts>, Deadline])[] = [
    ['there is none', { grace: { kind: 'none' } }, OVER],
    ['it lasts until tomorrow', { grace: tomorrow }, { kind: 'at', at: NOW + days(1) }],
    ['it lasted until this moment', { grace: { kind: 'until', at: NOW } }, OVER],
    ['it lasted until yesterday', { grace: { kind: 'until', at: NOW - days(1) } }, OVER],
    ['fourteen days have not begun', { grace: fortnight }, { kind: 'not begun', days: 14 }],
    [
      'fourteen days began four days ago',
      { grace: fortnight, graceStartedAt: NOW - days(4) },
      { kind: 'at', at: NOW + days(10) },
    ],
    [
      'fourteen days began fourteen days ago',
      { grace: fortnight, graceStartedAt: SINCE, since: SINCE },
      { kind: 'at', at: SINCE + days(14) },
    ],
    [
      'they began before it became mandatory again',
      { grace: fortnight, graceStartedAt: SINCE - 1 },
      { kind: 'not begun', days: 14 },
    ],
    ['the number of days is 0', { grace: { kind: 'days', days: 0 } }, OVER],
    [
      'the number of days is 0 and they have begun',
      { grace: { kind: 'days', days: 0 }, graceStartedAt: NOW },
      OVER,
    ],
    [
      'three days are over after four',
      { grace: { kind: 'days', days: 3 }, graceStartedAt: NOW - days(4) },
      OVER,
    ],
  ];
  for (const [what, facts, deadline] of table) {
    it(`ends like this if ${what}: ${JSON.stringify(deadline)}`, () => {
      assert.deepEqual(deadlineOf(factsWith(facts), NOW), deadline);
    });
  }

  it('becomes shorter or longer at once when its days change: only its start is stored', () => {
    const graceStartedAt = NOW - days(5);
    const ends = (count: number) =>
      deadlineOf(factsWith({ grace: { kind: 'days', days: count }, graceStartedAt }), NOW);
    assert.deepEqual(ends(14), { kind: 'at', at: graceStartedAt + days(14) });
    assert.deepEqual(ends(5), OVER);
    assert.deepEqual(ends(30), { kind: 'at', at: graceStartedAt + days(30) });
  });

  it('is over for a person who has lost an authenticator since it became mandatory, whatever its form', () => {
    for (const grace of [tomorrow, fortnight]) {
      for (const graceStartedAt of [null, NOW - days(1)]) {
        const facts = (factorRemovedAt: number) => factsWith({ grace, graceStartedAt, factorRemovedAt });
        assert.deepEqual(deadlineOf(facts(SINCE), NOW), OVER);
        assert.deepEqual(deadlineOf(facts(NOW), NOW), OVER);
        assert.notDeepEqual(deadlineOf(facts(SINCE - 1), NOW), OVER, 'that was before');
      }
    }
  });

  it('has a name for the audit log', () => {
    const names = [{ kind: 'none' } as const, tomorrow, fortnight].map(graceFact);
    assert.deepEqual(names, ['none', '2030-02-01T14:03:00.000Z', '14 days']);
  });
});

function factsWith(facts: Partial<GraceFacts>): GraceFacts {
  return { grace: fortnight, since: SINCE, graceStartedAt: null, factorRemovedAt: null, ...facts };
}
