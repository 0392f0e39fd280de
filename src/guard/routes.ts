import express, { type ErrorRequestHandler, type RequestHandler, type Router } from 'express';
import { answer } from './answers.ts';
import { HAND_OVER_PATHS } from './checks.ts';
import type { Guard } from './guard.ts';
import { finish, signOut, start } from './hand-over-paths.ts';

/**
 * The paths of forward-auth that browsers see: `/.postern/…`, which proxies pass on from an app's host. Mounted before sessions,
 * bodies and rendering, which they do not need. Checks (`/guard/…`) never arrive here: what does is none. Whatever goes wrong is a
 * 403 or a 503.
 */
export function guardRoutes(guard: Guard): Router {
  const router = express.Router({ strict: true, caseSensitive: true });
  router.use(['/guard', '/.postern'], refuseStrangers(guard));
  router.use(`${HAND_OVER_PATHS}start`, anyPath);
  router.get(`${HAND_OVER_PATHS}start{/}`, onlyGet, start(guard));
  router.get(`${HAND_OVER_PATHS}finish`, onlyGet, finish(guard));
  router.get(`${HAND_OVER_PATHS}sign-out`, onlyGet, signOut(guard));
  router.use(['/guard', '/.postern'], (_request, response) => answer(response, 404));
  router.use(['/guard', '/.postern'], failClosed(guard));
  return router;
}

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
  else answer(response, 405, ['Allow', 'GET']);
};

function failClosed(guard: Guard): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => guard.failed(error, request, response);
}
