import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { codeOf } from '../kernel/environment-fault.ts';
import { CommandError, type Operation } from './operation.ts';

/**
 * The bytes of a file, or of standard input for "-".
 *
 * @throws CommandError if it cannot be read
 */
export async function contentOf({ terminal, words }: Operation, file: string): Promise<Buffer> {
  if (file === '-') return buffer(terminal.input);
  try {
    return await readFile(file);
  } catch (error) {
    const reason = codeOf(error) || String(error);
    throw new CommandError(words.t('cli.file-unreadable', { file, reason }));
  }
}
