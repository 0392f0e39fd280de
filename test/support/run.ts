import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import Mocha from 'mocha';
import options from '../../.mocharc.json' with { type: 'json' };
import { type Counts, countsLine, FileReport } from './reporter.ts';
import { shareServers, sparedTools, stopServers } from './servers.ts';
import { requireAllTools } from './tools.ts';

/**
 * Runs every suite, or those whose files match the given patterns: `node test/support/run.ts 'test/journeys/*.test.ts'`. Most
 * files run in parallel, in a few processes that share one server of each kind and the captured pages. Files that compare times
 * (`*.timing.test.ts`) run afterwards and alone, because others would slow down one side of a comparison.
 */

/** One more than there are processors: many tests wait for a silent server, or for something to expire. */
const JOBS = availableParallelism() + 1;

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
const files = globSync(patterns.length > 0 ? patterns : 'test/**/*.test.ts').sort(byDuration);
requireAllTools(sparedTools());
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
  consoleLog(countsLine(counts));
  if (counts.failures > 0 || counts.passes === 0) process.exitCode = 1;
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
