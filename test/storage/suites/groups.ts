import assert from 'node:assert/strict';
import { newId } from '../../../src/kernel/identifiers.ts';
import type { Group } from '../../../src/policy/group.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexGraceStore } from '../../../src/storage/graces.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexPeople } from '../../../src/storage/people.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { member, NOW, person, winners } from './people.ts';

export function groupsSuite(engine: Engine): void {
  describe('groups', () => {
    const database = useDatabase(engine);
    const groups = () => new KnexGroupStore(database());
    const accounts = () => new KnexAccounts(database());
    const createAccount = async () => {
      const account = person();
      await accounts().create(account);
      return account.id;
    };
    const createGroup = async (changes: Partial<Group> = {}) => {
      const group = newGroup(changes);
      assert.equal(await groups().create(group), true);
      return group;
    };
    const names = async (accountId: string) =>
      ((await groups().of([accountId])).get(accountId) ?? []).map(({ group }) => group.name);

    it('are stored with their rule, and listed by name with the number of their members', async () => {
      const zoo = await createGroup({ name: 'Zoo' });
      const agents = await createGroup({
        name: 'agents "Süd" 🦉',
        rule: 'mandatory',
        methods: ['email'],
        grace: { kind: 'until', at: NOW },
        since: NOW - 1,
      });
      await groups().add(zoo.id, await createAccount(), NOW);
      await groups().add(zoo.id, await createAccount(), NOW);
      assert.deepEqual(await groups().all(), [
        { ...agents, members: 0 },
        { ...zoo, members: 2 },
      ]);
      assert.deepEqual(await groups().list(), [agents, zoo]);
      assert.deepEqual(await groups().find(agents.id), agents);
      assert.equal(await groups().find('unknown'), undefined);
    });

    it('have unique names, in any spelling', async () => {
      const agents = await createGroup({ name: 'Agents' });
      const zoo = await createGroup({ name: 'Zoo' });
      assert.equal(await groups().create(newGroup({ name: ' AGENTS' })), false);
      assert.equal((await groups().findByName('ａgents '))?.id, agents.id);
      assert.equal(await groups().findByName('agent'), undefined);
      assert.equal(await groups().change({ ...zoo, name: 'agents' }), false);
      assert.equal(await winners((i) => groups().create(newGroup({ name: i % 2 ? 'New' : 'NEW' }))), 1);
    });

    it('change name and rule, unless they are deleted', async () => {
      const agents = await createGroup({ name: 'Agents' });
      const next: Group = { ...agents, name: 'Desk', rule: 'optional', methods: ['app'], since: 0 };
      assert.equal(await groups().change(next), true);
      assert.deepEqual(await groups().find(agents.id), next);
      assert.equal(await groups().change(newGroup({ name: 'Other' })), false);
    });

    it('add a person for one of twenty requests, and remove for one', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const agents = await createGroup();
      assert.equal(await winners((i) => groups().add(agents.id, ann, NOW + i)), 1);
      assert.equal(await groups().add('unknown', ann, NOW), false);
      assert.equal(await groups().add(agents.id, 'unknown', NOW), false);
      assert.equal(await groups().drop(agents.id, bob), false);
      assert.equal(await winners(() => groups().drop(agents.id, ann)), 1);
      assert.deepEqual(await names(ann), []);
    });

    it('list their members with the date of joining, by name, for many people at once', async () => {
      const [ann, bob, cyd] = [await createAccount(), await createAccount(), await createAccount()];
      const zoo = await createGroup({ name: 'zoo' });
      const agents = await createGroup({ name: 'Agents', rule: 'mandatory' });
      await groups().add(zoo.id, ann, NOW);
      await groups().add(agents.id, ann, NOW + 1);
      await groups().add(agents.id, bob, NOW + 2);
      const found = await groups().of([ann, bob, cyd]);
      assert.deepEqual(found.get(ann), [
        { accountId: ann, group: agents, joinedAt: NOW + 1 },
        { accountId: ann, group: zoo, joinedAt: NOW },
      ]);
      assert.equal(found.get(bob)?.length, 1);
      assert.equal(found.has(cyd), false);
      assert.equal((await groups().of([])).size, 0);
    });

    it('filter a search for people', async () => {
      const agents = await createGroup();
      const [ann, bob] = [person({ name: 'Ann Smith' }), person({ name: 'Bob Smith' })];
      for (const one of [ann, bob, person({ name: 'Cyd Smith' })]) await accounts().create(one);
      for (const { id } of [ann, bob]) await groups().add(agents.id, id, NOW);
      const found = async (search: string, groupId: string) => {
        const { people, total } = await new KnexPeople(database()).search({
          search,
          groupId,
          page: 1,
          pageSize: 9,
        });
        assert.equal(total, people.length);
        return people.map(({ account }) => account.name);
      };
      assert.deepEqual(await found('', agents.id), ['Ann Smith', 'Bob Smith']);
      assert.deepEqual(await found('bob', agents.id), ['Bob Smith']);
      assert.deepEqual(await found('cyd', agents.id), []);
      assert.deepEqual(await found('', 'unknown'), []);
    });

    it('get accounts as members when these are created; deleted groups are skipped', async () => {
      const [agents, zoo] = [await createGroup({ name: 'Agents' }), await createGroup({ name: 'Zoo' })];
      const taken = person();
      await accounts().create(taken);
      const newcomers = [
        member({ groupIds: [agents.id, zoo.id] }),
        member({ groupIds: ['gone', zoo.id] }),
        member({ email: taken.email, groupIds: [agents.id] }),
        member(),
      ];
      assert.equal((await accounts().createMany(newcomers)).size, 3);
      const joined = await Promise.all(newcomers.map(({ id }) => names(id)));
      assert.deepEqual(joined, [['Agents', 'Zoo'], ['Zoo'], [], []]);
      assert.deepEqual(await names(taken.id), []);
    });

    it('are deleted with their memberships and graces, and a person with theirs', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const [agents, zoo] = [await createGroup({ name: 'Agents' }), await createGroup({ name: 'Zoo' })];
      const graces = new KnexGraceStore(database());
      for (const id of [ann, bob]) {
        for (const group of [agents, zoo]) {
          await groups().add(group.id, id, NOW);
          await graces.begin(id, group.id, 0, NOW);
        }
      }
      assert.equal(await winners(() => groups().remove(agents.id)), 1);
      assert.deepEqual(await names(ann), ['Zoo']);
      assert.deepEqual([...((await graces.of([ann])).get(ann)?.keys() ?? [])], [zoo.id]);
      await database()('accounts').where({ id: ann }).delete();
      assert.deepEqual(
        (await groups().all()).map(({ members }) => members),
        [1],
      );
    });

    it('with an unreadable rule are an error, because skipping it could be weaker', async () => {
      const ann = await createAccount();
      const agents = await createGroup();
      await groups().add(agents.id, ann, NOW);
      await database()('groups').update({ rule: 'strict' });
      await assert.rejects(groups().of([ann]));
      await database()('groups').update({ rule: 'mandatory', grace: '{"kind":"sometime"}' });
      await assert.rejects(groups().find(agents.id));
    });
  });
}

export function newGroup(changes: Partial<Group> = {}): Group {
  const rule = { rule: 'off', methods: ['app', 'email'], grace: { kind: 'none' }, since: 0 } as const;
  return { id: newId(NOW), name: 'Agents', ...rule, ...changes };
}
