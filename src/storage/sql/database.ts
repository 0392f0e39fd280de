import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import knex, { type Knex } from 'knex';
import { makeFolder } from '../../kernel/folders.ts';
import { seconds } from '../../kernel/time.ts';
import { type DatabaseTls, databaseAddress } from './database-url.ts';
import { type SqliteConnection, withReader } from './sqlite-reader.ts';
import { refuseOutsiders } from './transaction.ts';

export { isNew, migrate, pendingMigrations } from './migrations.ts';

const DEFAULT_POOL_SIZE = 10;
const DEFAULT_TIMEOUT = seconds(5);
const PING_TIMEOUT = seconds(3);
const BUSY_TIMEOUT = seconds(5);

/** Called with each statement, with placeholders instead of its values. */
export type StatementTrace = (sql: string) => void;

const IN_MEMORY = ':memory:';

const DISCREET = {
  // Knex would write warnings to the console instead of the log; the important ones are thrown as well.
  log: { warn() {}, error() {}, deprecate() {}, debug() {} },
  // Otherwise errors contain the values of the statement: hashes, sessions and tokens would be logged.
  compileSqlOnError: false,
};

export interface DatabaseOptions {
  /** Maximum number of connections to a server. SQLite has one. */
  readonly poolSize?: number;
  /** Time limit of the wait for a free or a new connection. Milliseconds. */
  readonly timeout?: number;
  readonly trace?: StatementTrace | undefined;
}

/**
 * Opens a database without connecting yet: `sqlite:<path>`, `sqlite::memory:`, `postgres://…`, `postgresql://…`,
 * `mysql://…` or `mariadb://…`, the last four with `?sslmode=…` for TLS. While the server is down,
 * statements fail within the timeout.
 */
export function openDatabase(url: string, { trace, ...options }: DatabaseOptions = {}): Knex {
  const db = refuseOutsiders(
    open(url, { poolSize: DEFAULT_POOL_SIZE, timeout: DEFAULT_TIMEOUT, ...options }),
  );
  if (trace) db.on('query', ({ sql }: { readonly sql: string }) => trace(sql));
  return db;
}

export type DatabaseLimits = Required<Pick<DatabaseOptions, 'poolSize' | 'timeout'>>;

function open(url: string, limits: DatabaseLimits): Knex {
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

function openSqlite(path: string, { timeout }: DatabaseLimits): Knex {
  if (path === '') throw new Error('A sqlite: URL needs the path of a file, or :memory:.');
  const filename = path === IN_MEMORY ? path : privateFile(resolve(path));
  const db = knex({
    client: 'better-sqlite3',
    connection: { filename },
    useNullAsDefault: true,
    ...DISCREET,
    pool: { min: 1, max: 1, acquireTimeoutMillis: timeout, afterCreate: configureSqlite },
  });
  return filename === IN_MEMORY ? db : withReader(db, () => openReader(db, filename));
}

function openReader(db: Knex, filename: string): SqliteConnection {
  const connection: SqliteConnection = new db.client.driver(filename, { readonly: true });
  connection.pragma(`busy_timeout = ${BUSY_TIMEOUT}`);
  keepPrepared(connection);
  return connection;
}

/** Readable by the operator's user alone; SQLite gives the files beside it the same mode. */
function privateFile(path: string): string {
  makeFolder(dirname(path));
  closeSync(openSync(path, 'a', 0o600));
  // The mode of another user's file is for that user to change.
  if (statSync(path).uid === process.getuid?.()) chmodSync(path, 0o600);
  return path;
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
 * Knex compiles every statement on each run, which takes longer than most of ours take to run. After a change of the
 * tables SQLite compiles the kept ones again by itself.
 */
function keepPrepared(connection: SqliteConnection): void {
  const prepare = connection.prepare.bind(connection);
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  connection.prepare = (sql) => {
    const kept = prepared.get(sql);
    if (kept !== undefined) return kept;
    if (prepared.size >= MOST_PREPARED) prepared.clear();
    const statement = prepare(sql);
    prepared.set(sql, statement);
    return statement;
  };
}

function openPostgres(text: string, limits: DatabaseLimits): Knex {
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

function openMariadb(text: string, limits: DatabaseLimits): Knex {
  const { url, tls } = databaseAddress(text);
  // Without verifyIdentity mysql2 accepts a certificate for any other name.
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
    pool: { ...poolOf(limits), afterCreate: configureMariadb },
  });
}

interface MariadbConnection {
  query(sql: string, done: (error: unknown) => void): void;
}

/**
 * As PostgreSQL does it by default. Under MariaDB's own default (repeatable read) a transaction would go on reading the
 * old value of a row that another one has changed, and a conditional UPDATE on it would fail for ever.
 */
function configureMariadb(
  connection: MariadbConnection,
  done: (error: unknown, connection: unknown) => void,
) {
  connection.query('set session transaction isolation level read committed', (error) =>
    done(error, connection),
  );
}

function sslOf({ ca, cert, key, verified }: DatabaseTls) {
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: verified };
}

/** Shorter than the wait for a connection, so that the error that arrives names the reason. */
function connectTimeout({ timeout }: DatabaseLimits): number {
  return Math.round(0.8 * timeout);
}

function poolOf({ poolSize, timeout }: DatabaseLimits) {
  return { min: 0, max: poolSize, acquireTimeoutMillis: timeout };
}
