import { exportAudit } from '../../files/audit-export.ts';
import { EXPORT_FORMATS, type ExportFormat, MEDIA_TYPES } from '../../files/formats.ts';
import { exportPeople } from '../../files/people-export.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { sendDownload } from '../../web/downloads.ts';
import { parseValues } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { PageServices } from '../page-services.ts';
import { auditFilter, auditFilterFields } from './audit/audit-log.ts';

/** GET /admin/people/export?format=csv|jsonl: all people, as a file. */
export function peopleExport(services: Pick<PageServices, 'clock' | 'people'>): Handler<SignedIn> {
  return async ({ request, response }) => {
    const format = formatOf(request.query['format']);
    const fileName = `people-${dayOf(services.clock())}.${format}`;
    const text = exportPeople(services.people, format);
    await sendDownload(request, response, { fileName, mediaType: MEDIA_TYPES[format], text });
  };
}

/** GET /admin/audit/export?format=…, with the filters of the page: the matching entries, as a file. */
export function auditExport(services: Pick<PageServices, 'accounts' | 'audit' | 'clock'>): Handler<SignedIn> {
  const { audit, clock } = services;
  return async ({ who: { context }, request, response }) => {
    const { format: asked, ...filters } = request.query;
    const format = formatOf(asked);
    const form = parseValues(auditFilterFields, filters);
    // The page shows the errors of the filters.
    if (!form.ok) return redirectTo(response, `/admin/audit?${new URLSearchParams(form.typed)}`);
    const filter = await auditFilter(form.values, services, context.settings.timeZone);
    const text = exportAudit(audit, filter, format);
    const fileName = `audit-${dayOf(clock())}.${format}`;
    await sendDownload(request, response, { fileName, mediaType: MEDIA_TYPES[format], text });
  };
}

export function formatOf(asked: unknown): ExportFormat {
  const format = EXPORT_FORMATS.find((one) => one === (asked ?? EXPORT_FORMATS[0]));
  if (!format) throw new NotFound();
  return format;
}

/** The day for a file name, "2030-01-31": in UTC, like the times in the files. */
export function dayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10);
}
