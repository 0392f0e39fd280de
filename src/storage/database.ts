import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import knex, { type Knex } from 'knex';
import { type DatabaseTls, databaseAddress } from '../addresses/database-url.ts';
import { seconds } from '../time.ts';

export { isNew, migrate, pendingMigrations } from './migrations.ts';

const DEFAULT_POOL_SIZE = 10;
const DEFAULT_TIMEOUT = seconds(5);
const PING_TIMEOUT = seconds(3);
const BUSY_TIMEOUT = seconds(5);

/** Hears of each statement, with placeholders in the place of its values. */
export type StatementTrace = (sql: string) => void;

const IN_MEMORY = ':memory:';

const DISCREET = {
  // Knex would write its warnings to the console, past the log; what matters of them is thrown as well.
  log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  // The message of an error would carry the values of its statement: hashes, sessions, tokens, all into the log.
  compileSqlOnError: false,
};

export interface DatabaseOptions {
  /** The most connections to a server. SQLite has one. */
  readonly poolSize?: number;
  /** How long a connection is waited for: a free one, or a new one. Milliseconds. */
  readonly timeout?: number;
  /** Hears of every statement. */
  readonly trace?: StatementTrace | undefined;
}

/**
 * Opens a database without connecting yet: `sqlite:<path>`, `sqlite::memory:`, `postgres://…`, `postgresql://…`,
 * `mysql://…` or `mariadb://…`, the last four with `?sslmode=…` for TLS. What is asked of a server that is down fails within
 * the timeout.
 */
export function openDatabase(url: string, { trace, ...options }: DatabaseOptions = {}): Knex {
  const db = open(url, { poolSize: DEFAULT_POOL_SIZE, timeout: DEFAULT_TIMEOUT, ...options });
  if (trace) db.on('query', ({ sql }: { readonly sql: string }) => trace(sql));
  return db;
}

type Limits = Required<Pick<DatabaseOptions, 'poolSize' | 'timeout'>>;

function open(url: string, limits: Limits): Knex {
  const scheme = url.slice(0, url.indexOf(':') + 1);
  switch (scheme) {
    case 'sqlite:':
      return openSqlite(sqlitePath(url) ?? '', limits);
    case 'postgres:':
    case 'postgresql:':
      return openPostgres(url, limits);
    case 'mysql:':
    case 'mariadb:':
      return openMariadb(url, limits);
    default:
      throw new Error('A database URL begins with sqlite:, postgres:, mysql: or mariadb:.');
  }
}

/** The file that a `sqlite:` URL names, or ":memory:"; undefined for the URL of a server. */
export function sqlitePath(url: string): string | undefined {
  return /^sqlite:(?:\/\/)?(.*)$/s.exec(url)?.[1];
}

/** Resolves when the database answers, within 3 seconds; rejects otherwise. */
export async function ping(db: Knex): Promise<void> {
  await db.raw('select 1').timeout(PING_TIMEOUT);
}

function openSqlite(path: string, { timeout }: Limits): Knex {
  if (path === '') throw new Error('A sqlite: URL needs the path of a file, or :memory:.');
  const filename = path === IN_MEMORY ? path : privateFile(resolve(path));
  return knex({
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    ...DISCREET,
    pool: { min: 1, max: 1, acquireTimeoutMillis: timeout, afterCreate: configureSqlite },
  });
}

/** Only the operator's own user reads it; the files that SQLite puts beside it take over its mode. */
function privateFile(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  return path;
}

interface SqliteConnection {
  pragma(statement: string): unknown;
  prepare(sql: string): unknown;
}

function configureSqlite(connection: SqliteConnection, done: (error?: unknown) => void): void {
  try {
    // The command line may write while the server runs.
    connection.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
    connection.pragma('journal_mode = WAL');
    connection.pragma('foreign_keys = ON');
    keepPrepared(connection);
    done();
  } catch (error) {
    done(error);
  }
}

const MOST_PREPARED = 500;

/**
 * Knex has every statement compiled anew, which takes longer than most of ours take to run. SQLite itself compiles those
 * again that are older than a change of the tables.
 *
 * It would also compile a statement again at each run whose plan might be another for other values (sqlite3_prepare_v3,
 * with SQLITE_ENABLE_STAT4): a join took ten times as long as need be. No plan depends on a value behind a plus, which
 * does nothing else.
 */
function keepPrepared(connection: SqliteConnection): void {
  const prepare = connection.prepare.bind(connection);
  const prepared = new Map<string, unknown>();
  connection.prepare = (sql) => {
    const kept = prepared.get(sql);
    if (kept !== undefined) return kept;
    if (prepared.size >= MOST_PREPARED) prepared.clear();
    const statement = prepare(sql.replace(/(?<=[=<>] )\?/g, '+?'));
    prepared.set(sql, statement);
    return statement;
  };
}

function openPostgres(text: string, limits: Limits): Knex {
  const { url, tls } = databaseAddress(text);
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      connectionTimeoutMillis: connectTimeout(limits),
      keepAlive: true,
      ...(tls && { ssl: sslOf(tls) }),
    },
    ...DISCREET,
    pool: poolOf(limits),
  });
}

function openMariadb(text: string, limits: Limits): Knex {
  const { url, tls } = databaseAddress(text);
  // Left to itself, mysql2 takes a certificate for any other name.
  const ssl = tls && { ...sslOf(tls), verifyIdentity: tls.verified };
  return knex({
    client: 'mysql2',
    connection: {
      uri: url,
      charset: 'utf8mb4',
      timezone: 'Z',
      connectTimeout: connectTimeout(limits),
      ...(ssl && { ssl }),
    },
    ...DISCREET,
    pool: poolOf(limits),
  });
}

function sslOf({ ca, cert, key, verified }: DatabaseTls) {
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: verified };
}

/** Shorter than the wait for a connection, so that its error is the one that says why. */
function connectTimeout({ timeout }: Limits): number {
  return Math.round(0.8 * timeout);
}

function poolOf({ poolSize, timeout }: Limits) {
  return { min: 0, max: poolSize, acquireTimeoutMillis: timeout };
}
