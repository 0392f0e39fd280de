import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { newId } from '../../../src/identifiers.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuditStore } from '../../../src/storage/audit.ts';
import { backUp, restore } from '../../../src/storage/backup.ts';
import { migrate, openDatabase } from '../../../src/storage/database.ts';
import { KnexSettingsStore } from '../../../src/storage/settings.ts';
import { allTables } from '../../../src/storage/tables.ts';
import { type Engine, SQLITE, useDatabase } from '../../support/databases.ts';
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

    it('goes to another database and back, with every row as it was', async () => {
      await fill(database());
      const first = await linesOf(database());
      assert.ok(first.length > 1200);
      const sqlite = await emptyDatabase(SQLITE);
      const outcome = await restore(sqlite, stream(first));
      assert.deepEqual(outcome, {
        kind: 'restored',
        at: new Date(NOW).toISOString(),
        rows: first.length - 1,
      });
      const second = await linesOf(sqlite);
      assert.deepEqual(sorted(second), sorted(first));
      const back = await emptyDatabase(engine);
      await restore(back, stream(second));
      assert.deepEqual(sorted(await linesOf(back)), sorted(first));
      const account = await new KnexAccounts(back).findByEmail('ann@example.org');
      assert.equal(account?.createdAt, NOW);
      assert.deepEqual((await new KnexAuditStore(back).search({ page: 1, pageSize: 1 })).total, 1234);
    }).timeout(60_000);

    it('is of one moment: what is written while it is made is not in it', async () => {
      await fill(database());
      const before = await linesOf(database());
      const lines: string[] = [];
      for await (const line of backUp(database(), NOW)) {
        lines.push(line);
        if (lines.length === 1) await elsewhere(database(), (db) => new KnexAccounts(db).create(person()));
      }
      assert.deepEqual(lines, before);
      assert.equal((await linesOf(database())).length, before.length + 1);
    }).timeout(20_000);

    it('leaves sessions out', async () => {
      const [head = ''] = await linesOf(database());
      const { tables } = JSON.parse(head);
      assert.equal(tables.sessions, undefined);
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
      it(`${what} is refused and leaves nothing behind`, async () => {
        await fill(database(), 3);
        const lines = spoil(await linesOf(database()));
        const empty = await emptyDatabase(SQLITE);
        assert.deepEqual(await restore(empty, stream(lines)), { kind: 'refused', fault });
        assert.equal(await new KnexAccounts(empty).isEmpty(), true);
      });
    }

    it('is refused by a database that is not empty', async () => {
      await fill(database(), 3);
      const lines = await linesOf(database());
      assert.deepEqual(await restore(database(), stream(lines)), { kind: 'refused', fault: 'not empty' });
      assert.deepEqual(await linesOf(database()), lines);
    });

    it('knows every table, those first that others refer to', async () => {
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

async function fill(db: Knex, events = 1234): Promise<void> {
  const ann = person({ email: 'ann@example.org', name: "Ann 'Ö' \u{1F989}\\n\"" });
  const accounts = new KnexAccounts(db);
  await accounts.create(ann);
  await accounts.create(person({ role: 'administrator', passwordHash: '$argon2id$…' }));
  await new KnexSettingsStore(db).change({ siteName: 'مركز المساعدة' });
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

/** Writes as another process would: SQLite's one connection is busy with the backup. */
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
function sorted(lines: readonly string[]): unknown[] {
  const [head = '', ...rows] = lines;
  return [JSON.parse(head), ...rows.sort().map((line) => JSON.parse(line))];
}

async function* stream(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}
