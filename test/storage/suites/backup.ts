import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { newId } from '../../../src/kernel/identifiers.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAppSecretStore } from '../../../src/storage/app-secrets.ts';
import { KnexAppStore } from '../../../src/storage/apps.ts';
import { KnexAuditStore } from '../../../src/storage/audit.ts';
import { backUp, restore } from '../../../src/storage/backup.ts';
import { CARRIED_TABLES } from '../../../src/storage/carried-rows.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexSettingsStore } from '../../../src/storage/settings.ts';
import { KnexSigningKeyStore } from '../../../src/storage/signing-keys.ts';
import { migrate, openDatabase } from '../../../src/storage/sql/database.ts';
import { holdMigrations, releaseMigrations } from '../../../src/storage/sql/migrations.ts';
import { dataTables } from '../../../src/storage/sql/table-rows.ts';
import { allTables } from '../../../src/storage/sql/tables.ts';
import { type Engine, SQLITE, useDatabase } from '../../support/databases.ts';
import { newApp } from './apps.ts';
import { newGroup } from './groups.ts';
import { NOW, person } from './people.ts';

export function backupSuite(engine: Engine): void {
  describe('a backup', () => {
    const database = useDatabase(engine);
    const closing: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of closing.splice(0)) await close();
    });

    async function emptyDatabase(on: Engine): Promise<Knex> {
      const { url, drop } = await on.create();
      const db = openDatabase(url);
      closing.push(async () => {
        await db.destroy();
        await drop();
      });
      await migrate(db);
      return db;
    }

    it('goes to another database and back, with every row unchanged', async () => {
      await fill(database());
      const first = await linesOf(database());
      assert.ok(first.length > 1200);
      const sqlite = await emptyDatabase(SQLITE);
      const outcome = await restore(sqlite, stream(first));
      const counts = JSON.parse(first[0] ?? '').tables;
      assert.deepEqual(outcome, { kind: 'restored', at: new Date(NOW).toISOString(), counts });
      const second = await linesOf(sqlite);
      assert.deepEqual(sorted(second), sorted(first));
      const back = await emptyDatabase(engine);
      await restore(back, stream(second));
      assert.deepEqual(sorted(await linesOf(back)), sorted(first));
      const account = await new KnexAccounts(back).findByEmail('ann@example.org');
      assert.equal(account?.createdAt, NOW);
      const apps = await new KnexAppStore(back).all();
      assert.deepEqual(apps, await new KnexAppStore(database()).all());
      assert.deepEqual([apps[0]?.audience.length, apps[0]?.lastSignInAt], [1, NOW]);
      // Two above every epoch that a session may have.
      assert.ok((account?.sessionEpoch ?? 0) >= 20_000);
      assert.deepEqual((await new KnexAuditStore(back).search({ page: 1, pageSize: 1 })).total, 1234);
    });

    it('is a snapshot: it contains nothing that is written while it is made', async () => {
      await fill(database());
      const before = await linesOf(database());
      const lines: string[] = [];
      for await (const line of backUp(database(), NOW)) {
        lines.push(line);
        if (lines.length === 1) await elsewhere(database(), (db) => new KnexAccounts(db).create(person()));
      }
      assert.deepEqual(lines, before);
      assert.equal((await linesOf(database())).length, before.length + 1);
    });

    it('contains no sessions', async () => {
      const [head = ''] = await linesOf(database());
      const { tables } = JSON.parse(head);
      for (const name of ['sessions', 'hand_overs', 'app_sign_ins']) assert.equal(tables[name], undefined);
      assert.equal(tables.accounts, 0);
    });

    for (const [what, fault, spoil] of [
      ['of no line', 'not a backup', () => []],
      ['of something else', 'not a backup', () => ['nonsense']],
      ['of a later format', 'not a backup', withHead('"version":1', '"version":2')],
      ['with a line of another kind', 'not a backup', (lines: string[]) => [...lines, '{"accounts":1}']],
      [
        'with rows for a table that it has no business with',
        'not a backup',
        (lines: string[]) => [...lines, '["knex_migrations",{"name":"x"}]'],
      ],
      ['of another version', 'other version', withHead('"0001-accounts",', '')],
      ['without its last line', 'incomplete', (lines: string[]) => lines.slice(0, -1)],
      ['with fewer rows than it says', 'incomplete', withHead('"throttles":1', '"throttles":2')],
      ['with rows that it does not speak of', 'incomplete', withHead(',"throttles":1', '')],
    ] as const) {
      it(`${what} is refused and changes nothing`, async () => {
        await fill(database(), 3);
        const lines = spoil(await linesOf(database()));
        const empty = await emptyDatabase(SQLITE);
        const outcome = await restore(empty, stream(lines));
        assert.ok(outcome.kind === 'refused');
        assert.equal(outcome.fault, fault);
        assert.equal(await new KnexAccounts(empty).isEmpty(), true);
      });
    }

    /** A change of the first row of a table. */
    const withRow =
      (table: string, change: Record<string, unknown>) =>
      (lines: readonly string[]): string[] => {
        const index = lines.findIndex((line) => line.startsWith(`["${table}",`));
        const [, row] = JSON.parse(lines[index] ?? '');
        // JSON.stringify cannot write 1e999.
        const text = JSON.stringify([table, { ...row, ...change }]).replaceAll('"1e308"', '1e308');
        return lines.with(index, text);
      };
    for (const [what, table, change] of [
      ['a role that there is not', 'accounts', { role: 'owner' }],
      ['a number beyond all moments', 'accounts', { created_at: '1e308' }],
      ['a moment that no calendar has', 'accounts', { last_sign_in_at: 8.7e15 }],
      ['half a moment', 'accounts', { created_at: 1.5 }],
      [
        'a hash that would take minutes',
        'accounts',
        { password_hash: '$argon2id$v=19$m=2097152,t=9,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA' },
      ],
      ['a hash of nothing known', 'accounts', { password_hash: 'swordfish' }],
      ['a grace that is no JSON', 'accounts', { enforced_at: 1, enforced_grace: '{' }],
      ['an event that there is not', 'audit_events', { event: 'hello' }],
      [
        'a policy that there is not',
        'settings',
        { name: 'twoFactor', value: '{"rule":"never","methods":[]}' },
      ],
      ['a column that there is not', 'throttles', { subject: 'x' }],
      ['a number that the column does not hold', 'throttles', { wait_until: null }],
    ] as const) {
      it(`with ${what} is refused and changes nothing`, async () => {
        await fill(database(), 3);
        const lines = withRow(table, change)(await linesOf(database()));
        const empty = await emptyDatabase(engine);
        const outcome = await restore(empty, stream(lines));
        assert.ok(outcome.kind === 'refused' && outcome.fault === 'not a backup');
        assert.match(outcome.row ?? '', new RegExp(`^a row of the table "${table}"`));
        assert.equal(await new KnexAccounts(empty).isEmpty(), true);
        assert.deepEqual(await empty('audit_events'), []);
      });
    }

    it('with the same row twice is refused and changes nothing', async () => {
      await fill(database(), 3);
      const [head = '', first = '', ...rest] = await linesOf(database());
      const table = JSON.parse(first)[0];
      const counted = JSON.parse(head);
      counted.tables[table] += 1;
      const empty = await emptyDatabase(engine);
      const lines = [JSON.stringify(counted), first, first, ...rest];
      const outcome = await restore(empty, stream(lines));
      assert.ok(outcome.kind === 'refused' && outcome.fault === 'not a backup');
      assert.equal(await new KnexAccounts(empty).isEmpty(), true);
    });

    it('with more rows than it announces is refused before the rest is read', async () => {
      await fill(database(), 3);
      const [head = '', first = ''] = await linesOf(database());
      let read = 0;
      async function* endless() {
        yield head;
        for (;;) {
          read += 1;
          yield first;
        }
      }
      const empty = await emptyDatabase(SQLITE);
      const outcome = await restore(empty, endless());
      assert.ok(outcome.kind === 'refused' && outcome.fault === 'incomplete');
      assert.ok(read <= 3, `${read} rows`);
    });

    it('knows all columns of every table', async () => {
      const tables = await dataTables(database());
      assert.deepEqual(tables.map(({ name }) => name).sort(), [...CARRIED_TABLES].sort());
    });

    it('is refused by a database that is not empty', async () => {
      await fill(database(), 3);
      const lines = await linesOf(database());
      const outcome = await restore(database(), stream(lines));
      assert.ok(outcome.kind === 'refused' && outcome.fault === 'not empty');
      assert.deepEqual(await linesOf(database()), lines);
    });

    it('is refused while another instance creates the tables', async () => {
      await fill(database(), 3);
      const empty = await emptyDatabase(engine);
      assert.ok(await holdMigrations(empty));
      const outcome = await restore(empty, stream(await linesOf(database())));
      assert.ok(outcome.kind === 'refused' && outcome.fault === 'busy');
      await releaseMigrations(empty);
      assert.equal((await restore(empty, stream(await linesOf(database())))).kind, 'restored');
    });

    if (engine !== SQLITE) {
      it('lets no instance start before it is completely restored', async () => {
        await fill(database(), 3);
        const lines = await linesOf(database());
        const { url, drop } = await engine.create();
        const [filling, starting] = [openDatabase(url), openDatabase(url)];
        closing.push(async () => {
          await Promise.all([filling.destroy(), starting.destroy()]);
          await drop();
        });
        await migrate(filling);
        let start: Promise<number> | undefined;
        async function* slow() {
          for (const line of lines) {
            yield line;
            start ??= migrate(starting).then(async () => (await starting('accounts')).length);
            await Promise.race([start.then(() => assert.fail('It has started.')), delay(100)]);
          }
        }
        assert.equal((await restore(filling, slow())).kind, 'restored');
        assert.equal(await start, 2);
      });
    }

    it('knows every table, and orders referenced tables first', async () => {
      const tables = await allTables(database());
      const names = tables.map(({ name }) => name);
      for (const [first, then] of [
        ['accounts', 'links'],
        ['accounts', 'authenticators'],
        ['reset_requests', 'reset_approvals'],
      ] as const) {
        assert.ok(
          names.indexOf(first) >= 0 && names.indexOf(first) < names.indexOf(then),
          `${first}, ${then}`,
        );
      }
      const approvals = tables.find(({ name }) => name === 'reset_approvals');
      assert.equal(approvals?.key.length, 2);
    });
  });
}

const HASH =
  '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';

async function fill(db: Knex, events = 1234): Promise<void> {
  const ann = person({ email: 'ann@example.org', name: "Ann 'Ö' \u{1F989}\\n\"" });
  const accounts = new KnexAccounts(db);
  await accounts.create(ann);
  await accounts.create(person({ role: 'administrator', passwordHash: HASH }));
  await new KnexSettingsStore(db).change({ siteName: 'مركز المساعدة' });
  const staff = newGroup({ name: 'Staff' });
  await new KnexGroupStore(db).create(staff);
  const wiki = newApp({ name: "Wiki 'Ö' \u{1F989}", audience: [staff.id], freshMinutes: 30 });
  await new KnexAppStore(db).create(wiki);
  await db('app_uses').insert({ app_id: wiki.id, account_id: ann.id, last_at: NOW });
  await db('app_consents').insert({ app_id: wiki.id, account_id: ann.id, scopes: 'email', given_at: NOW });
  const sealed = { key: '1', nonce: 'n', text: 't', tag: 'g' };
  await new KnexAppSecretStore(db).create({
    id: newId(NOW),
    appId: wiki.id,
    sealed,
    createdAt: NOW,
    endsAt: null,
  });
  const key = { id: newId(NOW), algorithm: 'ES256', state: 'current' } as const;
  await new KnexSigningKeyStore(db).create({ ...key, sealed, createdAt: NOW, endsAt: null });
  await db('throttles').insert({ subject_hash: 'x'.repeat(43), failures: 3, wait_until: NOW + 1 });
  const audit = new KnexAuditStore(db);
  const all = Array.from({ length: events }, (_, index) => ({
    id: newId(NOW),
    at: NOW + Math.floor(index / 7),
    event: 'sign-out' as const,
    actorId: index % 2 ? ann.id : null,
    actorLabel: 'ann@example.org',
    subjectId: null,
    subjectLabel: '=1+1\r\n',
    address: '2001:db8::1',
    browser: '',
    requestId: '',
    detail: { from: '"', to: '\u2028' },
  }));
  for (let start = 0; start < all.length; start += 400) await audit.append(all.slice(start, start + 400));
}

const withHead =
  (from: string, to: string) =>
  ([head = '', ...rest]: string[]): string[] => [head.replace(from, to), ...rest];

/** Writes like another process: SQLite's one connection is busy with the backup. */
async function elsewhere(db: Knex, write: (db: Knex) => Promise<unknown>): Promise<void> {
  const { filename } = db.client.config.connection;
  if (filename === undefined) return void (await write(db));
  const other = openDatabase(`sqlite:${filename}`);
  await write(other);
  await other.destroy();
}

async function linesOf(db: Knex): Promise<string[]> {
  return Array.fromAsync(backUp(db, NOW));
}

/** Each database has its own order of texts, of tables and of columns. */
/** Without the session epochs, which a restore raises. */
function sorted(lines: readonly string[]): unknown[] {
  const [head = '', ...rows] = lines.map((line) => line.replace(/"session_epoch":\d+/, '"session_epoch":0'));
  return [JSON.parse(head), ...rows.sort().map((line) => JSON.parse(line))];
}

async function* stream(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
