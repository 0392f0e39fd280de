import type { RequestHandler } from 'express';
import type { Pings } from '../kernel/dependencies.ts';
import { secretMatcher } from '../kernel/secret-matcher.ts';
import type { Measures } from '../metrics/measures.ts';
import { missingParts } from './health.ts';

/** Measures each request under its route pattern: paths are unbounded, and contain tokens. */
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

/** `/metrics`: for clients with the bearer token (RFC 6750 §2.1); for all if none is configured. */
export function metricsPage(
  { parts }: { readonly parts: Pings },
  measures: Measures,
  token: string | undefined,
): RequestHandler {
  const isToken = token === undefined ? undefined : secretMatcher(token);
  return async (request, response) => {
    response.set('Cache-Control', 'no-store');
    if (isToken && !isToken(bearerOf(request.get('authorization')) ?? '')) {
      return void response.status(401).set('WWW-Authenticate', 'Bearer realm="metrics"').end();
    }
    const { type, text } = await measures.read(await missingParts({ parts }));
    response.type(type).send(text);
  };
}

function bearerOf(header: string | undefined): string | undefined {
  return /^Bearer +([^\s]+)$/i.exec(header ?? '')?.[1];
}
