import csurf from 'csurf';
import type { Request, RequestHandler, Response } from 'express';

/**
 * csurf is no longer maintained: it stands behind this file alone, with its secret in the session, never in a cookie,
 * and reads the token from the form alone, never from the URL, where it would end up in logs.
 */
const protection = csurf({ cookie: false, value: (request) => tokenOf(request.body) });

/** The token for the forms of a page. Makes the session's secret when there is none yet. */
export function csrfToken(request: Request, response: Response): string {
  // csurf hands out tokens only to requests it has seen; what it says of this one's own token is asked in `requireCsrf`.
  if (!request.csrfToken) protection(request, response, () => {});
  return request.csrfToken();
}

export class CsrfRefused extends Error {
  /** Whether the request came from another site, rather than from a page of ours that is out of date. */
  readonly foreign: boolean;

  constructor(foreign: boolean) {
    super('The form did not carry a valid CSRF token.');
    this.foreign = foreign;
  }
}

/** Lets a POST through when it carries the session's token and does not say that it comes from elsewhere. */
export function requireCsrf(baseUrl: string): RequestHandler {
  const { origin } = new URL(baseUrl);
  return (request, response, next) => {
    if (comesFromElsewhere(request, origin)) return next(new CsrfRefused(true));
    protection(request, response, (error?: unknown) => (error ? next(translated(error)) : next()));
  };
}

/**
 * Depth behind the token: browsers that tell where a request comes from are believed. Absent headers pass, for text
 * browsers send neither, and "null" is what privacy settings make of an Origin.
 */
function comesFromElsewhere(request: Request, origin: string): boolean {
  const site = request.get('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') return false;
  if (site === 'cross-site' || site === 'same-site') return true;
  const claimed = request.get('origin');
  return claimed !== undefined && claimed !== 'null' && claimed !== origin;
}

function translated(error: unknown): unknown {
  const refused = error instanceof Error && 'code' in error && error.code === 'EBADCSRFTOKEN';
  return refused ? new CsrfRefused(false) : error;
}

function tokenOf(body: unknown): string {
  const fields = typeof body === 'object' && body !== null ? body : {};
  return '_csrf' in fields && typeof fields._csrf === 'string' ? fields._csrf : '';
}
