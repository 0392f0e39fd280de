import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { minutes } from '../../src/kernel/time.ts';
import { migrate, openDatabase } from '../../src/storage/sql/database.ts';
import { mariadb, postgres, type Server } from './servers.ts';

/** An empty database, not yet migrated. */
export interface EmptyDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

/** A database system that the portal supports. */
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

/** A database system that is a server. */
export interface ServedEngine extends Engine {
  /** On this server instead of the one that tests share. */
  createOn(server: { readonly url: string }): Promise<EmptyDatabase>;
}

export const POSTGRESQL: ServedEngine = served('PostgreSQL', postgres, {
  create: 'create database ??',
  drop: 'drop database ?? with (force)',
});

/** The server's own collation ignores case: the portal must not depend on it. */
export const MARIADB: ServedEngine = served('MariaDB', mariadb, {
  create: 'create database ?? character set utf8mb4 collate utf8mb4_general_ci',
  drop: 'drop database ??',
});

/** Limit of the first `create`: the server may have to be installed. */
export const CREATION_TIMEOUT = minutes(10);

const TABLES = [
  ...['links', 'authenticators', 'challenges', 'accounts', 'groups', 'apps'],
  ...[
    'throttles',
    'allowances',
    'client_budgets',
    'settings',
    'audit_events',
    'sessions',
    'mails',
    'submissions',
  ],
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

function served(name: string, shared: () => Promise<Server>, statements: Statements): ServedEngine {
  const createOn = ({ url }: { readonly url: string }) => createDatabase(url, statements);
  return { name, createOn, create: async () => createOn(await shared()) };
}

interface Statements {
  readonly create: string;
  readonly drop: string;
}

async function createDatabase(url: string, { create, drop }: Statements): Promise<EmptyDatabase> {
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
