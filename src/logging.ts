import { type DestinationStream, type Logger, pino } from 'pino';
import type { AuditObserver } from './audit/audit.ts';
import { LOG_EVENTS, logEventOf, logFactsOf } from './audit/vocabulary.ts';
import type { Config } from './config.ts';

/** Structured logs, times in UTC (ASVS 16.2.2): on standard output, or wherever `destination` leads. */
export function createLogger(level: Config['logLevel'], destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** The parts of an error that hold no data: drivers hang whole statements with their values on theirs (ASVS 16.2.5). */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    message: error.message,
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}

/** Puts each event of the audit log into the log, too, by a name that tools for many applications know. */
export function auditLines(logger: Logger): AuditObserver {
  return (event) => logger[LOG_EVENTS[logEventOf(event)]](logFactsOf(event), 'audit');
}
