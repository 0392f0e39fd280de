import type { Audit, AuditFilter } from '../audit/audit.ts';
import type { AuditEvent } from '../audit/event.ts';
import { type ExportFormat, type Writing, written } from './formats.ts';

/** Exports matching audit events, newest first. */
export function exportAudit(audit: Audit, filter: AuditFilter, format: ExportFormat): AsyncGenerator<string> {
  return written(audit.each(filter), format, WRITING);
}

/** Events by their untranslated names, so that filters of other programs keep working. */
const WRITING: Writing<AuditEvent> = {
  columns: [
    ...['at', 'event', 'actor', 'actor_id', 'subject', 'subject_id'],
    ...['address', 'browser', 'request_id', 'detail', 'id'],
  ],
  cells: (event) => [
    new Date(event.at).toISOString(),
    event.event,
    event.actorLabel,
    event.actorId ?? '',
    event.subjectLabel,
    event.subjectId ?? '',
    event.address,
    event.browser,
    event.requestId,
    JSON.stringify(event.detail),
    event.id,
  ],
  record: (event) => ({ ...event, at: new Date(event.at).toISOString() }),
};
