import type { RequestHandler } from 'express';
import { BadRequest } from './http-errors.ts';

/**
 * Answers requests without a path before the sessions, because express-session sets none for them. `OPTIONS *` asks about the
 * server as a whole (RFC 9110 §9.3.7).
 */
export const requestsWithoutPath: RequestHandler = (request, response, next) => {
  if (request.path.startsWith('/')) return next();
  if (request.method !== 'OPTIONS') return next(new BadRequest('The request names no path.'));
  response.status(204).set('Allow', 'GET, HEAD, POST').end();
};
