import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { groupNameKey } from '../../../src/policy/group.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexPeople } from '../../../src/storage/people.ts';
import { migrate } from '../../../src/storage/sql/database.ts';
import { migrateDown } from '../../../src/storage/sql/migrations.ts';
import { digest } from '../../../src/storage/sql/rows.ts';
import { type Engine, useOwnDatabase } from '../../support/databases.ts';
import { newGroup } from './groups.ts';
import { person } from './people.ts';

const MIGRATION = '0011-spellings';

/** One address in different spellings. */
const SPELLINGS = [
  'ann@bücher.example',
  ' ANN@BÜCHER.example ',
  'ann@xn--bcher-kva.example',
  'ann@bücher。example',
  'ａｎｎ＠ｂüｃｈｅｒ．ｅｘａｍｐｌｅ',
  '\u200eann@bücher.example\u200b',
  'ann@bu\u0308cher.example.',
] as const;

export function spellingsSuite(engine: Engine): void {
  describe('spellings', () => {
    const database = useOwnDatabase(engine);
    const accounts = () => new KnexAccounts(database());
    const found = async (email: string) => (await accounts().findByEmail(email))?.id;
    const listed = async (search: string) =>
      (await new KnexPeople(database()).search({ search, page: 1, pageSize: 9 })).people.map(
        ({ account }) => account.id,
      );

    for (const email of SPELLINGS) {
      it(`of an address find the account of ${JSON.stringify(email)}, and do not create a second one`, async () => {
        const ann = person({ email });
        await accounts().create(ann);
        for (const other of SPELLINGS) {
          assert.equal(await found(other), ann.id, other);
          assert.deepEqual(await listed(other), [ann.id], other);
          assert.equal(await accounts().create(person({ email: other })), false, other);
        }
        assert.equal((await accounts().createMany([{ ...person({ email }), groupIds: [] }])).size, 0);
      });
    }

    it('of a part of an address or a name find the person', async () => {
      const ann = person({ email: 'ann@bücher.example', name: 'Ann\u200c Šmíd' });
      await accounts().create(ann);
      for (const part of [
        ...['bücher', 'BU\u0308CHER', 'xn--bcher-kva', '@xn--bcher-kva.example.', 'ｂüｃｈｅｒ', 'ａｎｎ@b'],
        ...['ann šm', 'A\u200bnn', 'Ｓ\u030cm'],
      ]) {
        assert.deepEqual(await listed(part), [ann.id], part);
      }
      assert.deepEqual(await listed('bucher'), []);
    });

    it('have a key that fits, however long the address is in lower case', async () => {
      const long = person({ email: `${'\u0130'.repeat(120)}@example.org` });
      assert.equal(await accounts().create(long), true);
      assert.equal(await found(long.email.toLowerCase()), long.id);
    });

    describe('of accounts from before spellings counted as one', () => {
      beforeEach(() => migrateDown(database(), MIGRATION));

      it('lead to them afterwards, also if they had invisible characters', async () => {
        const db = database();
        const before = [
          ['1', 'ann@example.org\u200b', 'ann@example.org'],
          ['2', '\u200eBob@Example.org', 'Bob@Example.org'],
          ['3', 'cy\u00add@example.org', 'cyd@example.org'],
          ['4', 'dee@example.org.', 'dee@example.org'],
          ['5', 'eve@xn--bcher-kva.example', 'eve@xn--bcher-kva.example'],
          ['6', 'fay@ｘ。test', 'fay@x.test'],
          ['7', 'Gus@Example.org', 'Gus@Example.org'],
        ] as const;
        for (const [id, email] of before) await insertAsBefore(db, id, email);
        await migrate(db);
        for (const [id, email, spelled] of before) {
          assert.equal(await found(email), id, email);
          assert.equal(await found(spelled), id, spelled);
          assert.equal((await accounts().find(id))?.email, spelled);
          assert.deepEqual(await listed(spelled), [id]);
        }
        assert.equal(await found('eve@bücher.example'), '5');
      });

      it('lead to both of two accounts: to the other only by its exact spelling', async () => {
        const db = database();
        await insertAsBefore(db, '1', 'ann@xn--bcher-kva.example');
        await insertAsBefore(db, '2', 'ann@bücher.example');
        await insertAsBefore(db, '3', 'bob@x。test');
        await insertAsBefore(db, '4', 'bob@ｘ.test');
        await insertAsBefore(db, '5', 'cyd@x.test\u200b');
        await insertAsBefore(db, '6', 'cyd@x.test');
        await migrate(db);
        for (const [typed, id] of [
          ['ann@bücher.example', '2'],
          ['ann@BÜCHER.example.', '2'],
          ['ann@xn--bcher-kva.example', '1'],
          ['ann@XN--bcher-kva.example', '1'],
          // Nobody had "bob@x.test": the oldest gets it.
          ['bob@x.test', '3'],
          ['bob@x。test', '3'],
          ['bob@ｘ.test', '4'],
          ['cyd@x.test', '6'],
          ['cyd@x.test\u200b', '5'],
        ] as const) {
          assert.equal(await found(typed), id, typed);
        }
        // The unchanged address is the one to copy from the list.
        assert.equal((await accounts().find('4'))?.email, 'bob@ｘ.test');
        assert.equal(await accounts().create(person({ email: 'bob@x.test' })), false);
        assert.equal(await accounts().changeEmail('4', 'bob@elsewhere.test', 1), true);
        assert.equal(await found('bob@elsewhere.test'), '4');
      });

      it('leave no person with an invisible name, and find names by their look', async () => {
        const db = database();
        await insertAsBefore(db, '1', 'ann@example.org', '\u3164\u2800');
        await insertAsBefore(db, '2', 'bob@example.org', 'Bo\u200bb');
        const group = newGroup({ name: 'Sa\u200fles' });
        await new KnexGroupStore(db).create(group);
        await db('groups').update({ name_key: digest(group.name.toLowerCase()) });
        await migrate(db);
        assert.equal((await accounts().find('1'))?.name, 'ann@example.org');
        assert.deepEqual(await listed('bob'), ['2']);
        assert.equal((await new KnexGroupStore(db).findByName('sales'))?.id, group.id);
        assert.equal(groupNameKey(group.name), 'sales');
      });

      it('are handled in several batches', async () => {
        const db = database();
        const rows = Array.from({ length: 1100 }, (_, index) =>
          rowAsBefore(String(index).padStart(5, '0'), `p${index}@example.org\u200b`),
        );
        for (let at = 0; at < rows.length; at += 100) await db('accounts').insert(rows.slice(at, at + 100));
        await migrate(db);
        for (const number of [0, 999, 1000, 1099]) {
          assert.equal(await found(`p${number}@example.org`), rows[number]?.id);
        }
      });

      it('are the keys again when the migration is reverted', async () => {
        const db = database();
        await insertAsBefore(db, '1', 'ann@xn--bcher-kva.example');
        await insertAsBefore(db, '2', 'bob@x。test');
        await migrate(db);
        await migrateDown(db, MIGRATION);
        const keys: readonly { readonly email_key: string }[] = await db('accounts').orderBy('id');
        assert.deepEqual(
          keys.map(({ email_key }) => email_key),
          ['ann@xn--bcher-kva.example', 'bob@x.test'],
        );
        await migrate(db);
        assert.equal(await found('ann@bücher.example'), '1');
      });
    });
  });
}

async function insertAsBefore(db: Knex, id: string, email: string, name?: string): Promise<void> {
  await db('accounts').insert(rowAsBefore(id, email, name));
}

/** An account as it was stored before all spellings counted as one. */
function rowAsBefore(id: string, email: string, name = `Person ${id}`) {
  const key = email.trim().normalize('NFC').toLowerCase();
  const keys = { email_key: key, name_key: name.normalize('NFKC').toLowerCase() };
  return { id, email, name, ...keys, role: 'member', created_at: Number(id) };
}
