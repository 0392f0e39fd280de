/**
 * Syntax that any Node can parse, as in node-version.js. These settings return free memory to the system (docs/performance.md): one
 * glibc arena for all threads, and a smaller heap. Node and glibc read them before a program's first line.
 */
export const ENVIRONMENT = { MALLOC_ARENA_MAX: '1' };
export const FLAGS = ['--max-semi-space-size=8', '--heap-growing-percent=50'];

/**
 * Replaces this process by Node with these settings; process id, streams and parent stay. Does nothing if MALLOC_ARENA_MAX is set
 * already (by the operator or by us), and where it is impossible: on Windows, and under a process manager with an IPC channel.
 */
export function restartWithSettings() {
  if (process.env['MALLOC_ARENA_MAX'] || process.platform === 'win32' || process.connected) return;
  const [program = process.execPath, ...args] = process.argv;
  // Older Node has no execve; `?.` would not parse there (node-version.js).
  if (typeof process.execve !== 'function') return;
  const environment = Object.assign({}, process.env, ENVIRONMENT);
  process.execve(program, [program].concat(FLAGS, process.execArgv, args), environment);
}
