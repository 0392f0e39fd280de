import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { newId } from '../identifiers.ts';
import type { Letter } from '../post/letter.ts';
import { mailOptions, type Transport } from './transport.ts';

/**
 * Keeps letters in a folder, one RFC 5322 file each, and writes their text to the log: for trying the portal out where
 * no mail server is. Both then hold codes and links; a production set-up cannot come without a mail server.
 */
export function outboxTransport(folder: string, logger: Logger): Transport {
  return {
    async carry(letter) {
      // Loaded with the first letter: it is a tenth of the start.
      const { createTransport } = await import('nodemailer');
      const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
      const { message } = await composer.sendMail(mailOptions(letter));
      if (!Buffer.isBuffer(message)) throw new Error('The letter was not composed into one piece.');
      const file = await keep(message, folder, fileName(letter.date));
      const { to, subject, text } = letter;
      logger.info({ file, to, subject, text }, 'mail kept in the outbox');
    },
    // Nothing is held open, and writing a file is never waited for.
    close() {},
    cut() {},
  };
}

/** "2030-01-01T140300Z-<id>.eml": sorted by time, and never two the same. */
function fileName(date: Letter['date']): string {
  const moment = new Date(date).toISOString().replace(/:|\.\d+/g, '');
  return `${moment}-${newId(date)}.eml`;
}

/** Whoever watches the folder sees whole files only. */
async function keep(message: Buffer, folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = join(folder, `.${name}`);
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(message);
    await file.close();
    await rename(draft, join(folder, name));
  } catch (error) {
    await file.close();
    await rm(draft, { force: true });
    throw error;
  }
  return join(folder, name);
}
