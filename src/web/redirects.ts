import { STATUS_CODES } from 'node:http';
import type { Express, Response } from 'express';
import { SessionEnded } from './express-sessions.ts';
import { targetFor } from './plain-browsers.ts';
import { keepSession, leaveSession } from './session.ts';
import { sendWhole } from './whole-answers.ts';

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
 * Rejects if the session cannot be stored because its store is down.
 *
 * @param status 303 (the default): to be read by GET; 308: the address has moved
 */
export async function redirectTo(response: Response, target: string, status: 303 | 308 = 303): Promise<void> {
  const { req: request, app } = response;
  await keepSession(request).catch((error: unknown) => {
    // What was done stands. Without its session, the next page shows what is so, and says nothing of what was not stored.
    if (!(error instanceof SessionEnded)) throw error;
    leaveSession(request);
  });
  const origin: unknown = app.get(PUBLIC_ORIGIN);
  const isPublic = typeof origin === 'string' && request.get('host') === new URL(origin).host;
  const path = targetFor(request, target);
  response.status(status).location(isPublic && path.startsWith('/') ? `${origin}${path}` : path);
  sendWhole(
    response.type('text/plain'),
    `${STATUS_CODES[status]}. Redirecting to ${response.get('Location')}`,
  );
}
