import { existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { codeOf, EnvironmentFault } from './environment-fault.ts';

/**
 * Makes a folder and its parents, readable by this process's user only (0700). Node's `recursive` option loops for ever on
 * a path below /proc, where mkdir answers ENOENT although the parent exists.
 */
export function makeFolder(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    makeFolder(dirname(path));
    makeOne(path);
  }
}

/** Several processes may make the same folder at the same time. */
function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !statSync(path).isDirectory()) throw error;
  }
}

/**
 * Makes sure that a folder exists and files can be written to it.
 *
 * @throws EnvironmentFault by the name of the variable
 */
export function requireFolder(path: string, variable: string): void {
  const trial = join(path, `.trial-${process.pid}`);
  try {
    makeFolder(path);
    writeFileSync(trial, 'trial', { mode: 0o600 });
    rmSync(trial);
  } catch (error) {
    throw fileFault(error, path, variable) ?? error;
  }
}

const DISK_FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL']);
const FORBIDDEN: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);
const IN_THE_WAY: ReadonlySet<string> = new Set([
  'ENOTDIR',
  'EEXIST',
  'EISDIR',
  'ENOENT',
  'ELOOP',
  'ENAMETOOLONG',
]);

/** Translates a file-system error about a file or folder that the portal needs; undefined for any other error. */
export function fileFault(error: unknown, path: string, variable: string): EnvironmentFault | undefined {
  const code = codeOf(error);
  const says = (message: string, mayPass = false) =>
    new EnvironmentFault(variable, message, { cause: error, mayPass });
  if (DISK_FULL.has(code)) return says(`the disk of ${path} is full (${code}): free some space.`, true);
  if (code === 'EROFS') return says(`${path} is on a read-only file system: set a path that can be written.`);
  const { there, missing } = reach(path);
  if (FORBIDDEN.has(code)) {
    const hindrance =
      missing === undefined
        ? `may not write to ${path} (${code}): make that user its owner (chown, chmod)`
        : `may not create ${missing} (${code}): create it and make that user its owner (mkdir, chown)`;
    return says(`${ownUser()} ${hindrance}, or set another path.`);
  }
  if (IN_THE_WAY.has(code)) {
    if (!statSync(there).isDirectory())
      return says(`${path} cannot be created (${code}): ${there} is a file, not a folder. Set another path.`);
    return says(`${path} cannot be created (${code}): set another path.`);
  }
  return undefined;
}

interface Reach {
  /** The path or its nearest parent that exists, as far as this user can see. */
  readonly there: string;
  /** The first part below it that is missing; undefined if the whole path exists. */
  readonly missing: string | undefined;
}

function reach(path: string): Reach {
  let [there, missing]: [string, string | undefined] = [path, undefined];
  while (!existsSync(there) && dirname(there) !== there) [there, missing] = [dirname(there), there];
  return { there, missing };
}

/** 'the user "postern" (uid 998)'. In a container the uid may have no name. */
export function ownUser(): string {
  const uid = process.getuid?.();
  const number = uid === undefined ? '' : ` (uid ${uid})`;
  try {
    return `the user "${userInfo().username}"${number}`;
  } catch {
    return `the user of this process${number}`;
  }
}
