import { type DestinationStream, type Logger, pino } from 'pino';
import type { AuditObserver } from '../audit/audit.ts';
import { logFieldsOf } from '../audit/event.ts';
import { LOG_EVENTS, meaningOf } from '../audit/vocabulary.ts';
import type { Config } from './config.ts';

/** Structured logs with times in UTC (ASVS 16.2.2), to standard output unless a `destination` is given. */
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

/** The parts of an error without data: drivers attach whole statements with their values (ASVS 16.2.5). */
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

/** Also logs each audit event, by its name in the OWASP Application Logging Vocabulary. */
export function auditLines(logger: Logger): AuditObserver {
  return (event) => logger[LOG_EVENTS[meaningOf(event).log]](logFieldsOf(event), 'audit');
}

/** Logs each statement or command, at level "trace". */
export function traceOf(
  logger: Logger,
  what: 'statement' | 'command',
): ((asked: string) => void) | undefined {
  return logger.isLevelEnabled('trace') ? (asked) => logger.trace({ [what]: asked }, 'asked') : undefined;
}
