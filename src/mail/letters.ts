import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import type { MessageKey, MessageValues, Translator } from '../kernel/i18n.ts';
import { MANDATORY_REASONS } from '../settings/rule.ts';
import type { Settings } from '../settings/settings.ts';
import { CODE_WORDS } from './letter-words.ts';
import { kindOf } from './mail.ts';
import type { Message, Recipient } from './message.ts';
import { layOut, oneLine, unbroken } from './plain-text.ts';
import { LETTERS, MAILS, NOTICES } from './vocabulary.ts';

const VIEWS = fileURLToPath(new URL('../../views', import.meta.url));

type CodeMessage = Extract<Message, { kind: 'code' }>;
type LinkMessage = Extract<Message, { token: string }>;
type ResetRequested = Extract<Message, { kind: 'reset requested' }>;
type ResetApproved = Extract<Message, { kind: 'reset approved' }>;
type Reminder = Extract<Message, { kind: 'two-factor reminder' }>;
type NoticeMessage = Extract<Message, { kind: 'notice' }>;

/** Input of a letter besides the message. */
export interface LetterContext {
  readonly translator: Translator;
  readonly settings: Settings;
  /** The public origin; every link begins with it. */
  readonly baseUrl: string;
  readonly to: Recipient;
}

/** Variables of a view of `views/mail`. */
type Locals = Readonly<Record<string, unknown>>;

/** Writes a message in the translator's language: the subject, and the text in plain lines. */
export async function writeLetter(
  message: Message,
  context: LetterContext,
): Promise<{ readonly subject: string; readonly text: string }> {
  const { translator, settings } = context;
  const view = message.kind === 'notice' ? 'notice' : LETTERS[message.kind].view;
  const t = speaker(translator);
  const common = {
    t,
    site: settings.siteName,
    contact: oneLine(settings.helpContact),
    name: context.to.name,
  };
  const text: string = await ejs.renderFile(
    `${VIEWS}/mail/${view}.ejs`,
    { ...common, ...localsOf(message, context) },
    // The output is plain text, not HTML: nothing to escape.
    { root: VIEWS, cache: true, escape: String },
  );
  const subject = translator.t(MAILS[kindOf(message)].subject, { site: oneLine(settings.siteName) });
  return { subject, text: layOut(text) };
}

function localsOf(message: Message, context: LetterContext): Locals {
  switch (message.kind) {
    case 'code':
      return code(message, context);
    case 'invitation':
      return link('/invitation', message, context);
    case 'password reset':
      return link('/reset-password', message, context);
    case 'sign-up':
      return link('/sign-up/confirm', message, context);
    case 'reset requested':
      return resetRequested(message, context);
    case 'reset approved':
      return resetApproved(message, context);
    case 'sign-up again':
      return signUpAgain(context);
    case 'address taken':
      return {};
    case 'two-factor reminder':
      return reminder(message, context);
    case 'notice':
      return notice(message, context);
  }
}

function code(message: CodeMessage, { translator, baseUrl }: LetterContext): Locals {
  const words = CODE_WORDS[message.purpose];
  return {
    code: message.code,
    intro: words.intro,
    unasked: words.unasked,
    sent: translator.when(message.sentAt),
    lifetime: translator.duration(message.expiresAt - message.sentAt),
    host: new URL(baseUrl).hostname,
  };
}

function link(
  path: string,
  { token, expiresAt }: LinkMessage,
  { translator, baseUrl }: LetterContext,
): Locals {
  return { url: linkTo(path, token, baseUrl), until: translator.when(expiresAt) };
}

function linkTo(path: string, token: string, baseUrl: string): string {
  return `${baseUrl}${path}?token=${encodeURIComponent(token)}`;
}

function resetRequested(
  { by, at, origin, token }: ResetRequested,
  { translator, baseUrl }: LetterContext,
): Locals {
  return {
    by,
    at: translator.when(at),
    browser: origin.browser,
    address: origin.address,
    url: linkTo('/cancel-request', token, baseUrl),
    forgotten: `${baseUrl}/forgotten-password`,
  };
}

function resetApproved({ dueAt, token }: ResetApproved, { translator, baseUrl }: LetterContext): Locals {
  return { due: translator.when(dueAt), url: linkTo('/cancel-request', token, baseUrl) };
}

function signUpAgain({ baseUrl }: LetterContext): Locals {
  return { signIn: `${baseUrl}/sign-in`, forgotten: `${baseUrl}/forgotten-password` };
}

function reminder({ deadline, reasons }: Reminder, { translator, baseUrl }: LetterContext): Locals {
  return {
    reasons: reasons.map((source) => ({
      key: MANDATORY_REASONS[source.kind],
      group: source.kind === 'group' ? source.name : '',
    })),
    until: translator.when(deadline),
    url: `${baseUrl}/profile/two-factor`,
  };
}

function notice(message: NoticeMessage, { translator, baseUrl, to }: LetterContext): Locals {
  return {
    text: NOTICES[message.notice].text,
    // The copied browser may be unknown.
    about: message.about || translator.t('sign-ins.unknown-browser'),
    who: message.who ?? '',
    at: translator.when(message.at),
    browser: message.origin.browser,
    address: message.origin.address,
    advice: adviceFor(message, to),
    forgotten: `${baseUrl}/forgotten-password`,
    twoFactor: `${baseUrl}/profile/two-factor`,
  };
}

/**
 * What to do if it wasn't them. The old address gets no password link after a change of email, so the pages that usually
 * help would not.
 */
function adviceFor(
  message: NoticeMessage,
  to: Recipient,
): 'administrator did it' | 'address is gone' | 'pages' {
  if (message.by === 'administrator') return 'administrator did it';
  return message.notice === 'e-mail changed' && message.about !== to.email ? 'address is gone' : 'pages';
}

/** Translates for the views; values are made safe for plain text. */
function speaker(translator: Translator) {
  return (key: MessageKey, values: MessageValues = {}): string => {
    const safe = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? unbroken(oneLine(value)) : value,
    ]);
    return translator.t(key, Object.fromEntries(safe));
  };
}
