import { PassThrough, Readable, Writable } from 'node:stream';
import type { Environment } from '../../src/boot/environment.ts';
import type { ExitCode } from '../../src/cli/operation.ts';
import { runCommandLine } from '../../src/cli/program.ts';

export interface Ran {
  readonly code: ExitCode;
  readonly output: string;
  readonly errors: string;
}

/** Runs a command in this process, like a shell: `input` is piped in, errors go to a file or to a terminal. */
export async function runs(
  environment: Environment,
  args: readonly string[],
  input = '',
  { isTTY = false } = {},
): Promise<Ran> {
  const output = new Collector();
  const errors = Object.assign(new Collector(), { isTTY });
  const terminal = {
    environment,
    input: Readable.from([Buffer.from(input)]),
    output,
    errors,
    clock: Date.now,
  };
  const code = await runCommandLine(args, terminal);
  return { code, output: output.text, errors: errors.text };
}

/** Runs a command at a terminal, where each answer is typed after the next question. */
export async function runsAtTerminal(
  environment: Environment,
  args: readonly string[],
  answers: readonly string[],
): Promise<Ran> {
  const output = new Collector();
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  const left = [...answers];
  const errors = new Collector((text) => {
    if (text.endsWith(': ')) setImmediate(() => input.write(left.shift() ?? '\x04'));
  });
  const code = await runCommandLine(args, { environment, input, output, errors, clock: Date.now });
  return { code, output: output.text, errors: errors.text };
}

class Collector extends Writable {
  text = '';
  readonly #hear: (text: string) => void;

  constructor(hear: (text: string) => void = () => {}) {
    super();
    this.#hear = hear;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.text += chunk.toString();
    this.#hear(this.text);
    done();
  }
}
