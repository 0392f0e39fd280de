import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexPeople } from '../../../src/storage/people.ts';
import { migrate, openDatabase, pendingMigrations } from '../../../src/storage/sql/database.ts';
import { migrateDown } from '../../../src/storage/sql/migrations.ts';
import { CREATION_TIMEOUT, type EmptyDatabase, POSTGRESQL } from '../../support/databases.ts';
import { person } from './people.ts';

/** Only PostgreSQL has an index for parts of names and addresses, in an extension. */
export function trigramsSuite(): void {
  describe('the search for people', () => {
    let empty: EmptyDatabase;
    let db: Knex;
    beforeEach(async function () {
      this.timeout(CREATION_TIMEOUT);
      empty = await POSTGRESQL.create();
      db = openDatabase(empty.url);
    });
    afterEach(async () => {
      await db.destroy();
      await empty.drop();
    });

    it('uses an index for parts of names and addresses', async () => {
      await migrate(db);
      await db.raw('set enable_seqscan = off');
      for (const column of ['name_key', 'email_key']) {
        const { rows } = await db.raw('explain select * from accounts where ?? like ?', [column, '%smith%']);
        assert.match(JSON.stringify(rows), new RegExp(`accounts_${column}_trigrams`));
      }
      await migrateDown(db, '0010-search');
      await migrate(db);
      assert.deepEqual(await pendingMigrations(db), []);
    });

    it('works without it if the database’s owner has not added the extension, and nobody else may', async () => {
      const role = `plain_${process.pid}`;
      await db.raw('create role ?? login', [role]);
      await db.raw('grant usage, create on schema public to ??', [role]);
      const url = new URL(empty.url);
      url.username = role;
      const plain = openDatabase(url.href);
      try {
        await migrate(plain);
        assert.deepEqual(await pendingMigrations(plain), []);
        const { rows } = await plain.raw("select 1 from pg_indexes where indexname like '%trigrams'");
        assert.deepEqual(rows, []);
        await new KnexAccounts(plain).create(person({ name: 'Ann Smith' }));
        const { total } = await new KnexPeople(plain).search({ search: 'smi', page: 1, pageSize: 9 });
        assert.equal(total, 1);
      } finally {
        await plain.destroy();
        await db.raw('drop owned by ??', [role]);
        await db.raw('drop role ??', [role]);
      }
    });
  });
}
