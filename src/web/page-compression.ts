import { gzipSync } from 'node:zlib';
import type { Request, Response } from 'express';
import { sendWhole } from './whole-answers.ts';

/**
 * Sends a page, compressed if the browser accepts it and the length cannot reveal a secret (BREACH). That attack needs many
 * responses with the same secret beside text that the attacker chooses. CSRF tokens are different on each page; `secret`: the page
 * shows another secret (a Setup Key, recovery codes).
 *
 * gzip, synchronously: for pages of this size brotli saves nothing at the same cost (0.05 ms), and on the thread pool they would
 * queue behind password hashes.
 */
export function sendPage(request: Request, response: Response, html: string, secret: boolean): void {
  const isPlain = !takesGzip(request) || mayShowChosenText(request, secret);
  if (!isPlain) response.set('Content-Encoding', 'gzip');
  sendWhole(response, isPlain ? html : gzipSync(html));
}

/** Whether the page may show an attacker's text (of a query or a form) beside a secret. */
function mayShowChosenText(request: Request, secret: boolean): boolean {
  const chosen = request.method === 'POST' || request.originalUrl.includes('?');
  return chosen && (secret || wasLedHere(request));
}

/** Whether a page of another site caused the request. Browsers that run scripts send Sec-Fetch-Site. */
function wasLedHere(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  return site === 'cross-site' || site === 'same-site';
}

function takesGzip(request: Request): boolean {
  return request.acceptsEncodings('gzip') === 'gzip';
}
