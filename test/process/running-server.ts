import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../src/boot/environment.ts';
import { freePort } from '../support/free-port.ts';
import type { PersonOptions } from '../support/person.ts';
import type { App } from '../support/sending.ts';
import type { Identity } from '../support/servers.ts';
import { until } from '../support/until.ts';

const ROOT = join(import.meta.dirname, '../..');

/** How a process ended, and all its output. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A server in its own process, as an operator runs it. */
export interface RunningServer {
  /** The address where it listens. */
  readonly url: string;
  readonly pid: number;
  /** For a `Person`: supertest accepts an address as an app. */
  readonly app: App;
  readonly options: PersonOptions;
  /** Its log so far. */
  readonly log: () => string;
  /** Waits for a line of the log. */
  logged(pattern: RegExp): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Ended>;
  /** SIGTERM, and waits. */
  stop(): Promise<Ended>;
}

const running = new Set<ChildProcess>();

/**
 * Compiled code of the programs, for all processes of a run: half of a start with an empty data folder goes into removing types.
 * `first-start.test.ts` shows the cache that a server keeps for itself.
 */
const COMPILED = process.env['TEST_COMPILED_DIR'] ?? ownFolder();

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'postern-compiled-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs one of the project's programs, with nothing of this process's environment except what finds programs and their code. */
export async function runsProgram(
  program: 'src/start.js' | 'src/cli.js',
  environment: Environment,
  args: readonly string[] = [],
  input = '',
): Promise<Ended> {
  const child = start(program, environment, args);
  // A program that ends without reading its input breaks the pipe.
  child.stdin?.on('error', () => {}).end(input);
  return endOf(child);
}

/** The same as another user, or with limits: `prlimit` and its options. */
export async function runsServerUnder(
  { as = {}, wrapper = [] }: { readonly as?: Identity; readonly wrapper?: readonly string[] },
  environment: Environment,
): Promise<Ended> {
  const { PATH, HOME } = process.env;
  const [program = process.execPath, ...args] = [...wrapper, process.execPath, 'src/start.js'];
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { PATH, HOME, ...environment },
    stdio: 'pipe',
    ...as,
  });
  running.add(child);
  return endOf(child);
}

/** Starts the server on a free port of the loopback and waits until it is ready. */
export async function startsServer(environment: Environment): Promise<RunningServer> {
  const port = Number(environment['PORT'] ?? (await freePort()));
  const child = start('src/start.js', { HOST: '127.0.0.1', ...environment, PORT: String(port) }, []);
  let log = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const ended = endOf(child);
  const url = `http://127.0.0.1:${port}`;
  const server: RunningServer = {
    url,
    pid: child.pid ?? 0,
    app: url,
    options: { origin: environment['BASE_URL'] ?? `http://localhost:${port}` },
    log: () => log,
    logged: (pattern) => found(pattern, () => log, ended),
    signal: (signal) => child.kill(signal),
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
  await server.logged(/Postern is ready/);
  return server;
}

/** Ends everything that a failed test has left running. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function start(program: string, environment: Environment, args: readonly string[]): ChildProcess {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [program, ...args], {
    cwd: ROOT,
    env: { PATH, HOME, NODE_COMPILE_CACHE: COMPILED, ...environment },
    stdio: 'pipe',
  });
  running.add(child);
  return child;
}

async function endOf(child: ChildProcess): Promise<Ended> {
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  await once(child, 'close');
  running.delete(child);
  return { code: child.exitCode, output, errors };
}

async function found(pattern: RegExp, log: () => string, ended: Promise<Ended>): Promise<RegExpExecArray> {
  let end: Ended | undefined;
  void ended.then((how) => {
    end = how;
  });
  return until(`${pattern} is logged`, () => {
    const match = pattern.exec(log());
    if (!match && end)
      throw new Error(`${pattern} was not logged.\n${log()}\nExit ${end.code}. ${end.errors}`);
    return match ?? undefined;
  });
}
