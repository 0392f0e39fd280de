import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { LOG_EVENTS, type LogEventName } from '../audit/vocabulary.ts';
import { clientAddress } from './client-address.ts';

/** The line of a request in the log. */
interface RequestLine {
  readonly requestId: string;
  readonly method: string;
  readonly path: string | undefined;
  readonly status: number;
  readonly milliseconds: number;
  readonly repeated?: boolean;
}

export function logRequest(logger: Logger, { milliseconds, ...line }: RequestLine): void {
  logger.info({ ...line, milliseconds: Math.round(milliseconds) }, 'request');
}

/** Logs each request with its path, without the query: it may contain tokens (ASVS 14.2.1, 16.2.5). */
export function requestLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    const [path] = request.originalUrl.split('?');
    response.once('close', () => {
      const milliseconds = performance.now() - start;
      const { method, requestId, repeated } = request;
      const { statusCode: status } = response;
      logRequest(logger, { requestId, method, path, status, milliseconds, ...(repeated && { repeated }) });
      if (request.faultyFields) {
        logRefusal(logger, request, 'input_validation_fail', { fields: request.faultyFields });
      }
    });
    next();
  };
}

/** Logs a refused request that no page of the site would send; never its contents. */
export function logRefusal(
  logger: Logger,
  request: Request,
  event: LogEventName,
  facts: Readonly<Record<string, unknown>> = {},
): void {
  const { requestId, account } = request;
  const address = clientAddress(request);
  logger[LOG_EVENTS[event]]({ event, person: account?.id ?? null, address, requestId, ...facts }, 'refused');
}
