import type { Letter } from './letter.ts';

/** All of the letter was sent, but the connection broke or timed out before the server confirmed it. */
export class Unconfirmed extends Error {}

/** Sends letters. */
export interface Transport {
  /**
   * Resolves once the server has accepted the letter; rejects within 15 seconds if it has not: with `Unconfirmed` if it may
   * have.
   */
  dispatch(letter: Letter): Promise<void>;
  /** Takes no more letters, and lets those under way finish. */
  close(): void;
  /** Aborts those under way, too. */
  abort(): void;
}

/** The letter as RFC 5322 text. Loads nodemailer on first use: loading it is a tenth of the start. */
export async function composed(letter: Letter): Promise<Buffer> {
  const { createTransport } = await import('nodemailer');
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  const { message } = await composer.sendMail(mailOptions(letter));
  if (!Buffer.isBuffer(message)) throw new Error('The message was not composed into one buffer.');
  return message;
}

/** nodemailer's options for a letter: plain text only, and no access to files or the network. */
export function mailOptions(letter: Letter) {
  return {
    // The same for every try: mail programs show one copy of a letter that arrives twice.
    messageId: `<${letter.id}@${letter.from.address.split('@').at(-1)}>`,
    from: letter.from,
    to: { name: '', address: letter.to },
    subject: letter.subject,
    text: letter.text,
    date: new Date(letter.date),
    headers: {
      'Content-Language': letter.language,
      // RFC 3834: stops automatic replies. Exchange obeys the second header instead.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
