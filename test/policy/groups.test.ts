import assert from 'node:assert/strict';
import { type Actor, Audit } from '../../src/audit/audit.ts';
import { days } from '../../src/kernel/time.ts';
import { transactBy } from '../../src/kernel/transaction.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import { Notices } from '../../src/mail/notices.ts';
import { type Group, type GroupStore, groupNameKey } from '../../src/policy/group.ts';
import { type GroupInput, Groups } from '../../src/policy/groups.ts';
import { NO_GRACE } from '../../src/settings/grace.ts';
import { METHOD_IDS } from '../../src/settings/method-ids.ts';
import { ManualClock } from '../support/clock.ts';
import { MemoryAudit } from '../support/memory.ts';
import { transact } from '../support/transact.ts';
import { accountOf, group, membership } from './people-under-test.ts';
import { NOW } from './rules-under-test.ts';

const ADA: Actor = {
  party: { id: 'ada', label: 'ada@example.org' },
  origin: { requestId: 'r', address: '192.0.2.1', browser: 'Lynx' },
};
const ANN = accountOf({ id: 'ann' });

class MemoryGroups implements GroupStore {
  readonly #groups = new Map<string, Group>();
  readonly #members = new Map<string, Set<string>>();

  #isTaken({ id, name }: Group): boolean {
    return [...this.#groups.values()].some(
      (one) => one.id !== id && groupNameKey(one.name) === groupNameKey(name),
    );
  }
  async list() {
    return [...this.#groups.values()].sort((one, other) => one.name.localeCompare(other.name));
  }
  async all() {
    return (await this.list()).map((one) => ({ ...one, members: this.#members.get(one.id)?.size ?? 0 }));
  }
  async find(id: string) {
    return this.#groups.get(id);
  }
  async findByName(name: string) {
    return (await this.list()).find((one) => groupNameKey(one.name) === groupNameKey(name));
  }
  async of(ids: readonly string[]) {
    const all = await this.list();
    const of = (id: string) => all.filter((one) => this.#members.get(one.id)?.has(id));
    return new Map(ids.map((id) => [id, of(id).map((one) => membership(id, one))]));
  }
  async create(made: Group) {
    if (this.#isTaken(made)) return false;
    this.#groups.set(made.id, made);
    return true;
  }
  async change(changed: Group) {
    if (!this.#groups.has(changed.id) || this.#isTaken(changed)) return false;
    this.#groups.set(changed.id, changed);
    return true;
  }
  async remove(id: string) {
    this.#members.delete(id);
    return this.#groups.delete(id);
  }
  async add(groupId: string, accountId: string) {
    const members = this.#members.get(groupId) ?? new Set();
    if (!this.#groups.has(groupId) || members.has(accountId)) return false;
    this.#members.set(groupId, members.add(accountId));
    return true;
  }
  async drop(groupId: string, accountId: string) {
    return this.#members.get(groupId)?.delete(accountId) ?? false;
  }
}

describe('Groups', () => {
  let clock: ManualClock;
  let audit: MemoryAudit;
  let groups: Groups;
  /** The people whose trusted browsers were removed. */
  let cleared: unknown[];
  /** The mails to administrators, and to people. */
  let told: string[];
  let locks: number;
  beforeEach(() => {
    clock = new ManualClock(NOW);
    audit = new MemoryAudit();
    [cleared, told, locks] = [[], [], 0];
    const post: Pick<Mailer, 'queue'> = {
      queue: async ({ email }, message) => {
        told.push(message.kind === 'notice' ? `${email}: ${message.notice}, ${message.about}` : message.kind);
      },
    };
    groups = new Groups({
      store: new MemoryGroups(),
      trust: { clear: async (whose) => void cleared.push(whose) },
      administrators: { tell: async (notice) => void told.push(`administrators: ${notice}`) },
      audit: new Audit({ store: audit, clock: clock.read, transaction: transact }),
      notices: new Notices(post as Mailer, clock.read),
      policyLock: transactBy((work) => {
        locks += 1;
        return work({ afterCommit: (act) => act() });
      }),
      clock: clock.read,
    });
  });

  const input = (changes: Partial<GroupInput> = {}): GroupInput => {
    const { id: _id, since: _since, ...rest } = group('agents', { name: 'Agents', ...changes });
    return rest;
  };
  const make = async (changes: Partial<GroupInput> = {}) =>
    (await groups.create(input(changes), ADA)) ?? assert.fail('another group has the name');
  const events = () => audit.events.map(({ event, detail }) => [event, detail]);
  /** Forgets the mails and browsers from before. */
  const anew = () => {
    cleared = [];
    told = [];
  };

  it('are created with a rule that starts now, and only once per name, in any spelling', async () => {
    const made = await make({ grace: { kind: 'days', days: 7 } });
    assert.equal(made.since, NOW);
    assert.equal(await groups.create(input({ name: ' aGENTS ' }), ADA), undefined);
    assert.deepEqual(events(), [
      [
        'group.created',
        { group: 'Agents', rule: 'mandatory', methods: METHOD_IDS.join(', '), grace: '7 days' },
      ],
    ]);
    assert.deepEqual([told, cleared, locks], [[], [], 2]);
  });

  it('count their rule from when it became mandatory, not from a later change', async () => {
    const made = await make();
    clock.passes(days(5));
    assert.equal(groups.next(made, input({ methods: ['app'] })).since, NOW);
    const optional = groups.next(made, input({ rule: 'optional' }));
    assert.equal(optional.since, 0);
    assert.equal(groups.next(optional, input()).since, NOW + days(5));
  });

  it('are audited with each change, from what to what, and nothing else', async () => {
    const made = await make();
    const decided = input({ name: 'Clerks', rule: 'optional', methods: [] });
    assert.equal(await groups.change(made, decided, ADA), 'changed');
    const methods = `${METHOD_IDS.join(', ')} → –`;
    assert.deepEqual(events()[1], [
      'group.changed',
      { group: 'Agents', rule: 'mandatory → optional', methods, to: 'Clerks' },
    ]);
  });

  it('do not change with their present values, and are refused the name of another or a change after deletion', async () => {
    const made = await make();
    await make({ name: 'Clerks' });
    assert.equal(await groups.change(made, input(), ADA), 'unchanged');
    assert.equal(await groups.change(made, input({ name: 'clerks' }), ADA), 'refused');
    assert.ok(await groups.remove(made, ADA));
    assert.equal(await groups.change(made, input({ rule: 'off' }), ADA), 'refused');
    assert.equal(events().filter(([event]) => event === 'group.changed').length, 0);
  });

  for (const [what, changes, clears, tells] of [
    ['a stricter rule', { rule: 'mandatory' }, true, false],
    ['a weaker rule', { rule: 'off' }, true, true],
    ['other methods', { methods: ['email'] }, true, true],
    ['another grace', { grace: { kind: 'days', days: 3 } }, false, false],
    ['another name', { name: 'Clerks' }, false, false],
  ] as const) {
    it(`${clears ? 'end' : 'keep'} the trust in browsers by ${what}, and tell administrators of ${tells ? 'it' : 'nothing'}`, async () => {
      const made = await make({ rule: 'optional', grace: NO_GRACE });
      anew();
      assert.equal(await groups.change(made, { ...input({ rule: 'optional' }), ...changes }, ADA), 'changed');
      assert.deepEqual(cleared, clears ? [{ groupId: made.id }] : []);
      assert.deepEqual(told, tells ? ['administrators: policy weakened'] : []);
    });
  }

  it('mail people who are added or removed, and end the trust in their browsers, once', async () => {
    const made = await make();
    assert.ok(await groups.add(made, ANN, ADA));
    assert.equal(await groups.add(made, ANN, ADA), false);
    assert.deepEqual(
      (await groups.of(ANN)).map(({ name }) => name),
      ['Agents'],
    );
    assert.ok(await groups.drop(made, ANN, ADA));
    assert.equal(await groups.drop(made, ANN, ADA), false);
    assert.deepEqual(told, ['ann@example.org: group joined, Agents', 'ann@example.org: group left, Agents']);
    assert.deepEqual(cleared, [{ accountId: 'ann' }, { accountId: 'ann' }]);
    assert.deepEqual(
      events().map(([event]) => event),
      ['group.created', 'group.member-added', 'group.member-removed'],
    );
  });

  it('with a rule that is off are created, changed and removed without a mail to administrators', async () => {
    const made = await make({ rule: 'off' });
    await groups.add(made, ANN, ADA);
    assert.deepEqual(cleared, []);
    anew();
    assert.ok(await groups.remove(made, ADA));
    assert.equal(await groups.remove(made, ADA), false);
    assert.deepEqual(told, []);
  });

  it('with a requirement are not removed unnoticed: administrators get a mail', async () => {
    const made = await make();
    assert.ok(await groups.remove(made, ADA));
    assert.deepEqual(told, ['administrators: policy weakened']);
    assert.deepEqual(events().at(-1), ['group.removed', { group: 'Agents' }]);
  });
});
