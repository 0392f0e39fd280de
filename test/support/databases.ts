import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { migrate, openDatabase } from '../../src/storage/database.ts';
import { minutes } from '../../src/time.ts';
import { mariadb, postgres, type Server } from './servers.ts';

/** An empty database, not yet migrated. */
export interface EmptyDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database system that the portal runs on. */
export interface Engine {
  readonly name: string;
  create(): Promise<EmptyDatabase>;
}

export const SQLITE: Engine = {
  name: 'SQLite',
  create: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
    return {
      url: `sqlite:${join(folder, 'postern.db')}`,
      drop: async () => rmSync(folder, { recursive: true }),
    };
  },
};

export const POSTGRESQL: Engine = {
  name: 'PostgreSQL',
  create: () => createOn(postgres(), 'create database ??', 'drop database ?? with (force)'),
};

/** The server's own collation ignores case: the portal must not depend on it. */
export const MARIADB: Engine = {
  name: 'MariaDB',
  create: () =>
    createOn(
      mariadb(),
      'create database ?? character set utf8mb4 collate utf8mb4_general_ci',
      'drop database ??',
    ),
};

/** How long a first `create` may take: the server may have to be installed. */
export const CREATION_TIMEOUT = minutes(10);

const TABLES = [
  ...['links', 'authenticators', 'challenges', 'accounts', 'groups'],
  ...['throttles', 'allowances', 'settings', 'audit_events', 'sessions', 'mails'],
];

/** Within a `describe`: a migrated database for its tests, emptied before each. */
export function useDatabase(engine: Engine): () => Knex {
  let open: { readonly db: Knex; readonly empty: EmptyDatabase } | undefined;
  const database = (): Knex => {
    if (!open) throw new Error('The database opens before the tests, not before their descriptions.');
    return open.db;
  };
  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    const empty = await engine.create();
    open = { db: openDatabase(empty.url), empty };
    await migrate(open.db);
  });
  beforeEach(async () => {
    for (const table of TABLES) await database()(table).delete();
  });
  after(async () => {
    await open?.db.destroy();
    await open?.empty.drop();
  });
  return database;
}

async function createOn(starting: Promise<Server>, create: string, drop: string): Promise<EmptyDatabase> {
  const { url } = await starting;
  const name = `postern_test_${randomBytes(6).toString('hex')}`;
  const statement = async (sql: string) => {
    const server = openDatabase(url);
    try {
      await server.raw(sql, [name]);
    } finally {
      await server.destroy();
    }
  };
  await statement(create);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, drop: () => statement(drop) };
}
