import express, {
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from 'express';
import type { Logger } from 'pino';
import type { OidcApp } from '../apps/app.ts';
import { seconds } from '../kernel/time.ts';
import { withTimeout } from '../kernel/with-timeout.ts';
import { type AuthServices, resolveAuth } from '../web/auth-state.ts';
import { type ContextServices, loadContext } from '../web/context.ts';
import { BadRequest, MethodNotAllowed } from '../web/http-errors.ts';
import { showAs } from '../web/rendering.ts';
import { keepSession } from '../web/session.ts';
import type { LeftToPages } from './exchange.ts';
import type { OpenId } from './open-id.ts';

/** Below this path is the issuer. */
export const OPEN_ID = '/oidc';

/** What clients ask without a browser, and by which methods. */
const ENDPOINTS = {
  '/.well-known/openid-configuration': ['GET'],
  '/jwks': ['GET'],
  '/token': ['POST'],
  '/userinfo': ['GET', 'POST'],
  '/revoke': ['POST'],
} as const;

/** A client gives up after some seconds; before that, the answer is 503. Milliseconds. */
const PATIENCE = seconds(4);
/** The same for the first request of all, which makes the keys. On a small machine that takes seconds. */
const FIRST_PATIENCE = seconds(30);

interface EndpointServices {
  readonly openId: Pick<OpenId, 'answer' | 'isRunning'>;
  readonly logger: Logger;
}

/**
 * What clients ask by themselves: mounted before sessions, bodies and rendering, none of which it has. No scripts of other sites may
 * read the answers (CORS). Whatever goes wrong is 503 with a JSON body.
 */
export function openIdEndpoints(services: EndpointServices): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  for (const [path, methods] of Object.entries(ENDPOINTS)) {
    const route = router.route(`${OPEN_ID}${path}`);
    route.all(headers, only(methods), endpoint(services));
    route.all(failClosed(services.logger));
  }
  return router;
}

const headers: RequestHandler = (_request, response, next) => {
  response.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

/** Also refuses a CORS preflight, and a HEAD, which would run a GET. */
function only(methods: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (methods.includes(request.method)) return next();
    response
      .status(405)
      .set('Allow', methods.join(', '))
      .json({
        error: 'invalid_request',
        error_description: `only ${methods.join(' and ')} requests are answered here`,
      });
  };
}

function endpoint({ openId }: EndpointServices): RequestHandler {
  return async (request, response, next) => {
    // The provider answers in HTML where a client takes it.
    request.headers.accept = 'application/json';
    const patience = openId.isRunning ? PATIENCE : FIRST_PATIENCE;
    const outcome = await withTimeout(throughMount(openId, request, response), patience, () => {
      throw new Error('The database has not answered in time.');
    });
    if (outcome === 'off') return next('route');
    if (outcome) throw causeOf(outcome.left);
  };
}

function failClosed(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    logger.error({ err: error, requestId: request.requestId }, 'request failed');
    if (response.headersSent) return void response.destroy();
    response.status(503).set('Retry-After', '10').json({
      error: 'temporarily_unavailable',
      error_description: 'the portal cannot answer at the moment',
    });
  };
}

/** What the provider leaves to pages. */
export interface OpenIdPages {
  /** An error that the app is not told, because it cannot be, or must not be (RFC 6749 §4.1.2.1). */
  showError(
    exchange: PageExchange,
    error: { readonly error: string; readonly description: string | undefined },
  ): Promise<void>;
  showLost(exchange: PageExchange): Promise<void>;
  showFormPost(
    exchange: PageExchange,
    form: { readonly action: string; readonly fields: Readonly<Record<string, string>> },
  ): Promise<void>;
}

export interface PageExchange {
  readonly request: Request;
  readonly response: Response;
  /** The app that has sent the person; undefined if it is unknown. */
  readonly app: OidcApp | undefined;
}

interface BrowserServices extends EndpointServices, AuthServices, ContextServices {}

/** The way of a browser to an app: mounted behind the sessions, before bodies, which the provider reads itself. */
export function openIdAuthorization(services: BrowserServices, pages: OpenIdPages): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  const answer = [browsersOnly, loadContext(services), authorization(services, pages)];
  router.route(`${OPEN_ID}/authorize`).all(browserMethods('GET', 'POST'), answer);
  router.route(`${OPEN_ID}/authorize/:uid`).all(browserMethods('GET'), answer);
  return router;
}

function browserMethods(...methods: readonly string[]): RequestHandler {
  return (request, _response, next) => {
    next(methods.includes(request.method) ? undefined : new MethodNotAllowed(methods));
  };
}

/** A request in absolute form (RFC 9112 §3.2.2) names a host of its own. */
const browsersOnly: RequestHandler = ({ originalUrl }, _response, next) => {
  next(originalUrl.startsWith('/') ? undefined : new BadRequest('The request is in absolute form.'));
};

function authorization(services: BrowserServices, pages: OpenIdPages): RequestHandler {
  return async (request, response, next) => {
    const who = await resolveAuth(request, services);
    if (who.kind === 'signed in') showAs(request, who);
    await keepSession(request);
    const person = who.kind === 'signed in' ? who : undefined;
    const outcome = await throughMount(services.openId, request, response, person);
    if (outcome === 'off') return next();
    if (!outcome) return;
    // Koa has set it to 404.
    response.status(200);
    const { left, app } = outcome;
    const exchange = { request, response, app };
    switch (left.kind) {
      case 'fault':
        throw causeOf(left);
      case 'lost':
        return pages.showLost(exchange);
      case 'error':
        return pages.showError(exchange, left);
      case 'form post':
        return pages.showFormPost(exchange, left);
    }
  };
}

function causeOf(left: LeftToPages): Error {
  const cause = left.kind === 'fault' ? left.cause : undefined;
  return cause instanceof Error ? cause : new Error('The OpenID Connect provider failed.', { cause });
}

/** Calls the provider as if it were mounted at the issuer's path. */
async function throughMount(
  openId: Pick<OpenId, 'answer'>,
  request: Request,
  response: Response,
  person?: Parameters<OpenId['answer']>[2],
) {
  const { url } = request;
  request.url = url.slice(OPEN_ID.length);
  try {
    return await openId.answer(request, response, person);
  } finally {
    request.url = url;
  }
}
