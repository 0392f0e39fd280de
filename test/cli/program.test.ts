import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import knex from 'knex';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { runs } from './command-line.ts';

describe('The command line', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('prints help, also for each command, without reading the environment', async () => {
    const faulty = { PORT: 'none' };
    const whole = await runs(faulty, ['--help']);
    assert.equal(whole.code, 0);
    for (const command of [
      'user|users',
      'policy',
      'app|apps',
      'keys',
      'audit',
      'backup',
      'restore',
      'migrate',
    ]) {
      assert.ok(whole.output.includes(`\n  ${command} `), command);
    }
    const user = await runs(faulty, ['user', '--help']);
    for (const command of ['create', 'list', 'import', 'export', 'reset-2fa', 'disable', 'enable']) {
      assert.match(user.output, new RegExp(`^  ${command} `, 'm'));
    }
  });

  it('prints help as an error if no command is given', async () => {
    const ran = await runs({ DATA_DIR: folder }, []);
    assert.equal(ran.code, 64);
    assert.match(ran.errors, /Usage: npm run cli -- /);
  });

  it('reports every configuration error, and exits with 78', async () => {
    const ran = await runs({ DATA_DIR: folder, PORT: 'none', REDIS_URL: 'nowhere' }, ['user', 'list']);
    assert.equal(ran.code, 78);
    assert.match(ran.errors, /PORT: expected/);
    assert.match(ran.errors, /REDIS_URL: expected/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('prints one line when the database cannot be reached, without its password', async () => {
    const DATABASE_URL = 'postgres://postern:hushhush@127.0.0.1:1/postern';
    const ran = await runs({ DATA_DIR: folder, DATABASE_URL }, ['user', 'list']);
    assert.equal(ran.code, 1);
    assert.match(
      ran.errors,
      /^DATABASE_URL: no PostgreSQL answers at 127\.0\.0\.1:1 \(ECONNREFUSED\)[^\n]*\n$/,
    );
    assert.doesNotMatch(ran.errors, /hushhush| {4}at /);
  });

  it('writes the log to standard error when asked to, so that results can be piped', async () => {
    await runs({ DATA_DIR: folder }, ['user', 'list']);
    const db = openDatabase(`sqlite:${join(folder, 'postern.sqlite')}`);
    await db.schema.renameTable('authenticators', 'lost');
    await db.destroy();
    const ran = await runs({ DATA_DIR: folder }, ['--verbose', 'user', 'list', '--json']);
    assert.match(ran.errors, /^\{"level":"error".*"msg":"the command failed"\}$/m);
    assert.equal(ran.output, '');
  });

  it('creates the tables of an empty database by itself', async () => {
    const ran = await runs({ DATA_DIR: folder }, ['user', 'list', '--json']);
    assert.deepEqual(ran, { code: 0, output: '[]\n', errors: '' });
  });

  it('does not change a database of an earlier version until it is told to migrate', async () => {
    const environment = { DATA_DIR: folder };
    assert.equal((await runs(environment, ['migrate'])).code, 0);
    const file = join(folder, 'postern.sqlite');
    const db = knex({ client: 'better-sqlite3', connection: { filename: file }, useNullAsDefault: true });
    const [latest] = await db('knex_migrations').orderBy('id', 'desc').limit(1);
    await db('knex_migrations').where({ name: latest.name }).delete();
    for (const args of [
      ['user', 'list'],
      ['policy', 'show'],
      ['keys', 'rotate'],
      ['user', 'enable', 'a@b.c'],
    ]) {
      const ran = await runs(environment, args);
      assert.equal(ran.code, 1, args.join(' '));
      assert.match(ran.errors, /^The database is from an earlier version: 1 migration is missing[^\n]*\n$/);
    }
    await db('knex_migrations').insert(latest);
    await db.destroy();
    const { output } = await runs(environment, ['migrate']);
    assert.equal(output, '0 migrations were run. The database is up to date.\n');
  });

  it('migrates and names what was run, and has nothing to do the second time', async () => {
    const first = await runs({ DATA_DIR: folder }, ['migrate']);
    const names = first.output.trimEnd().split('\n').slice(0, -1);
    assert.equal(names[0], '0001-accounts');
    assert.match(first.output, new RegExp(`^${names.length} migrations were run`, 'm'));
    const second = await runs({ DATA_DIR: folder }, ['migrate']);
    assert.match(second.output, /^0 migrations were run/);
  });

  it("speaks the operator's language", async () => {
    const ran = await runs({ DATA_DIR: folder, LANG: 'ar_EG.UTF-8' }, ['user', 'list']);
    assert.equal(ran.output, 'لا توجد حسابات.\n');
    const posix = await runs({ DATA_DIR: folder, LANG: 'C.UTF-8' }, ['user', 'list']);
    assert.equal(posix.output, 'There are no accounts.\n');
  });
});
