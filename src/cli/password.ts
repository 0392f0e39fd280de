import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Translator } from '../kernel/i18n.ts';
import { CommandError, EXIT } from './operation.ts';
import type { Terminal } from './terminal.ts';

/**
 * Reads a new password: one line of standard input if it is piped, otherwise asks for it twice without echo. It is never an
 * argument: the process list and the shell's history would show it.
 */
export async function readNewPassword({ input, errors }: Terminal, words: Translator): Promise<string> {
  if (!input.isTTY) return onlyLine(await text(input), words);
  const prompt = createInterface({ input, output: nowhere(), terminal: true, historySize: 0 });
  try {
    const password = await ask(prompt, errors, words.t('cli.password-prompt'), words);
    const again = await ask(prompt, errors, words.t('cli.password-prompt-again'), words);
    if (password !== again) throw new CommandError(words.t('cli.password-differs'));
    return password;
  } finally {
    prompt.close();
  }
}

function onlyLine(piped: string, words: Translator): string {
  const line = piped.replace(/\r?\n$/, '');
  if (line === '') throw new CommandError(words.t('cli.password-missing'), EXIT.usage);
  if (/[\r\n]/.test(line)) throw new CommandError(words.t('cli.password-lines'), EXIT.usage);
  return line;
}

/** Swallows the echo of readline. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

async function ask(
  prompt: Interface,
  errors: Writable,
  question: string,
  words: Translator,
): Promise<string> {
  errors.write(`${question} `);
  const stop = new AbortController();
  prompt.once('close', () => stop.abort());
  try {
    return await prompt.question('', { signal: stop.signal });
  } catch {
    // Ctrl-C, Ctrl-D, or the terminal was closed.
    throw new CommandError(words.t('cli.interrupted'), EXIT.interrupted);
  } finally {
    errors.write('\n');
  }
}
