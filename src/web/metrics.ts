import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Measures, Services } from '../services.ts';
import { missingParts } from './health.ts';

/** Measures each request. What it is known by is the pattern of its page: paths are without number, and hold tokens. */
export function measureRequests(measures: Measures): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    response.once('close', () => {
      const pattern: unknown = request.route?.path;
      measures.request({
        route: typeof pattern === 'string' ? pattern : 'none',
        method: request.method,
        status: response.statusCode,
        milliseconds: performance.now() - start,
      });
    });
    next();
  };
}

/** `/metrics`: the figures, to who knows the token (RFC 6750 §2.1); to everybody where there is none. */
export function metricsPage(
  { parts }: Pick<Services, 'parts'>,
  measures: Measures,
  token: string | undefined,
): RequestHandler {
  return async (request, response) => {
    response.set('Cache-Control', 'no-store');
    if (token !== undefined && !isBearer(request.get('authorization'), token)) {
      return void response.status(401).set('WWW-Authenticate', 'Bearer realm="metrics"').end();
    }
    const { type, text } = await measures.read(await missingParts({ parts }));
    response.type(type).send(text);
  };
}

function isBearer(header: string | undefined, token: string): boolean {
  const [, given] = /^Bearer +([^\s]+)$/i.exec(header ?? '') ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** Of one length, whatever was sent. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
