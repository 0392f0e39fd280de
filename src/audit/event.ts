import type { Instant } from '../kernel/time.ts';
import { type AuditEventName, meaningOf } from './vocabulary.ts';

/** An entry of the audit log. */
export interface AuditEvent {
  readonly id: string;
  readonly at: Instant;
  readonly event: AuditEventName;
  /** The account that did it; null where none is known: `actorLabel` is then "command line", a typed address, … */
  readonly actorId: string | null;
  readonly actorLabel: string;
  /** The account that it concerns. */
  readonly subjectId: string | null;
  readonly subjectLabel: string;
  readonly address: string;
  readonly browser: string;
  readonly requestId: string;
  /** Short strings by the names in `AUDIT_DETAILS`: never a code, a password or a token. */
  readonly detail: Readonly<Record<string, string>>;
}

/** Details that are words of ours or numbers. The others contain what people typed, and stay in the audit log. */
const LOGGED = ['method', 'purpose', 'outcome', 'fault', 'failures', 'factors', 'role', 'sessions'] as const;

/** The fields of an event's log line: ids in place of names and addresses, because people type passwords into the address field. */
export function logFieldsOf(event: AuditEvent): Readonly<Record<string, string | null>> {
  const details = LOGGED.flatMap((name) => {
    const value = event.detail[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    event: meaningOf(event).log,
    audit: event.event,
    person: event.subjectId,
    by: event.actorId,
    address: event.address,
    requestId: event.requestId,
    ...Object.fromEntries(details),
  };
}
