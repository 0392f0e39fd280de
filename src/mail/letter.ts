import { z } from 'zod';
import type { Actor } from '../audit/audit.ts';
import type { Transaction } from '../kernel/transaction.ts';
import type { Message, Recipient } from './message.ts';

/** A mail ready to be sent. Everything in it may be secret: it is stored sealed, and never logged. */
export const letterSchema = z.object({
  /** Part of the Message-ID (RFC 5322 §3.6.4), the same for every try: a second copy can be recognised. */
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

/** Writes messages in the recipient's language; `actor` is who caused the mail. */
export interface LetterWriter {
  /** The writer within a transaction, where it reads the database. */
  in?(tx: Transaction): LetterWriter;
  write(id: string, to: Recipient, message: Message, actor: Actor): Promise<Letter>;
}

/** Result of handing a letter to the mail server. */
export type DispatchResult =
  | { readonly kind: 'taken' }
  /** For good: another try would be refused, too. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** All of it went out, and no reply came back: the server may have it. */
  | { readonly kind: 'unconfirmed'; readonly reason: string }
  /** `everyone`: not because of this letter; every other letter would have failed, too. */
  | { readonly kind: 'failed'; readonly reason: string; readonly everyone: boolean };

/** Hands letters to the mail server. */
export interface MailDispatcher {
  /** One try of at most 15 seconds. Never throws. */
  dispatch(letter: Letter, kind: string): Promise<DispatchResult>;
  /** The same work as `dispatch` without the network, for a letter that goes nowhere. */
  pretend(letter: Letter): Promise<void>;
  /** Takes no more letters, and lets those under way finish. */
  close(): void;
  /** Aborts those under way, too. */
  abort(): void;
}
