import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Claims } from '../apps/claims.ts';
import type { MessageKey, Words } from '../kernel/i18n.ts';
import { DEFAULT_SETTINGS } from '../settings/settings.ts';

/** What is refused, as a text for the person: some proxies pass it on. */
export type RefusalText = Extract<MessageKey, `guard.${string}`>;

/** Names and values of headers in turn, as `writeHead` takes them without any work of its own. */
export type Headers = readonly string[];

/** Proxies may pass these on to a browser that is on an app's page, so nothing of the portal's policy belongs here. */
const EVERY_ANSWER: Headers = [
  // Lynx needs both (web/plain-browsers.ts).
  ...['Cache-Control', 'no-store, no-cache'],
  ...['Referrer-Policy', 'no-referrer'],
  ...['X-Content-Type-Options', 'nosniff'],
];

/** A status and headers without a body; with those that were set before, such as cookies. A second answer is dropped. */
export function answer(response: ServerResponse, status: number, headers: Headers = []): void {
  if (response.headersSent) return;
  // Without a body: Node would write headers and a body of text together, and encode the bytes of the headers once more.
  response.writeHead(status, [...EVERY_ANSWER, ...headers, 'Content-Length', '0']).end();
}

/**
 * 200 with who it is. Every header is always there: a proxy that copies what the answer has would otherwise keep the one that a
 * visitor sent (GHSA-7r4p-vjf4-gxv4).
 */
export function allow(response: ServerResponse, claims: Claims): void {
  answer(response, 200, [
    ...['Remote-User', headerValue(claims.user)],
    ...['Remote-Email', headerValue(claims.email)],
    ...['Remote-Name', headerValue(claims.name)],
    ...['Remote-Groups', headerValue(claims.groups)],
  ]);
}

/** `url`: absolute, because proxies resolve a relative one against Postern's own address. */
export function redirectToUrl(response: ServerResponse, url: string): void {
  answer(response, 303, ['Location', url]);
}

export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly text: RefusalText;
  readonly headers?: Headers;
}

/** A status with one sentence as plain text, in the person's language. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  words: Words,
  { status, text, headers = [] }: Refusal,
): void {
  if (response.headersSent) return;
  const { language, timeZone } = DEFAULT_SETTINGS;
  const chosen = words.choose(request.headers['accept-language'], null, language);
  const { locale, t } = words.for(chosen, timeZone);
  const body = Buffer.from(`${t(text)}\n`);
  response
    .writeHead(status, [
      ...EVERY_ANSWER,
      ...headers,
      ...['Content-Language', locale, 'Vary', 'Accept-Language'],
      ...['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)],
    ])
    .end(body);
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
