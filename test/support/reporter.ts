import { relative } from 'node:path';
import Mocha from 'mocha';

const { EVENT_RUN_BEGIN, EVENT_SUITE_BEGIN, EVENT_SUITE_END, STATE_RUNNING } = Mocha.Runner.constants;
const { EVENT_HOOK_END, EVENT_TEST_END, EVENT_TEST_FAIL } = Mocha.Runner.constants;

/**
 * Mocha's own report, with the file and the duration after each suite, including hooks, and the file of each failure. With
 * parallel files, each is reported as a whole when it has ended.
 */
export class FileReport extends Mocha.reporters.Spec {
  /** For each failed test and hook: its file and its title, in one line. */
  readonly failed: string[] = [];

  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    // Otherwise mocha, with parallel files, shows only the first one that cannot be loaded.
    runner.once(EVENT_RUN_BEGIN, () => Object.assign(runner, { state: STATE_RUNNING }));
    let depth = 0;
    let file = '';
    let milliseconds = 0;
    const note = (done: Mocha.Runnable) => {
      file = pathOf(done);
      milliseconds += done.duration ?? 0;
    };
    runner.on(EVENT_TEST_END, note).on(EVENT_HOOK_END, note);
    runner.on(EVENT_TEST_FAIL, (failure: Mocha.Runnable) => {
      const titles = failure.titlePath();
      failure.titlePath = () => [pathOf(failure), ...titles];
      this.failed.push(`${pathOf(failure)}: ${titles.join(' ')}`);
    });
    runner.on(EVENT_SUITE_BEGIN, () => {
      depth += 1;
      if (depth === 2) milliseconds = 0;
    });
    // Before the empty line that mocha prints after the suite.
    runner.prependListener(EVENT_SUITE_END, () => {
      if (depth === 2) say('light', `  ${file}: ${(milliseconds / 1000).toFixed(1)} s`);
      depth -= 1;
    });
  }
}

/** The same for one run of mocha: the last line has only the counts. */
export default class Reporter extends FileReport {
  /** Mocha calls this when everything else, including hooks, is over; `end` lets it continue. */
  override done(failures: number, end: (failures: number) => void): void {
    say('plain', countsLine(this.stats));
    end(failures);
  }
}

export type Counts = Pick<Mocha.Stats, 'passes' | 'failures' | 'pending'>;

/** "12 passed, 0 failed"; skipped tests are only mentioned if there are any. */
export function countsLine({ passes, failures, pending }: Counts): string {
  const counts = [`${passes} passed`, `${failures} failed`];
  return (pending > 0 ? [...counts, `${pending} skipped`] : counts).join(', ');
}

const { color, consoleLog } = Mocha.reporters.Base;

function say(style: 'light' | 'plain', line: string): void {
  consoleLog(style === 'plain' ? line : color(style, line));
}

function pathOf({ file }: Mocha.Runnable): string {
  return file === undefined ? '' : relative(process.cwd(), file);
}
