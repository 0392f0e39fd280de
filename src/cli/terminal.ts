import type { Readable, Writable } from 'node:stream';
import type { Environment } from '../boot/environment.ts';
import type { MessageKey, Translator } from '../kernel/i18n.ts';
import type { Clock } from '../kernel/time.ts';

/** Environment and streams of a command. */
export interface Terminal {
  readonly environment: Environment;
  /** `isTTY`: a terminal; otherwise piped. */
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Results only, because they may be piped. */
  readonly output: Writable;
  /** Errors and prompts. */
  readonly errors: Writable;
  readonly clock: Clock;
}

/** The language of a POSIX environment as a BCP 47 tag: "ar-EG" for "ar_EG.UTF-8". */
export function languageOf(environment: Environment): string | undefined {
  const locale = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'];
  return locale?.replace(/[.@].*/, '').replaceAll('_', '-');
}

/**
 * The text on one line, without control characters: names come from strangers, and a terminal would execute escape sequences
 * in them.
 */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim();
}

/** Prints aligned columns; the first row is the head. */
export function writeTable(rows: readonly (readonly string[])[], say: (line: string) => void): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => lengthOf(row[column]))));
  for (const row of rows) {
    const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - lengthOf(cell)));
    say(cells.join('  ').trimEnd());
  }
}

/** Length in graphemes. */
function lengthOf(text = ''): number {
  return [...new Intl.Segmenter().segment(text)].length;
}

/** Clears the rest of an earlier, longer line. */
const CLEAR_LINE = '\r\x1b[K';

/**
 * Shows the progress of a long command on one line that overwrites itself; nothing if standard error is no terminal. The text
 * of `key` has {{done}} and {{all}}.
 */
export function progressOn(
  { terminal, words }: { readonly terminal: Terminal; readonly words: Translator },
  key: MessageKey,
  all: number,
) {
  const { errors } = terminal;
  if (!('isTTY' in errors) || errors.isTTY !== true) return () => {};
  return (done: number): void => {
    errors.write(`${CLEAR_LINE}${words.t(key, { done, all })}${done === all ? '\n' : ''}`);
  };
}
