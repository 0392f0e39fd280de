import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Mocha from 'mocha';
import options from '../../.mocharc.json' with { type: 'json' };
import { type Counts, countsLine, FileReport } from './reporter.ts';
import { shareServers, sparedTools, stopServers } from './servers.ts';
import { clientTools, requireTools, usualTools } from './tools.ts';

/**
 * Runs every suite, or those whose files match the given patterns: `node test/support/run.ts 'test/journeys/*.test.ts'`. Most
 * files run in parallel, in a few processes that share one server of each kind and the captured pages. Files that compare times
 * (`*.timing.test.ts`) run afterwards and alone, because others would slow down one side of a comparison.
 * `test/clients` only runs if it is named: `npm run test:clients`.
 *
 * TEST_COUNTS names a file for runs that follow one another: each adds its counts to it and prints the sum in its last line.
 */

/** Two more than there are processors: many tests wait for a silent server, for a time step, or for something to expire. */
const JOBS = availableParallelism() + 2;

/**
 * The slowest files come first, so that no process is left with a long file at the end. The first one captures the states of
 * all pages; the others of its folder come later, because they would only wait for it. Each entry is the beginning of a path.
 */
const LONGEST_FIRST = [
  ...['browser/pages', 'storage/engines/', 'process/', 'deploy/proxies', 'faults/', 'browser/double-click'],
  ...['attacks/', 'journeys/', 'browser/', 'deploy/', 'storage/', 'cli/', 'accounts/'],
];

const { consoleLog } = Mocha.reporters.Base;

process.on('SIGINT', () => process.exit(130));
const patterns = process.argv.slice(2);
const files = (patterns.length > 0 ? globSync(patterns) : globSync('test/**/*.test.ts').filter(isUsual)).sort(
  byDuration,
);
const spared = sparedTools();
const tools = [
  ...(files.every(isClient) ? [] : usualTools()),
  ...(files.some(isClient) ? clientTools() : []),
];
requireTools(tools.filter((tool) => !spared.includes(tool)));
await shareServers();
shareFolder('TEST_STATES_DIR', 'states');
shareFolder('TEST_COMPILED_DIR', 'compiled');
const together = files.filter((file) => !isTimed(file));
const alone = files.filter(isTimed);
const reports = [
  ...(await runs(together, { parallel: true, jobs: JOBS })),
  ...(await runs(alone, { parallel: false })),
];
await stopServers();
conclude(reports);

/** Names a folder to all processes, until this one ends: what is in it is made once for all; see `allStates` and `COMPILED`. */
function shareFolder(variable: string, name: string): void {
  const folder = mkdtempSync(join(tmpdir(), `postern-${name}-`));
  process.env[variable] = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}

/** One run of mocha; resolves to its report, if there was anything to run. */
async function runs(
  files: readonly string[],
  mode: Pick<Mocha.MochaOptions, 'parallel' | 'jobs'>,
): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  if (files.length === 0) return reports;
  class Report extends FileReport {
    constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
      super(runner, options);
      reports.push(this);
    }
  }
  const mocha = new Mocha({ ...options, ...mode, reporter: Report });
  for (const file of files) mocha.addFile(resolve(file));
  if (!mode.parallel) await mocha.loadFilesAsync();
  await new Promise((done) => mocha.run(done));
  return reports;
}

/** The failures once more, where people look for them, and only the counts on the last line. */
function conclude(reports: readonly FileReport[]): void {
  for (const failure of reports.flatMap(({ failed }) => failed)) consoleLog(`Failed: ${failure}`);
  const sum = (count: keyof Counts) => reports.reduce((total, { stats }) => total + stats[count], 0);
  const counts = { passes: sum('passes'), failures: sum('failures'), pending: sum('pending') };
  consoleLog(countsLine(withFormerRuns(counts)));
  if (counts.failures > 0 || counts.passes === 0) process.exitCode = 1;
}

/** The counts of this run and of the runs before it, from the file that TEST_COUNTS names. */
function withFormerRuns(counts: CountsOfRun): CountsOfRun {
  const file = process.env['TEST_COUNTS'];
  if (!file) return counts;
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const former: CountsOfRun = text === '' ? { passes: 0, failures: 0, pending: 0 } : JSON.parse(text);
  const all = {
    passes: former.passes + counts.passes,
    failures: former.failures + counts.failures,
    pending: former.pending + counts.pending,
  };
  writeFileSync(file, JSON.stringify(all));
  return all;
}

type CountsOfRun = Record<keyof Counts, number>;

function isClient(file: string): boolean {
  return file.startsWith('test/clients/');
}

function isUsual(file: string): boolean {
  return !isClient(file);
}

function isTimed(file: string): boolean {
  return /\.timing\.test\.\w+$/.test(file);
}

function byDuration(one: string, other: string): number {
  return rank(one) - rank(other) || one.localeCompare(other);
}

function rank(file: string): number {
  const index = LONGEST_FIRST.findIndex((start) => file.startsWith(`test/${start}`));
  return index < 0 ? LONGEST_FIRST.length : index;
}
