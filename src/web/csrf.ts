import csurf from 'csurf';
import type { Request, RequestHandler, Response } from 'express';
import { UnsupportedMediaType } from './http-errors.ts';
import { type FormerSecret, readFormerSecrets } from './session.ts';

/**
 * csurf is no longer maintained, so this file is its only user. Its secret is in the session, never in a cookie; the token is read
 * from the form only, never from the URL, which is logged.
 */
const protection = csurf({ cookie: false, value: (request) => tokenOf(request.body) });

/** The token for the forms of a page. Makes the session's secret when there is none yet. */
export function csrfToken(request: Request, response: Response): string {
  // csurf makes tokens only for requests that passed it. Its check of this request is ignored here; see `carriesToken`.
  if (!request.csrfToken) protection(request, response, () => {});
  return request.csrfToken();
}

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/**
 * Why a form was refused: it came from another site; the browser sent no cookie; the cookie's session has ended; the token is of
 * a page from before the last sign-in or step-up.
 */
export type CsrfReason = 'foreign' | 'no cookie' | 'no session' | 'old token';

export class CsrfRefused extends Error {
  readonly reason: CsrfReason;

  constructor(reason: CsrfReason) {
    super(`The form did not carry a valid CSRF token: ${reason}.`);
    this.reason = reason;
  }
}

/** Refuses forms that, by the browser's own headers, come from another site. */
export function refuseForeign(baseUrl: string): RequestHandler {
  const { origin } = new URL(baseUrl);
  return (request, _response, next) => {
    next(comesFromElsewhere(request, origin) ? new CsrfRefused('foreign') : undefined);
  };
}

/** Refuses bodies that are no forms: otherwise a program that sends JSON would be told that its token is old. */
export const readableForms: RequestHandler = (request, _response, next) => {
  next(hasOtherBody(request) ? new UnsupportedMediaType() : undefined);
};

/** Accepts a POST with the token of a session that existed before it. */
export const requireToken: RequestHandler = (request, response, next) => {
  next(carriesToken(request, response) ? undefined : new CsrfRefused(reasonOf(request)));
};

/** Whether the form has its session's token. A form never creates a session or a secret. */
export function carriesToken(request: Request, response: Response): boolean {
  if (!request.hadSession || typeof request.session?.csrfSecret !== 'string') return false;
  let fault: unknown;
  protection(request, response, (error?: unknown) => {
    fault = error;
  });
  if (fault && !isWrongToken(fault)) throw fault;
  return fault === undefined;
}

/** The former secret of this session that the form's token belongs to; undefined if there is none. */
export function formerSecretOf(request: Request, response: Response): FormerSecret | undefined {
  return readFormerSecrets(request).find(({ csrfSecret }) => {
    let fault: unknown;
    const former = { method: 'POST', session: { csrfSecret }, body: request.body };
    protection(former as unknown as Request, response, (error?: unknown) => {
      fault = error;
    });
    return fault === undefined;
  });
}

function reasonOf(request: Request): CsrfReason {
  if (request.sessionCookie === undefined) return 'no cookie';
  return request.hadSession ? 'old token' : 'no session';
}

/**
 * Defence in depth besides the token: checks Origin and Sec-Fetch-Site if the browser sends them. Absent headers pass, because text
 * browsers send neither; privacy settings turn an Origin into "null".
 */
function comesFromElsewhere(request: Request, origin: string): boolean {
  const site = request.get('sec-fetch-site');
  if (site === 'same-origin' || site === 'none') return false;
  if (site === 'cross-site' || site === 'same-site') return true;
  const claimed = request.get('origin');
  return claimed !== undefined && claimed !== 'null' && claimed !== origin;
}

/** A body in another format than application/x-www-form-urlencoded, the only one that is parsed. */
function hasOtherBody(request: Request): boolean {
  const isEmpty = !request.get('transfer-encoding') && !Number(request.get('content-length'));
  return !isEmpty && !request.is(FORM_TYPE);
}

function isWrongToken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EBADCSRFTOKEN';
}

/** The form's token; "" if it has none. */
export function tokenOf(body: unknown): string {
  const fields = typeof body === 'object' && body !== null ? body : {};
  return '_csrf' in fields && typeof fields._csrf === 'string' ? fields._csrf : '';
}
