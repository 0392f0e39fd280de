import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { makeFolder } from '../kernel/folders.ts';
import { newId } from '../kernel/identifiers.ts';
import type { Letter } from './letter.ts';
import { composed, type Transport } from './transport.ts';

/**
 * Stores letters in a folder, one RFC 5322 file each, and logs their text: for trying the portal without a mail server.
 * Folder and log then contain codes and links, so production needs a mail server.
 */
export function outboxTransport(folder: string, logger: Logger): Transport {
  return {
    async dispatch(letter) {
      const head = await composed({ ...letter, text: PLACEHOLDER });
      const file = await keep(withText(head, letter.text), folder, fileName(letter.date));
      const { to, subject, text } = letter;
      logger.info({ file, to, subject, text }, 'mail written to the outbox');
    },
    // No connection is open, and a file is written at once.
    close() {},
    abort() {},
  };
}

const PLACEHOLDER = '-';

/**
 * Puts the plain text behind the headers (8bit, RFC 2045 §6.2). nodemailer would encode it: links would be split and spelt
 * "?token=3D…", and could be neither copied nor searched for.
 */
function withText(message: Buffer, text: string): Buffer {
  const [head = ''] = message.toString('latin1').split('\r\n\r\n', 1);
  const eightBit = head.replace(/^Content-Transfer-Encoding: .*$/m, 'Content-Transfer-Encoding: 8bit');
  const lines = `${eightBit}\r\n\r\n`;
  return Buffer.concat([Buffer.from(lines, 'latin1'), Buffer.from(text.replace(/\r?\n/g, '\r\n'))]);
}

/** "2030-01-01T140300Z-<id>.eml": sorted by time, and unique. */
function fileName(date: Letter['date']): string {
  const moment = new Date(date).toISOString().replace(/:|\.\d+/g, '');
  return `${moment}-${newId(date)}.eml`;
}

/** Writes to a hidden file and renames it: programs that watch the folder see complete files only. */
async function keep(message: Buffer, folder: string, name: string): Promise<string> {
  makeFolder(folder);
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
