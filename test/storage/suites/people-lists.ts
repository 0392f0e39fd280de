import assert from 'node:assert/strict';
import { newId } from '../../../src/kernel/identifiers.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuthenticators } from '../../../src/storage/authenticators.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexPeople } from '../../../src/storage/people.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newGroup } from './groups.ts';
import { member, NOW } from './people.ts';

export function peopleListsSuite(engine: Engine): void {
  describe('lists of people', () => {
    const database = useDatabase(engine);
    const people = () => new KnexPeople(database());

    /** This many people, each with two authenticators and in three groups; then as many who have nothing. */
    async function haves(count: number) {
      const db = database();
      const groups = ['Zoo', `the "b", c; d \\ 🦉`, 'Áb'].map((name) => newGroup({ name }));
      for (const group of groups) await new KnexGroupStore(db).create(group);
      const rich = Array.from({ length: count }, (_, i) =>
        member({ name: `a ${i}`, groupIds: groups.map(({ id }) => id) }),
      );
      const poor = Array.from({ length: count }, (_, i) => member({ name: `b ${i}` }));
      await new KnexAccounts(db).createMany(rich);
      await new KnexAccounts(db).createMany(poor);
      const authenticators = new KnexAuthenticators(db);
      for (const { id: accountId } of rich) {
        for (const [age, method] of (['email', 'app'] as const).entries()) {
          const kept = { name: `${method} "\\" 🦉`, data: { secret: [1, null] } };
          await authenticators.create({ id: newId(NOW), accountId, method, ...kept, createdAt: NOW - age });
        }
      }
      return { ids: [...rich, ...poor].map(({ id }) => id) };
    }

    it('have each person with their authenticators and the names of their groups, the same as one by one', async () => {
      const { ids } = await haves(2);
      const { people: listed, total } = await people().search({ search: '', page: 1, pageSize: 9 });
      assert.equal(total, 4);
      assert.deepEqual(
        listed.map(({ account }) => account.id),
        ids,
      );
      const memberships = await new KnexGroupStore(database()).of(ids);
      for (const { account, authenticators, groups } of listed) {
        assert.deepEqual(account, await new KnexAccounts(database()).find(account.id));
        assert.deepEqual(authenticators, await new KnexAuthenticators(database()).of(account.id));
        assert.deepEqual(
          groups,
          (memberships.get(account.id) ?? []).map(({ group }) => group.name),
        );
      }
      assert.deepEqual(
        listed.map(({ authenticators, groups }) => [authenticators.length, groups.length]),
        [
          [2, 3],
          [2, 3],
          [0, 0],
          [0, 0],
        ],
      );
    });

    it('have the requested number of people per page, whatever each of them has', async () => {
      const { ids } = await haves(3);
      const pages = await Promise.all(
        [1, 2, 3].map((page) => people().search({ search: '', page, pageSize: 2 })),
      );
      assert.deepEqual(
        pages.map(({ people: listed }) => listed.map(({ account }) => account.id)),
        [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)],
      );
      for (const { total } of pages) assert.equal(total, 6);
    });

    it('are read in batches, each person once, oldest account first', async () => {
      const some = await haves(3);
      const many = Array.from({ length: 450 }, () => member());
      await new KnexAccounts(database()).createMany(many.slice(0, 225));
      await new KnexAccounts(database()).createMany(many.slice(225));
      const batches = await Array.fromAsync(people().inBatches());
      assert.deepEqual(
        batches.map(({ length }) => length),
        [200, 200, 56],
      );
      assert.deepEqual(
        batches.flat().map(({ account }) => account.id),
        [...some.ids, ...many.map(({ id }) => id)],
      );
    });
  });
}
