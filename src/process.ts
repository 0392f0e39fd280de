import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { availableParallelism, setPriority as setPriorityOf } from 'node:os';

/** Whatever this process writes is for the user that it runs as. */
export function keepToItself(): void {
  process.umask(0o077);
}

/**
 * Keeps what Node makes of the source from one start to the next, which then takes less time and memory. The folder is for
 * this user alone: what is in it is run. Where it cannot be written, everything is compiled as ever.
 */
export function keepCompiled(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    enableCompileCache(folder);
  } catch {
    // A folder that cannot be made stops whoever needs it, with the reason in the log.
  }
}

/**
 * Sizes the threads on which passwords are hashed, files read and names looked up, unless the operator has: each keeps
 * the memory of the hash that it has made (19 MiB), and more than there are processors make nothing faster. One more is
 * for what must not wait behind passwords. Pages come first: on Linux these threads yield to the one that answers.
 */
export function fitToMachine(setPriority: typeof setPriorityOf = setPriorityOf): void {
  process.env['UV_THREADPOOL_SIZE'] ??= String(availableParallelism() + 1);
  // The threads are there from the first piece of work on.
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
    // A sandbox may forbid it: then pages wait their turn, and nothing else is lost.
  }
}
