import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { LOG_EVENTS, type LogEventName } from '../audit/vocabulary.ts';

/** One line a request, with the path but never the query: tokens stand there (ASVS 14.2.1, 16.2.5). */
export function requestLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    const [path] = request.originalUrl.split('?');
    response.once('close', () => {
      const milliseconds = Math.round(performance.now() - start);
      const { method, requestId } = request;
      const { statusCode: status } = response;
      logger.info({ requestId, method, path, status, milliseconds }, 'request');
      if (request.faultyFields) {
        logRefusal(logger, request, 'input_validation_fail', { fields: request.faultyFields });
      }
    });
    next();
  };
}

/** Writes down that a request was refused which no page of ours sends by itself; never what was in it. */
export function logRefusal(
  logger: Logger,
  { ip: address, requestId, account }: Request,
  event: LogEventName,
  facts: Readonly<Record<string, unknown>> = {},
): void {
  logger[LOG_EVENTS[event]]({ event, person: account?.id ?? null, address, requestId, ...facts }, 'refused');
}
