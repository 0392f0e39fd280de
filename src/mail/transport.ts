import type { Letter } from '../post/letter.ts';

/** All of the letter went out, and the connection broke, or the time was over, before anybody said that it was taken. */
export class Unanswered extends Error {}

/** Carries letters away. */
export interface Transport {
  /**
   * Resolves once somebody else is answerable for the letter; rejects when nobody took it, within 15 seconds: by
   * `Unanswered` where somebody may have.
   */
  carry(letter: Letter): Promise<void>;
  /** Lets what is under way finish, and takes no more. */
  close(): void;
  /** Breaks off what is under way, too. */
  cut(): void;
}

/** The letter as nodemailer wants it: plain text only, and nothing of it is fetched from files or the network. */
export function mailOptions(letter: Letter) {
  return {
    // The same at every try: who gets a letter twice can tell, and mail programs show one of them.
    messageId: `<${letter.id}@${letter.from.address.split('@').at(-1)}>`,
    from: letter.from,
    to: { name: '', address: letter.to },
    subject: letter.subject,
    text: letter.text,
    date: new Date(letter.date),
    headers: {
      'Content-Language': letter.language,
      // RFC 3834: no vacation notice answers; the second is what Exchange heeds instead.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
    },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
