import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { minutes } from '../../src/kernel/time.ts';
import { migrate, openDatabase } from '../../src/storage/sql/database.ts';
import { allTables } from '../../src/storage/sql/tables.ts';
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
    'oidc_models',
    'signing_keys',
  ],
];

/**
 * Within a `describe`: a migrated database for its tests, emptied before each. All of a run's have one on each engine: MariaDB
 * needs seconds to create the tables.
 */
export function useDatabase(engine: Engine): () => Knex {
  return useMigrated((run) => migratedOn(engine, run));
}

/** The same with a database that no other suite has, for tests that change its tables. */
export function useOwnDatabase(engine: Engine): () => Knex {
  let own: EmptyDatabase | undefined;
  const database = useMigrated(async () => {
    own = await createMigrated(engine);
    return own;
  });
  after(() => own?.drop());
  return database;
}

function useMigrated(obtain: (run: Mocha.Suite) => Promise<EmptyDatabase>): () => Knex {
  let open: Knex | undefined;
  const database = (): Knex => {
    if (!open) throw new Error('The database opens before the tests, not before their descriptions.');
    return open;
  };
  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    open = openDatabase((await obtain(rootOf(this))).url);
    for (const { name } of (await allTables(open)).toReversed()) {
      if (!name.startsWith('knex_')) await open(name).delete();
    }
  });
  beforeEach(async () => {
    for (const table of TABLES) await database()(table).delete();
  });
  after(() => open?.destroy());
  return database;
}

const migrated = new Map<Engine, Promise<EmptyDatabase>>();

/** The one migrated database on this engine, until the run is over. */
function migratedOn(engine: Engine, run: Mocha.Suite): Promise<EmptyDatabase> {
  const made = migrated.get(engine) ?? createMigrated(engine);
  if (!migrated.has(engine)) {
    run.afterAll(async () => {
      migrated.delete(engine);
      await (await made).drop();
    });
  }
  migrated.set(engine, made);
  return made;
}

async function createMigrated(engine: Engine): Promise<EmptyDatabase> {
  const empty = await engine.create();
  const db = openDatabase(empty.url);
  await migrate(db);
  await db.destroy();
  return empty;
}

/** The suite of all that this run of mocha runs. */
function rootOf({ test }: Mocha.Context): Mocha.Suite {
  let suite = test?.parent;
  while (suite?.parent) suite = suite.parent;
  if (!suite) throw new Error('This is not a hook.');
  return suite;
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
