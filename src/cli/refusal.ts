import { EX_CONFIG } from '../config.ts';

/** sysexits.h EX_USAGE: the command was not understood, and nothing was done. */
const EX_USAGE = 64;

/** What a command exits with. 130: interrupted by the keyboard, as shells report it. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: EX_USAGE,
  configuration: EX_CONFIG,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command cannot do what it was asked; the message is in the operator's words, and one line. */
export class Refusal extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}
