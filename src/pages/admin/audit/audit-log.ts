import { z } from 'zod';
import type { AuditFilter } from '../../../audit/audit.ts';
import type { AuditEvent } from '../../../audit/event.ts';
import { AUDIT_EVENTS, type AuditEventName } from '../../../audit/vocabulary.ts';
import { EXPORT_FORMATS } from '../../../files/formats.ts';
import { emailKey, hasForm } from '../../../kernel/email-address.ts';
import type { MessageKey, Translator } from '../../../kernel/i18n.ts';
import { endOfDay, startOfDay, type TimeZone } from '../../../kernel/time-zone.ts';
import type { SignedIn } from '../../../web/auth-state.ts';
import { formView, optionalDay, optionalLine, parseValues } from '../../../web/forms.ts';
import type { Handler } from '../../../web/guards.ts';
import { foundInWords, listPage, NO_VALUE, PAGE_SIZE } from '../../lists.ts';
import type { PageServices } from '../../page-services.ts';
import { detailsInWords } from './audit-details.ts';

type AuditLogServices = Pick<PageServices, 'accounts' | 'audit' | 'renderer'>;

const LONGEST_SEARCH = 200;

const says = (key: MessageKey): { error: MessageKey } => ({ error: key });

const eventName = z
  .string(says('audit-log.event-unknown'))
  .default('')
  .refine((text) => text === '' || isEvent(text), says('audit-log.event-unknown'))
  .transform((text) => (isEvent(text) ? text : undefined));

function isEvent(text: string): text is AuditEventName {
  return AUDIT_EVENTS.some((event) => event === text);
}

/** The filters of the page, as query parameters. */
export const auditFilterFields = z
  .object({
    event: eventName,
    person: optionalLine(LONGEST_SEARCH),
    from: optionalDay(),
    to: optionalDay(),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    ...says('audit-log.dates-crossed'),
    path: ['to'],
  });

const FILTERS = Object.keys(auditFilterFields.shape);

/**
 * The parsed filters as the log takes them; days are in the zone. An account's complete address becomes its id,
 * because an index finds that among millions of entries.
 */
export async function auditFilter(
  { event, person, from, to }: z.infer<typeof auditFilterFields>,
  { accounts }: Pick<PageServices, 'accounts'>,
  zone: TimeZone,
): Promise<AuditFilter> {
  const isAddress = hasForm(person);
  const account = isAddress ? await accounts.findByEmail(person) : undefined;
  return {
    ...(event && { event }),
    ...(account
      ? { partyId: account.id }
      : person !== '' && { person: isAddress ? emailKey(person) : person }),
    ...(from !== undefined && { from: startOfDay(zone, from) }),
    // The last day is included.
    ...(to !== undefined && { to: endOfDay(zone, to) }),
  };
}

/** GET /admin/audit: the entries, newest first. */
export function auditLog(services: AuditLogServices): Handler<SignedIn> {
  const { renderer, audit } = services;
  return async ({ who: { context }, request, response }) => {
    const { words } = context;
    const form = parseValues(auditFilterFields, request.query);
    const page = {
      view: 'admin/audit-log',
      title: words.t('audit-log.title'),
      caption: words.t('menu.administration'),
      width: 'wide',
      form: formView(form.typed, form.ok ? [] : form.errors, words),
    } as const;
    const events = eventsInWords(words);
    if (!form.ok) return renderer.show(request, response, { ...page, model: { events, list: undefined } });
    const filter = await auditFilter(form.values, services, words.timeZone);
    const filters = Object.fromEntries(FILTERS.map((name) => [name, form.typed[name] ?? '']));
    const { found, pagination } = await listPage(request, filters, (number) =>
      audit.search({ ...filter, page: number, pageSize: PAGE_SIZE }),
    );
    const list = {
      lines: found.events.map((one) => lineOf(one, words)),
      found: foundInWords(found, 'entries', words),
      narrowed: Object.keys(filter).length > 0,
      exports: EXPORT_FORMATS.map((format) => ({
        href: `/admin/audit/export?${new URLSearchParams({ format, ...filters })}`,
        text: words.t(`export.${format}`),
      })),
      pagination,
    };
    await renderer.show(request, response, { ...page, model: { events, list } });
  };
}

/** All events for the filter, sorted by their words. */
function eventsInWords(words: Translator): { value: AuditEventName | ''; label: string }[] {
  const collator = new Intl.Collator(words.locale);
  const events = AUDIT_EVENTS.map((value) => ({ value, label: words.t(`audit.${value}`) }));
  return [
    { value: '', label: words.t('audit-log.every-event') },
    ...events.sort((one, other) => collator.compare(one.label, other.label)),
  ];
}

function lineOf(event: AuditEvent, words: Translator) {
  const concernsAnother = event.subjectId !== event.actorId || event.subjectLabel !== event.actorLabel;
  return [
    { text: words.day(event.at), hint: words.time(event.at) },
    words.t(`audit.${event.event}`),
    partyCell(event.actorId, event.actorLabel),
    concernsAnother ? partyCell(event.subjectId, event.subjectLabel) : NO_VALUE,
    { text: event.address, ...(event.browser !== '' && { hint: event.browser }) },
    detailsInWords(event.detail, words),
  ];
}

function partyCell(id: string | null, label: string) {
  return id === null ? label : { text: label, href: `/admin/people/${id}` };
}
