import type { Readable, Writable } from 'node:stream';
import type { Environment } from '../config.ts';
import type { Clock } from '../time.ts';

/** Where a command runs: what it is told, what it reads, and where it speaks. */
export interface Terminal {
  readonly environment: Environment;
  /** A terminal when it says so by `isTTY`; else what is piped in. */
  readonly input: Readable & { readonly isTTY?: boolean };
  /** Results, and nothing else: they may be piped on. */
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
 * A text on one line and without control characters: names come from strangers, and a terminal would obey what is
 * hidden in them.
 */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]+/gu, ' ').trim();
}
