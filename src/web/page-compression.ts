import { gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';

/**
 * Sends a page, compressed where the browser takes it and nobody can guess a secret by its length (BREACH): that takes a
 * secret that stays the same beside a text of the attacker's choice, again and again. CSRF tokens are another on each
 * page; `secret` says that the page shows something else of that kind: a Setup Key, recovery codes.
 *
 * gzip at once: on pages as small as ours brotli saves nothing at the same cost (a twentieth of a millisecond), and on the
 * thread pool they would have to wait behind the hashing of passwords.
 */
export function sendPage(request: Request, response: Response, html: string, secret: boolean): void {
  if (!takesGzip(request) || mayShowChosenText(request, secret)) {
    response.send(html);
    return;
  }
  response.set('Content-Encoding', 'gzip').send(gzipSync(html));
}

/** Whether whoever made the browser ask may have put a text of theirs beside a secret. */
function mayShowChosenText(request: Request, secret: boolean): boolean {
  const chosen = request.method === 'POST' || request.originalUrl.includes('?');
  return chosen && (secret || wasLedHere(request));
}

/** By a page of another site: browsers that run scripts say so. */
function wasLedHere(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  return site === 'cross-site' || site === 'same-site';
}

function takesGzip(request: Request): boolean {
  return request.acceptsEncodings('gzip') === 'gzip';
}
