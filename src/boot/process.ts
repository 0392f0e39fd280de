import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import module from 'node:module';
import { availableParallelism, setPriority as setPriorityOf } from 'node:os';
import { makeFolder } from '../kernel/folders.ts';

/** Files that this process writes are readable by its own user only. */
export function restrictUmask(): void {
  process.umask(0o077);
}

/**
 * Keeps compiled code from one start to the next, which saves time and memory. The folder is private (0700), because what is in
 * it is executed. If it cannot be written, everything is compiled at each start.
 */
export function enableCompileCache(folder: string): void {
  try {
    makeFolder(folder);
    module.enableCompileCache(folder);
  } catch {
    // The data folder is checked later, with the reason in the log.
  }
}

/**
 * Sizes libuv's thread pool (password hashes, files, DNS), unless UV_THREADPOOL_SIZE is set: one thread per processor, because each
 * keeps the 19 MiB of its last hash, and one more for what must not wait behind passwords. On Linux these threads get a lower
 * priority than the one that answers pages.
 */
export function sizeThreadPool(setPriority: typeof setPriorityOf = setPriorityOf): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(availableParallelism() + 1);
  // The threads start with the first task.
  if (process.platform === 'linux') randomBytes(1, () => yieldToPages(setPriority));
}

const YIELDING = 10;

function yieldToPages(setPriority: typeof setPriorityOf): void {
  try {
    for (const thread of readdirSync('/proc/self/task')) {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
      if (name === 'libuv-worker') setPriority(Number(thread), YIELDING);
    }
  } catch {
    // A sandbox may forbid it; then only the priority is lost.
  }
}
