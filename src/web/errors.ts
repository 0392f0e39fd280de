import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { Overloaded } from '../accounts/hashing-queue.ts';
import type { Audit } from '../audit/audit.ts';
import type { LogEventName } from '../audit/vocabulary.ts';
import type { Pings } from '../kernel/dependencies.ts';
import type { Clock } from '../kernel/time.ts';
import { DEFAULT_SETTINGS } from '../settings/settings.ts';
import { subjectOf } from '../sign-in/session-state.ts';
import { type AuthServices, resolveAuth } from './auth-state.ts';
import { canonicalPath } from './canonical-paths.ts';
import { type ContextServices, contextOf, originOf, reloadContext, wordsFor } from './context.ts';
import { type CsrfReason, CsrfRefused, FORM_TYPE, formerSecretOf } from './csrf.ts';
import { DependencyTimeout } from './dependency-timeout.ts';
import { SessionEnded } from './express-sessions.ts';
import { flashSubmitted } from './flash.ts';
import { missingParts } from './health.ts';
import { AccessDenied, MethodNotAllowed, NotFound } from './http-errors.ts';
import { pageOf, queryOf, safeReturnPath } from './paths.ts';
import { redirectTo } from './redirects.ts';
import { type Renderer, showAs } from './rendering.ts';
import { logRefusal } from './request-log.ts';
import { type FormerSecret, keepSession, leaveSession, readState } from './session.ts';
import { StillWorking } from './submitted-once.ts';

interface ErrorServices extends ContextServices, AuthServices {
  readonly audit: Pick<Audit, 'record'>;
  readonly logger: Logger;
  readonly parts: Pings;
}

type ErrorName =
  | 'not-found'
  | 'method'
  | 'denied'
  | 'stale'
  | 'ended'
  | 'no-cookie'
  | 'foreign'
  | 'too-large'
  | 'malformed'
  | 'media-type'
  | 'busy'
  | 'working'
  | 'down'
  | 'fault';

const STATUS: Record<ErrorName, number> = {
  'not-found': 404,
  method: 405,
  denied: 403,
  stale: 403,
  ended: 403,
  'no-cookie': 403,
  foreign: 403,
  'too-large': 413,
  malformed: 400,
  'media-type': 415,
  busy: 503,
  working: 503,
  down: 503,
  fault: 500,
};

const REFUSALS: Record<CsrfReason, ErrorName> = {
  foreign: 'foreign',
  'no cookie': 'no-cookie',
  'no session': 'ended',
  'old token': 'stale',
};

/** Errors whose page leads back to the form. */
const RETRIED: ReadonlySet<ErrorName> = new Set(['stale', 'ended', 'no-cookie']);

/** Errors with a security event of their own in the log. */
const SUSPICIONS: Readonly<Partial<Record<ErrorName, LogEventName>>> = {
  foreign: 'malicious_cors',
  'too-large': 'input_validation_fail',
  malformed: 'input_validation_fail',
};

/** No route matched: redirects to the canonical path ("/Sign-In/"), or answers 404. */
export function noSuchPage(paths: readonly string[]): RequestHandler {
  return (request, response) => {
    const reads = request.method === 'GET' || request.method === 'HEAD';
    const meant = reads ? canonicalPath(paths, request.path) : undefined;
    if (meant === undefined || meant === request.path) throw new NotFound();
    return redirectTo(response, `${meant}${queryOf(request.originalUrl)}`, 308);
  };
}

/** Answers every error with a page that says what to do and has the request id for the log. */
export function errorPages(services: ErrorServices, renderer: Renderer): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    if (response.headersSent) {
      services.logger.error(
        { err: error, requestId: request.requestId },
        'request failed after the response',
      );
      // The time limit's page was sent first: it is not cut off.
      return response.writableEnded ? undefined : next(error);
    }
    const refused = await nameOf(error, services);
    const name = refused === 'stale' && isNobodys(request, services) ? 'ended' : refused;
    const suspicion = SUSPICIONS[name];
    if (suspicion) logRefusal(services.logger, request, suspicion);
    if (STATUS[name] >= 500)
      services.logger.error({ err: error, requestId: request.requestId }, 'request failed');
    try {
      if (name === 'media-type') response.set('Accept', FORM_TYPE);
      if (error instanceof MethodNotAllowed) response.set('Allow', error.allowed.join(', '));
      if (error instanceof AccessDenied) await recordDenial(services, error, request);
      if (STATUS[name] < 500) await loadWhatIsMissing(services, request);
      // Kept only from a page of this session before its id was renewed.
      const former = name === 'stale' ? formerSecretOf(request, response) : undefined;
      if (former && request.beforeSignIn && request.account) {
        // Signed in by another tab meanwhile: the form's purpose is done.
        return redirectTo(response, safeReturnPath(request.body?.returnTo));
      }
      if (former && isStillOf(former, request, services)) flashSubmitted(request);
      await keepSession(request).catch(() => showWithout(request));
      await showError(services, renderer, request, response, name);
    } catch (fault) {
      services.logger.error({ err: fault, requestId: request.requestId }, 'the error page failed');
      // Two errors of one request: the other one is being answered.
      if (!response.headersSent) next(error);
    }
  };
}

async function nameOf(error: unknown, services: ErrorServices): Promise<ErrorName> {
  if (error instanceof NotFound) return 'not-found';
  if (error instanceof MethodNotAllowed) return 'method';
  if (error instanceof AccessDenied) return 'denied';
  if (error instanceof CsrfRefused) return REFUSALS[error.reason];
  if (error instanceof SessionEnded) return 'ended';
  if (error instanceof Overloaded) return 'busy';
  if (error instanceof StillWorking) return 'working';
  if (error instanceof DependencyTimeout) return 'down';
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 413) return 'too-large';
  if (status === 415) return 'media-type';
  if (typeof status === 'number' && status >= 400 && status < 500) return 'malformed';
  // While a dependency is down, any error is taken for its.
  return (await missingParts(services)).length > 0 ? 'down' : 'fault';
}

/** Whether this session is anonymous: the form's session has ended, and this one is new. */
function isNobodys(request: Request, { clock }: { readonly clock: Clock }): boolean {
  return subjectOf(readState(request, clock())) === undefined;
}

/** Whether the account is still that of the page; an anonymous session may have been planted. */
function isStillOf(
  { accountId }: FormerSecret,
  request: Request,
  { clock }: { readonly clock: Clock },
): boolean {
  return accountId !== undefined && subjectOf(readState(request, clock()))?.accountId === accountId;
}

async function recordDenial(
  { audit }: ErrorServices,
  { actor }: AccessDenied,
  request: Request,
): Promise<void> {
  await audit.record('access.denied', actor, actor.party, {
    path: request.path.slice(0, 200),
  });
}

/**
 * Loads the context of a request whose body was refused before. Error pages show the menu, so that people can sign out there,
 * too (ASVS 7.4.4); not if the database is down.
 */
async function loadWhatIsMissing(services: ErrorServices, request: Request): Promise<void> {
  if (!request.session || request.account) return;
  try {
    if (!request.context) await reloadContext(request, services);
    const standing = await resolveAuth(request, services);
    if (standing.kind === 'signed in') showAs(request, standing);
  } catch (error) {
    services.logger.error({ err: error, requestId: request.requestId }, 'the error page has no menu');
  }
}

/** The session cannot be stored: the page is shown as to somebody without one. */
function showWithout(request: Request): void {
  leaveSession(request);
  delete request.account;
  delete request.grace;
}

async function showError(
  services: ErrorServices,
  renderer: Renderer,
  request: Request,
  response: Response,
  name: ErrorName,
): Promise<void> {
  request.context ??= {
    now: services.clock(),
    origin: originOf(request),
    settings: DEFAULT_SETTINGS,
    person: undefined,
    words: wordsFor(request, null, DEFAULT_SETTINGS, services.words),
  };
  if (STATUS[name] === 503) response.set('Retry-After', '10');
  const { words } = contextOf(request);
  await renderer.show(request, response, {
    view: 'errors/error',
    title: words.t(`error-page.${name}.title`),
    status: STATUS[name],
    model: {
      explanation: words.t(`error-page.${name}.text`),
      wayBack: RETRIED.has(name) ? pageOf(request) : undefined,
    },
  });
}
