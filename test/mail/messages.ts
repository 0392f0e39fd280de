import { CODE_WORDS } from '../../src/mail/letter-words.ts';
import type { Message, Purpose } from '../../src/mail/message.ts';
import { NOTICES, type Notice } from '../../src/mail/vocabulary.ts';
import type { RuleSource } from '../../src/settings/rule.ts';
import { NOW, ORIGIN, TOKEN } from './post-under-test.ts';

export const EVERY_NOTICE = Object.keys(NOTICES) as readonly Notice[];

type Kind = Message['kind'];

/** Each kind of message in its forms; the compiler requires new ones here. */
const MESSAGES: { readonly [K in Kind]: readonly Extract<Message, { kind: K }>[] } = {
  code: (Object.keys(CODE_WORDS) as Purpose[]).map(codeFor),
  invitation: [linkMessage('invitation')],
  'password reset': [linkMessage('password reset')],
  'sign-up': [linkMessage('sign-up')],
  'sign-up again': [{ kind: 'sign-up again' }],
  'address taken': [{ kind: 'address taken' }],
  'reset requested': [resetRequested('person'), resetRequested('administrator')],
  'reset approved': [{ kind: 'reset approved', dueAt: NOW, token: TOKEN, expiresAt: NOW }],
  'two-factor reminder': [
    reminder([{ kind: 'site' }]),
    reminder([{ kind: 'group', id: 'agents', name: 'Agents' }, { kind: 'person' }]),
  ],
  notice: EVERY_NOTICE.flatMap((notice) => [noticeMessage(notice), noticeMessage(notice, 'administrator')]),
};

/** All messages that the portal writes. */
export const EVERY_MESSAGE: readonly Message[] = Object.values(MESSAGES).flat();

/** "code for sign-in", "notice: password changed, by an administrator". */
export function nameOf(message: Message): string {
  if (message.kind === 'code') return `code for ${message.purpose}`;
  if (message.kind === 'notice') return `notice: ${message.notice}, by ${message.by}`;
  if (message.kind === 'two-factor reminder')
    return `${message.kind} because of the ${message.reasons.map(({ kind }) => kind).join(' and the ')}`;
  return message.kind === 'reset requested' ? `${message.kind} by ${message.by}` : message.kind;
}

export function noticeMessage(
  notice: Notice,
  by: 'person' | 'administrator' = 'person',
  about = 'My phone',
): Extract<Message, { kind: 'notice' }> {
  return { kind: 'notice', notice, at: NOW, origin: ORIGIN, by, about };
}

export function resetRequested(
  by: 'person' | 'administrator',
): Extract<Message, { kind: 'reset requested' }> {
  return { kind: 'reset requested', by, at: NOW, origin: ORIGIN, token: TOKEN, expiresAt: NOW };
}

export function reminder(reasons: readonly RuleSource[]): Extract<Message, { kind: 'two-factor reminder' }> {
  return { kind: 'two-factor reminder', deadline: NOW + 86_400_000, reasons };
}

function codeFor(purpose: Purpose): Extract<Message, { kind: 'code' }> {
  return { kind: 'code', code: '012345', purpose, sentAt: NOW, expiresAt: NOW + 600_000 };
}

function linkMessage<K extends 'invitation' | 'password reset' | 'sign-up'>(kind: K) {
  return { kind, token: TOKEN, expiresAt: NOW };
}
