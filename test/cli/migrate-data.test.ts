import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { newId } from '../../src/kernel/identifiers.ts';
import { backUp } from '../../src/storage/backup.ts';
import { copyDatabase } from '../../src/storage/database-copy.ts';
import { migrate, openDatabase } from '../../src/storage/sql/database.ts';
import { doneMigrations, migrateDown } from '../../src/storage/sql/migrations.ts';
import {
  CREATION_TIMEOUT,
  type EmptyDatabase,
  type Engine,
  MARIADB,
  POSTGRESQL,
  SQLITE,
} from '../support/databases.ts';
import { gateway } from '../support/gateway.ts';
import { groupWith } from '../support/policies.ts';
import { openPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { givesAppCode, isSignedIn, type Victim, victimWithCodes } from '../support/victim.ts';
import { runs } from './command-line.ts';

const SECRET = 'one-secret-of-more-than-32-characters';
const EVENTS = 6000;

describe('The command line: migrate-data', () => {
  let folder: string;
  /** A used site, whose audit log takes several batches. */
  let grown: string;
  let vera: Victim;
  let moment: number;
  const closing: (() => Promise<void>)[] = [];

  const moves = (from: string, to: string) =>
    runs({ DATA_DIR: folder }, ['migrate-data', '--from', from, '--to', to], '', { isTTY: true });
  const opened = (url: string): Knex => {
    const db = openDatabase(url);
    closing.push(() => db.destroy());
    return db;
  };
  const empty = async (engine: Engine): Promise<EmptyDatabase> => {
    const database = await engine.create();
    closing.push(database.drop);
    return database;
  };
  /** All copied data, each row as a line. */
  const rowsIn = async (url: string): Promise<unknown[]> => {
    const db = openDatabase(url);
    const [head = '', ...rows] = await Array.fromAsync(backUp(db, 0));
    await db.destroy();
    return [
      JSON.parse(head).tables,
      ...rows
        .map((line) => JSON.parse(line))
        .map(sorted)
        .sort(),
    ];
  };

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    grown = `sqlite:${join(folder, 'grown.sqlite')}`;
    const portal = await openPortal('database', { DATABASE_URL: grown, APP_SECRET: SECRET });
    vera = await victimWithCodes(portal);
    await groupWith(portal, { rule: 'optional' }, [vera.account], 'Ärzte \u{1F989}');
    moment = portal.now();
    await portal.close();
    const db = openDatabase(grown);
    const [like] = await db('audit_events').limit(1);
    for (let start = 0; start < EVENTS; start += 500) {
      const some = Array.from({ length: 500 }, () => ({ ...like, id: newId(moment) }));
      await db('audit_events').insert(some);
    }
    assert.equal((await db('sessions')).length > 0, true);
    await db.destroy();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('copies a grown site from SQLite to PostgreSQL, MariaDB and back, row by row, without its sessions', async () => {
    const before = await rowsIn(grown);
    let from = grown;
    for (const engine of [POSTGRESQL, MARIADB, SQLITE]) {
      const { url } = await empty(engine);
      const ran = await moves(from, url);
      assert.equal(ran.code, 0, ran.errors);
      assert.match(ran.output, /^accounts 1$/m);
      assert.match(ran.output, /counts of all tables match\. Sessions were not copied/);
      assert.match(ran.errors, /Rows: ([\d,]+) of \1\n$/, 'how far it is, to the end');
      assert.deepEqual(await rowsIn(url), before, engine.name);
      const db = opened(url);
      assert.deepEqual(await db('sessions'), []);
      assert.equal((await db('knex_migrations_lock').first()).is_locked, 0);
      from = url;
      if (engine !== MARIADB) continue;
      const portal = await openPortal(
        'database',
        { DATABASE_URL: url, APP_SECRET: SECRET },
        { time: () => moment },
      );
      const person = await signsIn(portal, vera.email);
      await givesAppCode(portal, person, vera.app);
      assert.ok(isSignedIn(person), person.page.heading);
      await portal.close();
      assert.equal((await moves(grown, url)).code, 1);
      // The rows of the sign-in are not in the first state.
      before.splice(0, before.length, ...(await rowsIn(url)));
    }
  });

  for (const engine of [POSTGRESQL, MARIADB]) {
    it(`leaves the target empty when it is interrupted, and works when it runs again: ${engine.name}`, async () => {
      const { url } = await empty(engine);
      await migrate(opened(url));
      const none = await rowsIn(url);
      const way = await gateway(url);
      closing.push(() => way.cut());
      // Longer than it takes to check the tables and to write the first rows.
      way.breakAfter(72);
      const ran = await moves(grown, way.url);
      assert.equal(ran.code, 1);
      assert.match(ran.errors, /Rows: [\d,]+ of/, 'rows had been read');
      await startsWithin(5000, url);
      assert.deepEqual(await rowsIn(url), none);
      const again = await moves(grown, url);
      assert.equal(again.code, 0, again.errors);
      assert.deepEqual(await rowsIn(url), await rowsIn(grown));
    });

    it(`is done by one of several concurrent commands: ${engine.name}`, async () => {
      const { url } = await empty(engine);
      const all = await Promise.all([1, 2, 3, 4].map(() => moves(grown, url)));
      assert.deepEqual(all.map(({ code }) => code).sort(), [0, 1, 1, 1]);
      assert.deepEqual(await rowsIn(url), await rowsIn(grown));
    });
  }

  it('refuses a database with other data, and does not change it', async () => {
    const { url } = await empty(POSTGRESQL);
    const db = opened(url);
    await migrate(db);
    await db('settings').insert({ name: 'n', value: '1' });
    const ran = await moves(grown, url);
    assert.equal(ran.code, 1);
    assert.match(ran.errors, /^The target database is not empty\. Use an empty one\.\n$/);
    assert.deepEqual([(await db('settings')).length, (await db('accounts')).length], [1, 0]);
    assert.equal((await db('knex_migrations_lock').first()).is_locked, 0);
    assert.equal((await moves(grown, grown)).code, 1, 'nor itself');
  });

  it('refuses a source that is written to in the meantime, and leaves the target empty', async () => {
    const { url } = await empty(POSTGRESQL);
    await migrate(opened(url));
    const none = await rowsIn(url);
    const source = opened(grown);
    const [event] = await source('audit_events').limit(1);
    const id = newId(moment);
    let writing: Promise<unknown> | undefined;
    const outcome = await copyDatabase({ from: grown, to: url, at: moment }, () => {
      writing ??= source('audit_events')
        .insert({ ...event, id })
        .then();
    });
    await writing;
    assert.deepEqual(outcome, { kind: 'refused', fault: 'source has changed' });
    assert.deepEqual(await rowsIn(url), none);
    await source('audit_events').where({ id }).delete();
    assert.equal((await moves(grown, url)).code, 0);
  });

  it('names an unreadable row, and leaves the target empty', async () => {
    const { url } = await empty(SQLITE);
    const copy = join(folder, 'copy.sqlite');
    copyFileSync(join(folder, 'grown.sqlite'), copy);
    const source = opened(`sqlite:${copy}`);
    await source('accounts').update({ role: 'owner' });
    const { id } = await source('accounts').first('id');
    const ran = await moves(`sqlite:${copy}`, url);
    assert.notEqual(ran.code, 0);
    assert.match(
      ran.errors,
      new RegExp(`--from: this version cannot read a row of the table "accounts" \\(${id}\\)`),
    );
    assert.deepEqual(await opened(url)('accounts'), []);
  });

  it('refuses tables of another version on either side', async () => {
    const [old, target] = [await empty(SQLITE), await empty(POSTGRESQL)];
    const db = opened(old.url);
    await migrate(db);
    await migrateDown(db, (await doneMigrations(db)).at(-1));
    const other = /^The tables of one of the two databases are of another version/;
    assert.match((await moves(old.url, target.url)).errors, other);
    assert.match((await moves(grown, old.url)).errors, other);
  });

  it('creates no file for a missing database, and reads URLs from files', async () => {
    const missing = join(folder, 'missing.sqlite');
    const ran = await moves(`sqlite:${missing}`, `sqlite:${join(folder, 'new.sqlite')}`);
    assert.match(ran.errors, /^The source database has no portal in it\. Nothing was changed\.\n$/);
    assert.equal(existsSync(missing), false);
    const wrong = await moves(grown, 'oracle://host/name');
    assert.equal(wrong.code, 64);
    writeFileSync(join(folder, 'url'), `sqlite:${join(folder, 'other.sqlite')}\n`);
    assert.equal((await moves(grown, `@${join(folder, 'url')}`)).code, 0);
    assert.equal(existsSync(join(folder, 'other.sqlite')), true);
    const unencoded = await runs({}, [
      'migrate-data',
      '--from',
      'mysql://ann:hu%sh@db/x',
      '--to',
      'sqlite:x',
    ]);
    assert.equal(unencoded.code, 64);
    assert.match(unencoded.errors, /^Expected "%" in a name or a password to be written as %25[^\n]*\n$/);
    const malformed = await runs({}, [
      'migrate-data',
      '--from',
      'oracle://ann:hush@db/x',
      '--to',
      'sqlite:x',
    ]);
    assert.equal(malformed.code, 64);
    assert.doesNotMatch(malformed.errors, /hush/);
  });
});

/** Each database has its own column order. */
function sorted(line: unknown): string {
  return JSON.stringify(line, (_key, held: unknown) =>
    typeof held === 'object' && held !== null && !Array.isArray(held)
      ? Object.fromEntries(Object.entries(held).sort())
      : held,
  );
}

/** An instance checks the tables before it does anything else. */
async function startsWithin(milliseconds: number, url: string): Promise<void> {
  const db = openDatabase(url);
  const late = delay(milliseconds).then(() => Promise.reject(new Error('still waiting')));
  try {
    await Promise.race([migrate(db), late]);
  } finally {
    await db.destroy();
  }
}
