import express, { type ErrorRequestHandler, type RequestHandler, type Router } from 'express';
import type { Logger } from 'pino';
import { refuse } from './answers.ts';
import { authRequest, forwardAuth, HAND_OVER_PATHS } from './checks.ts';
import { Guard, type GuardServices } from './guard.ts';
import { finish, signOut, start } from './hand-over-paths.ts';

/**
 * Forward-auth: `/guard/…`, which proxies ask about each request to an app, and `/.postern/…`, which they pass on from an app's
 * host. Mounted before sessions, bodies and rendering: a check has none of them. Whatever goes wrong is a 403 or a 503.
 */
export function guardRoutes(services: GuardServices): Router {
  const guard = new Guard(services);
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use(['/guard', '/.postern'], headers, refuseStrangers(guard));
  router.use(`${HAND_OVER_PATHS}start`, anyPath);
  router.get('/guard/auth-request', authRequest(guard));
  router.get('/guard/forward-auth', forwardAuth(guard));
  router.get(`${HAND_OVER_PATHS}start{/}`, onlyGet, start(guard));
  router.get(`${HAND_OVER_PATHS}finish`, onlyGet, finish(guard));
  router.get(`${HAND_OVER_PATHS}sign-out`, onlyGet, signOut(guard));
  router.use(['/guard', '/.postern'], (_request, response) => void response.status(404).end());
  router.use(['/guard', '/.postern'], failClosed(guard, services.logger));
  return router;
}

/** Proxies may pass these on to a browser that is on an app's page, so nothing of the portal's policy belongs here. */
const headers: RequestHandler = (_request, response, next) => {
  response.set({
    // Lynx needs both (web/plain-browsers.ts).
    'Cache-Control': 'no-store, no-cache',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
};

function refuseStrangers(guard: Guard): RequestHandler {
  return (request, response, next) => {
    if (guard.isKnownCaller(request)) next();
    else guard.unknownCaller(request, response);
  };
}

/** What follows "start" is a path in the app, which may be one that Express cannot decode ("/100%"). */
const anyPath: RequestHandler = (request, _response, next) => {
  request.url = '/';
  next();
};

/** A HEAD of a link scanner must not spend a code. */
const onlyGet: RequestHandler = (request, response, next) => {
  if (request.method === 'GET') next();
  else response.status(405).set('Allow', 'GET').end();
};

function failClosed({ words }: Guard, logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    logger.error({ err: error, requestId: request.requestId }, 'request failed');
    if (response.headersSent) return void response.destroy();
    response.set('Retry-After', '10');
    refuse(request, response, words, 503, 'guard.down');
  };
}
