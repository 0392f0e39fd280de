import { z } from 'zod';
import type { Message, Recipient } from './post.ts';

/** A mail that is ready to go. Everything in it may be secret: it is kept sealed, and is not for the log. */
export const letterSchema = z.object({
  /** Names the mail for ever (RFC 5322 §3.6.4): whoever gets it twice can tell. */
  id: z.string(),
  from: z.object({ name: z.string(), address: z.string() }),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  language: z.string(),
  date: z.number(),
  /** The code or token in it, which a mail server may quote in its reply. */
  secret: z.string().nullable(),
});

export type Letter = Readonly<z.infer<typeof letterSchema>>;

/** Puts messages into words, in the language of whom they go to. */
export interface LetterWriter {
  write(id: string, to: Recipient, message: Message): Promise<Letter>;
}

/** What became of a letter that was handed to the mail server. */
export type Carriage =
  | { readonly kind: 'taken' }
  /** It would be the next time, too. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** All of it went out, and no word came back: it may have been taken. */
  | { readonly kind: 'unanswered'; readonly reason: string }
  /** `everyone`: it was not about this letter, others would have fared the same. */
  | { readonly kind: 'failed'; readonly reason: string; readonly everyone: boolean };

/** Hands letters to the mail server. */
export interface Carrier {
  /** One try, which takes 15 seconds at the most. Never throws. */
  carry(letter: Letter, kind: string): Promise<Carriage>;
  /** Lets what is under way finish, and takes no more. */
  close(): void;
  /** Breaks off what is under way, too. */
  cut(): void;
}
