import type { Request, Response } from 'express';
import type { Claims } from '../apps/claims.ts';
import type { MessageKey, Words } from '../kernel/i18n.ts';
import { DEFAULT_SETTINGS } from '../settings/settings.ts';

/** What is refused, as a text for the person: some proxies pass it on. */
export type RefusalText = Extract<MessageKey, `guard.${string}`>;

/**
 * 200 with who it is. Every header is always there: a proxy that copies what the answer has would otherwise keep the one that a
 * visitor sent (GHSA-7r4p-vjf4-gxv4).
 */
export function allow(response: Response, claims: Claims): void {
  response.setHeader('Remote-User', headerValue(claims.user));
  response.setHeader('Remote-Email', headerValue(claims.email));
  response.setHeader('Remote-Name', headerValue(claims.name));
  response.setHeader('Remote-Groups', headerValue(claims.groups));
  // Without a body: Node would write headers and a body of text together, and encode the bytes of the headers once more.
  response.status(200).end();
}

/** `url`: absolute, because proxies resolve a relative one against Postern's own address. */
export function redirectToUrl(response: Response, url: string): void {
  response.status(303).set('Location', url).end();
}

/** A status with one sentence as plain text, in the person's language. */
export function refuse(
  request: Request,
  response: Response,
  words: Words,
  status: 401 | 403 | 503,
  text: RefusalText,
): void {
  const { language, timeZone } = DEFAULT_SETTINGS;
  const { locale, t } = words.for(words.choose(request.get('accept-language'), null, language), timeZone);
  response
    .status(status)
    .set({ 'Content-Language': locale, Vary: 'Accept-Language' })
    .type('text/plain')
    .send(`${t(text)}\n`);
}

/**
 * As UTF-8 bytes, one character each, because Node refuses characters above U+00FF in a header. Control characters end a header,
 * or a line in the log of an app: claims have none, and none gets through here either.
 */
export function headerValue(text: string): string {
  if (/^(?! )[\x20-\x7e]*(?<! )$/.test(text)) return text;
  const clean = text
    .toWellFormed()
    .replace(/\p{Cc}/gu, ' ')
    .trim();
  return Buffer.from(clean, 'utf8').toString('latin1');
}
