import type { Express, Response } from 'express';
import { targetFor } from './plain-browsers.ts';

/** The setting of the Express app that `redirectTo` reads. */
const PUBLIC_ORIGIN = 'public origin';

/** Sets the public origin of the app's redirects, such as "https://help.example.org". */
export function redirectFrom(app: Express, baseUrl: string): void {
  app.set(PUBLIC_ORIGIN, new URL(baseUrl).origin);
}

/**
 * Redirects to a path of this site or to another site's URL. Every page and guard redirects by this function.
 *
 * Absolute for requests to the public origin: Lynx pauses for several seconds at each relative redirect, with a message. Requests
 * by another name (a local address, a test) keep relative redirects, and a forged Host header is never echoed.
 *
 * @param status 303 (the default): to be read by GET; 308: the address has moved
 */
export async function redirectTo(response: Response, target: string, status: 303 | 308 = 303): Promise<void> {
  const { req: request, app } = response;
  const origin: unknown = app.get(PUBLIC_ORIGIN);
  const isPublic = typeof origin === 'string' && request.get('host') === new URL(origin).host;
  const location = targetFor(request, target);
  response.redirect(status, isPublic && location.startsWith('/') ? `${origin}${location}` : location);
}
