import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import xterm from '@xterm/headless';
import { PATIENCE } from '../../support/until.ts';

/** A program has finished drawing if it sent nothing for this long. Milliseconds. */
const QUIET = 30;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What a terminal shows at one moment. */
export interface Screen {
  /** From top to bottom, without trailing blanks. */
  readonly rows: readonly string[];
  readonly cursor: Place;
  /** The text around a position with the same look (colour, bold, inverse), on this row only. */
  runAt(place: Place): string;
}

export interface Place {
  readonly row: number;
  readonly column: number;
}

/**
 * A program in its own terminal: a pseudo-terminal by `script` of util-linux, drawn by xterm.js. Tests read its screen and wait
 * for its content, and never sleep.
 */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #emulator: xterm.Terminal;
  readonly #gone: Promise<unknown>;
  #drawnAt = Date.now();
  #drawings = 0;
  #isGone = false;

  /** Starts the program. `command` is for the shell, without any quoting. */
  constructor(command: string, { columns, rows }: Size, environment: Readonly<Record<string, string>>) {
    this.#emulator = new xterm.Terminal({ cols: columns, rows, scrollback: 0, allowProposedApi: true });
    const inside = `stty cols ${columns} rows ${rows}; exec ${command}`;
    this.#child = spawn('script', ['--quiet', '--flush', '--return', '--command', inside, '/dev/null'], {
      env: { ...environment, SHELL: '/bin/sh', TERM: 'xterm-256color' },
      stdio: 'pipe',
    });
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#emulator.write(bytes, () => {
        this.#drawnAt = Date.now();
        this.#drawings += 1;
      });
    });
    // Programs query the terminal's features.
    this.#emulator.onData((answer) => this.#child.stdin?.write(answer));
    // A program that ends while something is typed is noticed by the next wait.
    this.#child.stdin?.on('error', () => {});
    this.#gone = once(this.#child, 'exit').then(() => {
      this.#isGone = true;
    });
  }

  get screen(): Screen {
    const { active } = this.#emulator.buffer;
    const lineAt = (row: number) => active.getLine(active.viewportY + row);
    return {
      rows: Array.from({ length: this.#emulator.rows }, (_, row) =>
        (lineAt(row)?.translateToString(true) ?? '').trimEnd(),
      ),
      cursor: { row: active.cursorY, column: active.cursorX },
      runAt: ({ row, column }) => {
        const line = lineAt(row);
        const look = lookOf(line?.getCell(column));
        const isSame = (at: number) =>
          at >= 0 && at < this.#emulator.cols && lookOf(line?.getCell(at)) === look;
        let [start, end] = [column, column];
        while (isSame(start - 1)) start -= 1;
        while (isSame(end)) end += 1;
        return line?.translateToString(false, start, end).trim() ?? '';
      },
    };
  }

  /** How often something was drawn since the start. */
  get drawings(): number {
    return this.#drawings;
  }

  /** Presses keys; does not wait for their effect. */
  press(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /**
   * Waits until the screen rests and shows the expected content, and returns it.
   *
   * @param what the end of "The terminal did not show …"
   * @param look returns what it has found, or undefined if it is not there; may press keys
   * @param patience milliseconds
   * @throws Error with the screen if it does not come, or the program ends
   */
  async until<Found>(
    what: string,
    look: (screen: Screen) => Found | undefined,
    patience = PATIENCE,
  ): Promise<Found> {
    const deadline = Date.now() + patience;
    for (;;) {
      await this.#rests();
      const found = look(this.screen);
      if (found !== undefined) return found;
      if (this.#isGone || Date.now() > deadline)
        throw new Error(`The terminal did not show ${what}:\n${this.#picture()}`);
      await turn();
    }
  }

  async close(): Promise<void> {
    if (!this.#isGone) this.#child.kill('SIGKILL');
    await this.#gone;
    this.#emulator.dispose();
  }

  async #rests(): Promise<void> {
    while (!this.#isGone && (Date.now() - this.#drawnAt < QUIET || isAtWork(this.#child.pid))) await turn();
  }

  #picture(): string {
    const { rows, cursor } = this.screen;
    const last = rows.findLastIndex((row) => row !== '');
    const shown = rows.slice(0, last + 1).map((row) => `  | ${row}`);
    return [
      ...shown,
      `  cursor in row ${cursor.row}, column ${cursor.column}${this.#isGone ? '; the program has ended' : ''}`,
    ].join('\n');
  }
}

/**
 * Whether a process or a child of it has something to do. On a busy machine a program pauses in the middle of its drawing while
 * it waits for a processor: it rests only when it waits for a key. By proc_pid_stat(5).
 */
function isAtWork(pid: number | undefined): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program is in brackets before its state, and may contain anything.
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return state === 'R' || children.some((child) => isAtWork(Number(child)));
  } catch {
    // It has ended in the meantime.
    return false;
  }
}

type Cell = ReturnType<NonNullable<ReturnType<xterm.Terminal['buffer']['active']['getLine']>>['getCell']>;

function lookOf(cell: Cell): string {
  if (!cell) return '';
  const flags = [cell.isInverse(), cell.isBold(), cell.isUnderline(), cell.isDim()].map(Number).join('');
  return `${cell.getFgColorMode()}:${cell.getFgColor()} ${cell.getBgColorMode()}:${cell.getBgColor()} ${flags}`;
}

/** Processes the program's pending output. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
