import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { migrate, openDatabase, ping } from '../../src/storage/sql/database.ts';
import { SQLITE } from '../support/databases.ts';
import { settlesWithin } from '../support/until.ts';
import { storageSuites } from './suites/all.ts';

storageSuites(SQLITE);

describe('opening a database', () => {
  let folder: string;
  let databases: Knex[];
  const open = (url: string): Knex => {
    const db = openDatabase(url);
    databases.push(db);
    return db;
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
    databases = [];
  });
  afterEach(async () => {
    await Promise.all(databases.map((db) => db.destroy()));
    rmSync(folder, { recursive: true });
  });

  it('creates a folder and files that only their owner can read', async () => {
    const path = join(folder, 'data', 'postern.db');
    const db = open(`sqlite:${path}`);
    await migrate(db);
    const mode = (file: string) => (statSync(file).mode & 0o777).toString(8);
    assert.equal(mode(join(folder, 'data')), '700');
    for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(mode(file), '600', file);
  });

  it('accepts SQLite in memory, and a path after two slashes', async () => {
    for (const url of ['sqlite::memory:', `sqlite://${folder}/postern.db`]) {
      const db = open(url);
      await migrate(db);
      await ping(db);
    }
    assert.ok(statSync(join(folder, 'postern.db')).size > 0);
  });

  it('lets readers read while another connection writes, and enforces foreign keys', async () => {
    const db = open(`sqlite:${folder}/postern.db`);
    const settings = await Promise.all(
      ['journal_mode', 'foreign_keys', 'busy_timeout'].map((name) => db.raw(`pragma ${name}`)),
    );
    assert.deepEqual(settings, [[{ journal_mode: 'wal' }], [{ foreign_keys: 1 }], [{ timeout: 5000 }]]);
  });

  it('refuses a URL of another kind, without repeating a possible password', () => {
    for (const url of ['oracle://ann:secret@example.org', 'postern.db', '', 'sqlite:']) {
      assert.throws(
        () => openDatabase(url),
        ({ message }) => /sqlite:/.test(message) && !/secret/.test(message),
      );
    }
  });

  it('does not connect yet; a statement for a server that is down or silent fails within 6 seconds', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const address = silent.address();
    assert.ok(address !== null && typeof address === 'object');
    const fails = async (url: string) => {
      const db = open(url);
      for (const ask of [() => ping(db), async () => db('accounts').first()]) {
        const answer = ask();
        assert.ok(await settlesWithin(6000, answer), url);
        await assert.rejects(answer);
      }
    };
    const servers = ['postgres', 'mariadb'].flatMap((scheme) =>
      [1, address.port].map((port) => `${scheme}://user@127.0.0.1:${port}/postern`),
    );
    await Promise.all(servers.map(fails));
    silent.close();
  });
});
