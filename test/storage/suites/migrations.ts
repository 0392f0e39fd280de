import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Knex } from 'knex';
import { days } from '../../../src/kernel/time.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexPeople } from '../../../src/storage/people.ts';
import { migrate, openDatabase, pendingMigrations, ping } from '../../../src/storage/sql/database.ts';
import { migrateDown } from '../../../src/storage/sql/migrations.ts';
import { allTables } from '../../../src/storage/sql/tables.ts';
import { CREATION_TIMEOUT, type EmptyDatabase, type Engine } from '../../support/databases.ts';
import { clockAround } from '../../support/until.ts';
import { person } from './people.ts';

const run = promisify(execFile);

export function migrationsSuite(engine: Engine): void {
  describe('migrations', () => {
    let empty: EmptyDatabase;
    let db: Knex;
    /** The names of all. */
    let all: readonly string[];
    before('the server', async function () {
      this.timeout(CREATION_TIMEOUT);
      await (await engine.create()).drop();
    });
    beforeEach(async () => {
      empty = await engine.create();
      db = openDatabase(empty.url);
      all = await pendingMigrations(db);
    });
    afterEach(async () => {
      await db.destroy();
      await empty.drop();
    });

    it('are all pending on an empty database, and listing them changes nothing', async () => {
      await ping(db);
      assert.ok(all.includes('0001-accounts') && all.includes('0005-sessions'));
      assert.equal(await db.schema.hasTable('knex_migrations'), false);
    });

    it('leave nothing pending, and nothing for the next start', async () => {
      await migrate(db);
      assert.deepEqual(await pendingMigrations(db), []);
      const ann = person();
      await new KnexAccounts(db).create(ann);
      await migrate(db);
      assert.equal((await new KnexAccounts(db).find(ann.id))?.email, ann.email);
    });

    it('are reverted with data in every table, and run again', async () => {
      await migrate(db);
      await fill(db);
      await migrateDown(db);
      assert.deepEqual(await pendingMigrations(db), all);
      assert.equal(await db.schema.hasTable('accounts'), false);
      await migrate(db);
      await fill(db);
      assert.equal((await db('authenticators')).length, 1);
    });

    it('are reverted by one step, without a change to what older versions know', async () => {
      await migrate(db);
      await fill(db);
      // Apps reference the groups, and what is newer references apps.
      for (const name of all.slice(all.indexOf('0019-apps')).reverse()) await migrateDown(db, name);
      await migrateDown(db, '0008-groups-and-grace');
      assert.equal(await db.schema.hasTable('groups'), false);
      assert.deepEqual([(await db('accounts')).length, (await db('authenticators')).length], [1, 1]);
      await migrate(db);
      assert.equal((await new KnexPeople(db).inBatches()[Symbol.asyncIterator]().next()).done, false);
    });

    it('are reverted step by step, and delete only what each has created', async () => {
      await migrate(db);
      await fill(db);
      for (const name of [...all].reverse()) {
        const before = await rowsOfEach(db);
        await migrateDown(db, name);
        for (const [table, rows] of await rowsOfEach(db))
          assert.equal(rows, before.get(table), `${name}: ${table}`);
      }
    });

    it('give counts of earlier versions an expiry, and keep waiting mails', async () => {
      await migrate(db);
      await fill(db);
      await migrateDown(db, '0016-clients');
      const mail = { id: 'm', address: 'a@b', kind: 'sign-up', state: 'waiting', tries: 0, created_at: 1 };
      await db('mails').insert({ ...mail, due_at: 1, expires_at: 2, letter: 'sealed' });
      const { from, to } = await clockAround(() => migrate(db));
      for (const table of ['throttles', 'allowances']) {
        const { forget_at: end } = await db(table).first();
        assert.ok(Number(end) > from && Number(end) < to + days(31), `${table}: ${end}`);
      }
      const { turn, client_hash: client, letter } = await db('mails').where({ id: 'm' }).first();
      assert.deepEqual([turn, client, letter], [0, null, 'sealed']);
    });

    it('mark confirmed mailboxes, as far as the stored data proves it', async () => {
      await migrate(db);
      await migrateDown(db, '0018-assurance');
      const ids = { neither: 'a', email: 'b', app: 'c', reset: 'd' };
      for (const [name, id] of Object.entries(ids)) {
        const key = `${name}@example.org`;
        const account = {
          id,
          email: key,
          email_key: key,
          name,
          name_key: name,
          role: 'member',
          created_at: 1,
        };
        await db('accounts').insert({
          ...account,
          session_epoch: 0,
          reset_by_mail_at: id === 'd' ? 9 : null,
        });
      }
      for (const [index, account] of ['b', 'b', 'c'].entries()) {
        const method = account === 'c' ? 'app' : 'email';
        const named = { id: `f${index}`, method, name: `n${index}`, name_key: `n${index}`, data: '{}' };
        await db('authenticators').insert({ ...named, account_id: account, created_at: 5 + index });
      }
      await migrate(db);
      const rows = await db('accounts').select('id', 'email_confirmed_at').orderBy('id');
      const confirmed = rows.map(({ email_confirmed_at: at }) => (at === null ? null : Number(at)));
      assert.deepEqual(confirmed, [null, 5, null, 9]);
    });

    it('run once when several instances start at once', async () => {
      const start = `import { migrate, openDatabase } from '${import.meta.resolve('../../../src/storage/sql/database.ts')}';
        const db = openDatabase(process.argv[1]);
        await migrate(db);
        await db.destroy();`;
      const instance = () => run(process.execPath, ['--input-type=module', '-e', start, empty.url]);
      await Promise.all([instance(), instance(), instance(), migrate(db)]);
      assert.deepEqual(await pendingMigrations(db), []);
      assert.deepEqual(await migrated(db), all);
      assert.equal((await db('knex_migrations_lock').where({ is_locked: 0 })).length, 1);
    });

    it('wait for an instance that is migrating', async () => {
      await migrate(db);
      await db('knex_migrations_lock').update({ is_locked: 1 });
      await db('knex_migrations').where({ name: '0005-sessions' }).delete();
      await db.schema.dropTable('sessions');
      const waiting = migrate(db);
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.deepEqual(await pendingMigrations(db), ['0005-sessions']);
      await db('knex_migrations_lock').update({ is_locked: 0 });
      await waiting;
      assert.deepEqual(await pendingMigrations(db), []);
    });
  });
}

/** An app, its group, and a person who is signed in to it; everything has the same id. */
async function fillApps(db: Knex, id: string): Promise<void> {
  const where = { origin: 'https://a.example', host: 'a.example', cookie_host: 'a.example' };
  const demand = { audience: 'groups', proof: 'none', confirms_email: 0, remote_user: 'id' };
  await db('apps').insert({ id, name: 'a', name_key: 'a', kind: 'host', ...where, ...demand, created_at: 1 });
  await db('app_groups').insert({ app_id: id, group_id: id });
  await db('app_uses').insert({ app_id: id, account_id: id, last_at: 1 });
  const bound = { app_id: id, sign_in_id: id, account_id: id };
  await db('app_secrets').insert({ id, app_id: id, sealed: 's', created_at: 1 });
  await db('app_consents').insert({ app_id: id, account_id: id, scopes: 'email', given_at: 1 });
  const logout = { ...bound, id, state: 'open', tries: 0, created_at: 1, due_at: 1 };
  await db('app_logouts').insert(logout);
  await db('hand_overs').insert({ ...bound, code_hash: 'c', nonce_hash: 'n', path: '/', expires_at: 1 });
  await db('oidc_models').insert({ ...bound, type: 't', id_hash: 'h', sealed: 's', expires_at: 1 });
  const key = { id, algorithm: 'RS256', state: 'current', slot: 'current' };
  await db('signing_keys').insert({ ...key, sealed: 's', created_at: 1 });
  const times = { created_at: 1, last_seen_at: 1, expires_at: 1 };
  await db('app_sign_ins').insert({ ...bound, id, token_hash: 't', ...times });
}

async function rowsOfEach(db: Knex): Promise<ReadonlyMap<string, number>> {
  const tables = (await allTables(db)).filter(({ name }) => !name.startsWith('knex_'));
  return new Map(await Promise.all(tables.map(async ({ name }) => [name, (await db(name)).length] as const)));
}

async function migrated(db: Knex): Promise<readonly string[]> {
  const rows: readonly { readonly name: string }[] = await db('knex_migrations').orderBy('id');
  return rows.map(({ name }) => name);
}

async function fill(db: Knex): Promise<void> {
  const { id } = person();
  await new KnexAccounts(db).create(person({ id }));
  const when = { created_at: 1, expires_at: 2 };
  await db('links').insert({ id, slot: 's', token_hash: 't', purpose: 'p', account_id: id, ...when });
  const named = { name: 'n', name_key: 'n', method: 'app', data: '{}' };
  await db('authenticators').insert({ id, account_id: id, created_at: 1, ...named });
  const sent = { address: 'a', code_hash: 'c', sent_at: 1, expires_at: 2, tries: 0 };
  await db('challenges').insert({ id, account_id: id, purpose: 'p', browser_hash: 'b', ...sent });
  await db('throttles').insert({ subject_hash: 's', failures: 1, wait_until: 1 });
  await db('allowances').insert({ subject_hash: 's', version: 1, times: '[]' });
  await db('client_budgets').insert({ subject_hash: 's', full_at: 1, wait_until: 1 });
  await db('settings').insert({ name: 'n', value: '1' });
  const rule = { rule: 'off', methods: '[]', grace: '{"kind":"none"}', mandatory_since: 0 };
  await db('groups').insert({ id, name: 'n', name_key: 'n', ...rule });
  await db('group_members').insert({ group_id: id, account_id: id, joined_at: 1 });
  await db('graces').insert({ account_id: id, source: 'site', began_at: 1 });
  const signIn = { epoch: 0, browser: '', address: '', started_at: 1, last_seen_at: 1 };
  await db('sign_ins').insert({ id, account_id: id, ...signIn });
  await fillApps(db, id);
}
