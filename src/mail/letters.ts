import { fileURLToPath } from 'node:url';
import ejs from 'ejs';
import { kindOf } from '../post/mail.ts';
import { MAIL_SUBJECTS } from '../post/mail-subjects.ts';
import type { Message, Recipient } from '../post/post.ts';
import type { Settings } from '../settings/settings.ts';
import type { MessageKey, MessageValues, Translator } from '../words.ts';
import { CODE_WORDS, NOTICE_TEXTS, REASON_WORDS } from './letter-words.ts';
import { layOut, oneLine, unbroken } from './plain-text.ts';

const VIEWS = fileURLToPath(new URL('../../views', import.meta.url));

type CodeMessage = Extract<Message, { kind: 'code' }>;
type LinkMessage = Extract<Message, { token: string }>;
type ResetRequested = Extract<Message, { kind: 'reset requested' }>;
type ResetApproved = Extract<Message, { kind: 'reset approved' }>;
type Reminder = Extract<Message, { kind: 'two-factor reminder' }>;
type NoticeMessage = Extract<Message, { kind: 'notice' }>;

/** What a letter needs besides the message. */
export interface LetterContext {
  readonly translator: Translator;
  readonly settings: Settings;
  /** The public origin; every link begins with it. */
  readonly baseUrl: string;
  readonly to: Recipient;
}

/** What fills a view of `views/mail`. */
interface Content {
  readonly view: string;
  readonly locals: Readonly<Record<string, unknown>>;
}

/** Writes a message in the translator's language: the subject, and the text in plain lines. */
export async function writeLetter(
  message: Message,
  context: LetterContext,
): Promise<{ readonly subject: string; readonly text: string }> {
  const { translator, settings } = context;
  const { view, locals } = contentOf(message, context);
  const t = speaker(translator);
  const common = {
    t,
    site: settings.siteName,
    contact: oneLine(settings.helpContact),
    name: context.to.name,
  };
  const text: string = await ejs.renderFile(
    `${VIEWS}/mail/${view}.ejs`,
    { ...common, ...locals },
    // It is not HTML that is written: what looks like markup is only text.
    { root: VIEWS, cache: true, escape: String },
  );
  const subject = translator.t(MAIL_SUBJECTS[kindOf(message)], { site: oneLine(settings.siteName) });
  return { subject, text: layOut(text) };
}

function contentOf(message: Message, context: LetterContext): Content {
  switch (message.kind) {
    case 'code':
      return code(message, context);
    case 'invitation':
      return link('invitation', '/invitation', message, context);
    case 'password reset':
      return link('password-reset', '/reset-password', message, context);
    case 'sign-up':
      return link('sign-up', '/sign-up/confirm', message, context);
    case 'reset requested':
      return resetRequested(message, context);
    case 'reset approved':
      return resetApproved(message, context);
    case 'sign-up again':
      return signUpAgain(context);
    case 'address taken':
      return { view: 'address-taken', locals: {} };
    case 'two-factor reminder':
      return reminder(message, context);
    case 'notice':
      return notice(message, context);
  }
}

function code(message: CodeMessage, { translator, baseUrl }: LetterContext): Content {
  const words = CODE_WORDS[message.purpose];
  const locals = {
    code: message.code,
    intro: words.intro,
    unasked: words.unasked,
    sent: translator.when(message.sentAt),
    lifetime: translator.duration(message.expiresAt - message.sentAt),
    host: new URL(baseUrl).hostname,
  };
  return { view: 'code', locals };
}

function link(
  view: string,
  path: string,
  { token, expiresAt }: LinkMessage,
  { translator, baseUrl }: LetterContext,
): Content {
  const locals = { url: linkTo(path, token, baseUrl), until: translator.when(expiresAt) };
  return { view, locals };
}

function linkTo(path: string, token: string, baseUrl: string): string {
  return `${baseUrl}${path}?token=${encodeURIComponent(token)}`;
}

function resetRequested(
  { by, at, origin, token }: ResetRequested,
  { translator, baseUrl }: LetterContext,
): Content {
  const locals = {
    by,
    at: translator.when(at),
    browser: origin.browser,
    address: origin.address,
    url: linkTo('/cancel-request', token, baseUrl),
    forgotten: `${baseUrl}/forgotten-password`,
  };
  return { view: 'reset-requested', locals };
}

function resetApproved({ dueAt, token }: ResetApproved, { translator, baseUrl }: LetterContext): Content {
  const locals = { due: translator.when(dueAt), url: linkTo('/cancel-request', token, baseUrl) };
  return { view: 'reset-approved', locals };
}

function signUpAgain({ baseUrl }: LetterContext): Content {
  const locals = { signIn: `${baseUrl}/sign-in`, forgotten: `${baseUrl}/forgotten-password` };
  return { view: 'sign-up-again', locals };
}

function reminder({ deadline, reasons }: Reminder, { translator, baseUrl }: LetterContext): Content {
  const locals = {
    reasons: reasons.map((source) => ({
      key: REASON_WORDS[source.kind],
      group: source.kind === 'group' ? source.name : '',
    })),
    until: translator.when(deadline),
    url: `${baseUrl}/profile/two-factor`,
  };
  return { view: 'two-factor-reminder', locals };
}

function notice(message: NoticeMessage, { translator, baseUrl, to }: LetterContext): Content {
  const locals = {
    text: NOTICE_TEXTS[message.notice],
    about: message.about,
    at: translator.when(message.at),
    browser: message.origin.browser,
    address: message.origin.address,
    advice: adviceFor(message, to),
    forgotten: `${baseUrl}/forgotten-password`,
    twoFactor: `${baseUrl}/profile/two-factor`,
  };
  return { view: 'notice', locals };
}

/**
 * Who can help, if it wasn't them. Whoever is left with the old address after a change of e-mail gets no password link
 * any more: the pages that usually help would send them in circles.
 */
function adviceFor(
  message: NoticeMessage,
  to: Recipient,
): 'administrator did it' | 'address is gone' | 'pages' {
  if (message.by === 'administrator') return 'administrator did it';
  return message.notice === 'e-mail changed' && message.about !== to.email ? 'address is gone' : 'pages';
}

/** Translates for the views, with every value made harmless for plain text. */
function speaker(translator: Translator) {
  return (key: MessageKey, values: MessageValues = {}): string => {
    const safe = Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? unbroken(oneLine(value)) : value,
    ]);
    return translator.t(key, Object.fromEntries(safe));
  };
}
