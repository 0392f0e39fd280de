import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from './http.ts';

const ROOT = join(import.meta.dirname, '..');
const running = new Set<ChildProcess>();

/** A server process on this machine. */
export interface Serving {
  readonly port: number;
  /** From its start to its first 200, in milliseconds. */
  readonly startedIn: number;
  /** Resident memory now, in MB (10⁶ bytes), from Linux's /proc. */
  memory(): number;
  /** The processor time of all of its threads until now, in microseconds, from Linux's /proc. */
  processorTime(): number;
  stop(): Promise<void>;
}

/** Starts Node with these arguments and only this environment (and PATH, HOME, PORT), and waits for a 200 at `path`. */
export async function serve(
  args: readonly string[],
  port: number,
  environment: NodeJS.ProcessEnv,
  path: string,
): Promise<Serving> {
  const { PATH, HOME } = process.env;
  const began = performance.now();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { PATH, HOME, ...environment, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => running.delete(child));
  const client = new Client(port, 1);
  while ((await client.get(path).catch(() => undefined))?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended with ${child.exitCode}`);
    await delay(2);
  }
  client.close();
  return {
    port,
    startedIn: performance.now() - began,
    memory: () => residentMemory(child.pid ?? 0),
    processorTime: () => processorTime(child.pid ?? 0),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Kills all processes that are still running. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

function residentMemory(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}

/** The first number of `schedstat` is the time on a processor, in nanoseconds. */
function processorTime(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const each = readdirSync(tasks).map((task) => readFileSync(`${tasks}/${task}/schedstat`, 'utf8'));
  return each.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1000;
}
