import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';
import pg from 'pg';
import { createClient } from 'redis';
import { freePort } from './free-port.ts';
import { requireTool, type Tool } from './tools.ts';

const run = promisify(execFile);

/** A real server. */
export interface Server {
  readonly url: string;
  /** Ends the server, if this process started it. */
  stop(): Promise<void>;
}

/** How one kind of server is found, started and checked. */
export interface Kind {
  readonly name: string;
  /** The URL of a server that is already running. */
  readonly variable: string;
  readonly program: Tool;
  /** All programs that are called here. */
  readonly tools: readonly Tool[];
  /** Users to run as instead of root, which the program refuses; empty: root is accepted. */
  readonly users: readonly string[];
  /** Ends the server and its child processes. */
  readonly signal: NodeJS.Signals;
  /** Makes the data folder. */
  prepare(folder: string, as: Identity): Promise<void>;
  options(folder: string, port: number): readonly string[];
  url(port: number): string;
  /** Rejects while the server is not ready. */
  greet(url: string): Promise<void>;
}

export type Identity = { readonly uid?: number; readonly gid?: number };

export const REDIS: Kind = {
  name: 'Redis',
  variable: 'TEST_REDIS_URL',
  program: 'redis-server',
  tools: ['redis-server'],
  users: [],
  signal: 'SIGKILL',
  prepare: async () => {},
  options: (folder, port) => [
    ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
    ...['--save', '', '--appendonly', 'no'],
  ],
  url: (port) => `redis://127.0.0.1:${port}`,
  greet: async (url) => {
    const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {});
    await client.connect();
    await client.ping();
    client.destroy();
  },
};

export const POSTGRES: Kind = {
  name: 'PostgreSQL',
  variable: 'TEST_POSTGRES_URL',
  program: 'postgres',
  tools: ['postgres', 'initdb'],
  users: ['postgres', 'nobody'],
  signal: 'SIGQUIT',
  prepare: async (folder, as) => {
    const options = ['-D', join(folder, 'data'), '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'];
    await run(requireTool('initdb'), [...options, '--locale=C.UTF-8'], { cwd: folder, ...as });
  },
  options: (folder, port) => [
    ...['-D', join(folder, 'data'), '-p', String(port), '-k', folder],
    ...['listen_addresses=127.0.0.1', 'fsync=off', 'synchronous_commit=off'].flatMap((set) => ['-c', set]),
  ],
  url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
  greet: async (url) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.end();
  },
};

/** Its writes survive a kill; otherwise it may respond before it has written anything. */
const LASTING_POSTGRES: Kind = {
  ...POSTGRES,
  options: (folder, port) => [...POSTGRES.options(folder, port), '-c', 'synchronous_commit=on'],
};

export const MARIADB: Kind = {
  name: 'MariaDB',
  variable: 'TEST_MARIADB_URL',
  program: 'mariadbd',
  tools: ['mariadbd', 'mariadb-install-db'],
  users: ['mysql', 'nobody'],
  signal: 'SIGKILL',
  prepare: async (folder, as) => {
    const options = ['--no-defaults', `--datadir=${join(folder, 'data')}`, '--skip-test-db'];
    const access = '--auth-root-authentication-method=normal';
    await run(requireTool('mariadb-install-db'), [...options, access], { cwd: folder, ...as });
  },
  options: (folder, port) => [
    ...['--no-defaults', `--datadir=${join(folder, 'data')}`, `--socket=${join(folder, 'socket')}`],
    ...[`--port=${port}`, '--bind-address=127.0.0.1', `--pid-file=${join(folder, 'pid')}`],
    // At its start, a server removes the temporary tables that it finds there: also those of other servers.
    `--tmpdir=${folder}`,
    '--innodb-flush-log-at-trx-commit=0',
  ],
  url: (port) => `mariadb://root@127.0.0.1:${port}/mysql`,
  greet: async (url) => {
    const connection = await mysql.createConnection({ uri: url });
    await connection.end();
  },
};

/** Like the PostgreSQL with durable writes: a confirmed commit is on disk. */
const LASTING_MARIADB: Kind = {
  ...MARIADB,
  options: (folder, port) => [...MARIADB.options(folder, port), '--innodb-flush-log-at-trx-commit=2'],
};

const OWN_KINDS = { redis: REDIS, postgres: LASTING_POSTGRES, mariadb: LASTING_MARIADB } as const;

const servers = new Map<Kind, Promise<Server>>();
const running = new Map<ChildProcess, { readonly folder: string; readonly signal: NodeJS.Signals }>();

/**
 * A Redis server: the one in TEST_REDIS_URL, otherwise its own on a free port, started once for this process and ended with it.
 * A missing program is installed (as root on Debian); otherwise the error says what to install. Parallel test processes have
 * one database of it each.
 */
export async function redis(): Promise<Server> {
  const { url, stop } = await theOnly(REDIS);
  const worker = process.env['MOCHA_WORKER_ID'];
  return worker === undefined ? { url, stop } : { url: redisDatabase(url, Number(worker)), stop };
}

/** Redis has 16 by default; 0 is for runs alone. */
function redisDatabase(url: string, worker: number): string {
  const own = new URL(url);
  own.pathname = `/${1 + (worker % 15)}`;
  return own.href;
}

/** A PostgreSQL server (TEST_POSTGRES_URL), like `redis`; its user may create databases. */
export function postgres(): Promise<Server> {
  return theOnly(POSTGRES);
}

/** A MariaDB server (TEST_MARIADB_URL), like `redis`; its user may create databases. */
export function mariadb(): Promise<Server> {
  return theOnly(MARIADB);
}

const KINDS = [REDIS, POSTGRES, MARIADB];

/** The programs that are not needed here, because their servers already run. */
export function sparedTools(): readonly Tool[] {
  return KINDS.filter(({ variable }) => process.env[variable]).flatMap(({ tools }) => tools);
}

/** Starts one of each, and passes their URLs to child processes. */
export async function shareServers(): Promise<void> {
  const share = async (kind: Kind) => {
    process.env[kind.variable] = (await theOnly(kind)).url;
  };
  await Promise.all(KINDS.map(share));
}

/** Ends every server that this process has started. */
export async function stopServers(): Promise<void> {
  const all = await Promise.allSettled(servers.values());
  await Promise.all(all.map((server) => (server.status === 'fulfilled' ? server.value.stop() : undefined)));
}

function theOnly(kind: Kind): Promise<Server> {
  const server = servers.get(kind) ?? obtain(kind);
  servers.set(kind, server);
  return server;
}

/** A server for one test only, which may harm it. */
export interface OwnServer {
  readonly url: string;
  /** Sends a signal to it and to its child processes. */
  signal(signal: NodeJS.Signals): void;
  /** Kills it; its data on disk is there at the next `start`. */
  kill(): Promise<void>;
  /** Starts it again at the same address. */
  start(): Promise<void>;
  /** Kills it for good. */
  stop(): Promise<void>;
}

/** Starts a server for the caller only, who stops it. Confirmed writes of a database survive its end. */
export async function ownServer(
  name: keyof typeof OWN_KINDS,
  options: readonly string[] = [],
): Promise<OwnServer> {
  const plain = OWN_KINDS[name];
  return ownServerOf({ ...plain, options: (...at) => [...plain.options(...at), ...options] });
}

/** The same of any kind. */
export async function ownServerOf(kind: Kind): Promise<OwnServer> {
  const place = await placeFor(kind);
  let child = await startAt(kind, place);
  return {
    url: kind.url(place.port),
    signal: (signal) => {
      for (const pid of [child.pid, ...childrenOf(child)]) if (pid !== undefined) process.kill(pid, signal);
    },
    kill: () => kill(child, kind.signal),
    start: async () => {
      running.delete(child);
      child = await startAt(kind, place);
    },
    stop: () => stop(child),
  };
}

async function obtain(kind: Kind): Promise<Server> {
  const named = process.env[kind.variable];
  if (named) return { url: named, stop: async () => {} };
  return start(kind);
}

async function start(kind: Kind): Promise<Server> {
  const place = await placeFor(kind);
  const child = await startAt(kind, place);
  return { url: kind.url(place.port), stop: () => stop(child) };
}

interface ServerPlace {
  readonly folder: string;
  readonly as: Identity;
  readonly port: number;
}

async function placeFor(kind: Kind): Promise<ServerPlace> {
  requireTool(kind.program);
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-'));
  const as = identity(kind.users);
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  await kind.prepare(folder, as);
  return { folder, as, port: await freePort() };
}

async function startAt(kind: Kind, { folder, as, port }: ServerPlace): Promise<ChildProcess> {
  const log = join(folder, 'log');
  const output = openSync(log, 'a');
  const stdio = ['ignore', output, output] as const;
  const options = kind.options(folder, port);
  const child = spawn(requireTool(kind.program), options, { cwd: folder, stdio: [...stdio], ...as });
  child.unref();
  running.set(child, { folder, signal: kind.signal });
  endWithThisProcess();
  await greeted(kind, kind.url(port), child, log);
  return child;
}

/** The child processes of a server: each PostgreSQL connection has its own process. */
function childrenOf({ pid }: ChildProcess): readonly number[] {
  const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return listed.split(' ').filter(Boolean).map(Number);
}

async function greeted(kind: Kind, url: string, child: ChildProcess, log: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await kind.greet(url);
    } catch (error) {
      if (attempt < 150 && child.exitCode === null) await delay(200);
      else throw new Error(`${kind.name} did not start: ${readFileSync(log, 'utf8')}`, { cause: error });
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const server = running.get(child);
  if (!server) return;
  running.delete(child);
  await kill(child, server.signal);
  rmSync(server.folder, { recursive: true, force: true, maxRetries: 20 });
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = once(child, 'exit');
  child.ref();
  if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await gone;
}

/** Nothing survives the process, however it ends. */
function endWithThisProcess(): void {
  if (running.size > 1) return;
  process.once('exit', () => {
    for (const [child, { folder, signal }] of running) {
      child.kill(signal);
      waitUntilGone(child);
      rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
    }
  });
  process.once('SIGTERM', () => process.exit(143));
  process.once('SIGHUP', () => process.exit(129));
}

/** An exiting process cannot wait asynchronously, and PostgreSQL writes to its folder until its end: 2 s at most. */
function waitUntilGone({ pid }: ChildProcess): void {
  const status = `/proc/${pid}/status`;
  for (let attempt = 0; attempt < 40 && existsSync(status); attempt += 1) {
    if (/^State:\s+Z/m.test(readFileSync(status, 'utf8'))) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
}

/** The first existing user of these, if this process is root; otherwise undefined. */
export function identity(users: readonly string[]): Identity {
  if (process.getuid?.() !== 0 || users.length === 0) return {};
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const user of users) {
    const [, , uid, gid] = entries.find(([name]) => name === user) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(`There is none of the users ${users.join(', ')} to run a server as.`);
}
