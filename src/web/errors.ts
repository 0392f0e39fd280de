import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { TooBusy } from '../accounts/hashing-queue.ts';
import type { LogEventName } from '../audit/vocabulary.ts';
import type { Services } from '../services.ts';
import { DEFAULT_SETTINGS } from '../settings/settings.ts';
import { CsrfRefused } from './csrf.ts';
import { typedValues } from './forms.ts';
import { missingParts } from './health.ts';
import { pageOf, withoutQuery } from './paths.ts';
import { AccessDenied, MethodNotAllowed, NotFound } from './refusals.ts';
import { type Renderer, showAs } from './rendering.ts';
import { logRefusal } from './request-log.ts';
import { keepForm } from './session.ts';
import { PartSilent } from './silence.ts';
import { standingOf } from './standing.ts';
import { originOf, visitOf } from './visit.ts';

type ErrorName =
  | 'not-found'
  | 'method'
  | 'denied'
  | 'stale'
  | 'foreign'
  | 'too-large'
  | 'malformed'
  | 'busy'
  | 'down'
  | 'fault';

const STATUS: Record<ErrorName, number> = {
  'not-found': 404,
  method: 405,
  denied: 403,
  stale: 403,
  foreign: 403,
  'too-large': 413,
  malformed: 400,
  busy: 503,
  down: 503,
  fault: 500,
};

/** What of it the log tells by a name of its own. */
const SUSPICIONS: Readonly<Partial<Record<ErrorName, LogEventName>>> = {
  foreign: 'malicious_cors',
  'too-large': 'input_validation_fail',
  malformed: 'input_validation_fail',
};

/** Nothing answered: there is no such page. */
export const noSuchPage: RequestHandler = () => {
  throw new NotFound();
};

/** Answers every error with a page of the site that says what to do and names the request for the log. */
export function errorPages(services: Services, renderer: Renderer): ErrorRequestHandler {
  return async (error: unknown, request, response, next) => {
    if (response.headersSent) {
      services.logger.error({ err: error, requestId: request.requestId }, 'failed after the answer');
      // A session that could not be prolonged is no reason to cut the page off that is on its way.
      return response.writableEnded ? undefined : next(error);
    }
    const name = await nameOf(error, services);
    const suspicion = SUSPICIONS[name];
    if (suspicion) logRefusal(services.logger, request, suspicion);
    if (STATUS[name] >= 500)
      services.logger.error({ err: error, requestId: request.requestId }, 'request failed');
    try {
      if (error instanceof MethodNotAllowed) response.set('Allow', error.allowed.join(', '));
      if (error instanceof AccessDenied) await recordDenial(services, error, request);
      // From our own page and only out of date: what was typed waits for the fresh form. A foreign one leaves nothing.
      if (name === 'stale')
        keepForm(request, { path: withoutQuery(pageOf(request)), values: typedValues(request) });
      if (STATUS[name] < 500) await showMenu(services, request);
      await showError(services, renderer, request, response, name);
    } catch (fault) {
      services.logger.error({ err: fault, requestId: request.requestId }, 'the error page failed');
      // Two errors of one request at once: one of them is being answered.
      if (!response.headersSent) next(error);
    }
  };
}

async function nameOf(error: unknown, services: Services): Promise<ErrorName> {
  if (error instanceof NotFound) return 'not-found';
  if (error instanceof MethodNotAllowed) return 'method';
  if (error instanceof AccessDenied) return 'denied';
  if (error instanceof CsrfRefused) return error.foreign ? 'foreign' : 'stale';
  if (error instanceof TooBusy) return 'busy';
  if (error instanceof PartSilent) return 'down';
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  if (status === 413) return 'too-large';
  if (typeof status === 'number' && status >= 400 && status < 500) return 'malformed';
  // A fault while a part is away is the part's, whichever library it came through.
  return (await missingParts(services)).length > 0 ? 'down' : 'fault';
}

async function recordDenial({ audit }: Services, { actor }: AccessDenied, request: Request): Promise<void> {
  await audit.record('access.denied', actor.origin, actor.party, actor.party, {
    path: request.path.slice(0, 200),
  });
}

/** Whoever is signed in can sign out on every page, this one included (ASVS 7.4.4). */
async function showMenu(services: Services, request: Request): Promise<void> {
  if (!request.session || !request.visit || request.account) return;
  const standing = await standingOf(request, services);
  if (standing.kind === 'signed in') showAs(request, standing);
}

async function showError(
  services: Services,
  renderer: Renderer,
  request: Request,
  response: Response,
  name: ErrorName,
): Promise<void> {
  request.visit ??= {
    origin: originOf(request),
    settings: DEFAULT_SETTINGS,
    person: undefined,
    words: services.words.for(services.words.choose(request.get('accept-language'), null)),
  };
  if (STATUS[name] === 503) response.set('Retry-After', '10');
  const { words } = visitOf(request);
  await renderer.show(request, response, {
    view: 'errors/error',
    title: words.t(`error-page.${name}.title`),
    status: STATUS[name],
    facts: {
      explanation: words.t(`error-page.${name}.text`),
      wayBack: name === 'stale' ? pageOf(request) : undefined,
    },
  });
}
