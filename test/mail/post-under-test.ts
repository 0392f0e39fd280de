import { pino } from 'pino';
import type { Actor } from '../../src/audit/audit.ts';
import { loadWords, type Words } from '../../src/kernel/i18n.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import { dispatcherOver } from '../../src/mail/dispatcher.ts';
import type { DispatchResult, Letter } from '../../src/mail/letter.ts';
import { letterWriter } from '../../src/mail/letter-writer.ts';
import { kindOf } from '../../src/mail/mail.ts';
import type { Message, Recipient } from '../../src/mail/message.ts';
import type { Transport } from '../../src/mail/transport.ts';
import { DEFAULT_SETTINGS, type Settings } from '../../src/settings/settings.ts';

export const NOW = Date.UTC(2030, 0, 31, 14, 3, 0);
export const ANN: Recipient = {
  id: null,
  email: 'ann@example.org',
  name: 'Ann Example',
  locale: null,
  knownLanguage: null,
};
export const TOKEN = 'dG9rZW4tb2YtMjAtYnl0ZXMtbG8';
export const ORIGIN = { requestId: 'request', address: '192.0.2.7', browser: 'Lynx' };

const WORDS = loadWords();

export function codeMessage(code = '012345'): Message {
  return { kind: 'code', code, purpose: 'sign-in', sentAt: NOW, expiresAt: NOW + 600_000 };
}

interface Circumstances {
  /** The cause of the mail; the command line if nobody is named. */
  readonly actor?: Actor;
  readonly settings?: Partial<Settings>;
  readonly mailFrom?: { readonly name: string; readonly address: string };
  readonly baseUrl?: string;
  readonly words?: Words;
}

/** Letters written and sent over a transport, once, and everything that is logged. */
export function postOver(transport: Transport, circumstances: Circumstances = {}) {
  const log: string[] = [];
  const { actor = { party: { id: null, label: 'test' }, origin: ORIGIN } } = circumstances;
  const settings = { ...DEFAULT_SETTINGS, ...circumstances.settings };
  const writer = letterWriter({
    words: circumstances.words ?? WORDS,
    settings: { read: async () => settings, recent: async () => settings, change: async () => settings },
    baseUrl: circumstances.baseUrl ?? 'https://help.example.org:8443',
    mailFrom: circumstances.mailFrom ?? { name: '', address: 'postern@example.org' },
    clock: () => NOW,
  });
  const dispatcher = dispatcherOver(transport, pino({}, { write: (line: string) => log.push(line) }));
  const dispatch = async (to: Recipient, message: Message): Promise<DispatchResult> =>
    dispatcher.dispatch(await writer.write(newId(NOW), to, message, actor), kindOf(message));
  const send = async (to: Recipient, message: Message) => (await dispatch(to, message)).kind;
  return { send, dispatch, log };
}

/** What the transport would receive. */
export async function letterOf(
  message: Message,
  to: Recipient = ANN,
  circumstances: Circumstances = {},
): Promise<Letter> {
  const letters: Letter[] = [];
  const dispatch = async (letter: Letter) => void letters.push(letter);
  await postOver({ dispatch, close() {}, abort() {} }, circumstances).send(to, message);
  const [letter] = letters;
  if (letter === undefined) throw new Error('No letter was carried.');
  return letter;
}
