import { z } from 'zod';
import {
  AUDIT_DETAILS,
  AUDIT_EVENTS,
  type AuditEvent,
  type AuditEventName,
  type AuditFilter,
} from '../../audit/audit.ts';
import { EXPORT_FORMATS } from '../../files/formats.ts';
import { days } from '../../time.ts';
import { METHOD_IDS } from '../../two-factor/method.ts';
import { TWO_FACTOR_RULES } from '../../two-factor/policy.ts';
import { formView, optionalDay, optionalLine, parseValues } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { Person } from '../../web/standing.ts';
import type { MessageKey, Translator } from '../../words.ts';
import { foundInWords, listPage, PAGE_SIZE } from '../lists.ts';
import type { PageServices } from '../page-services.ts';

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

/** The filters of the page, as a query has them. */
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

/** The filters as the log takes them. A whole address means that account, which an index finds among millions of entries. */
export async function auditFilter(
  { event, person, from, to }: z.infer<typeof auditFilterFields>,
  { accounts }: Pick<PageServices, 'accounts'>,
): Promise<AuditFilter> {
  const account = person.includes('@') ? await accounts.findByEmail(person) : undefined;
  return {
    ...(event && { event }),
    ...(account ? { partyId: account.id } : person !== '' && { person }),
    ...(from !== undefined && { from }),
    // The last day counts as a whole.
    ...(to !== undefined && { to: to + days(1) }),
  };
}

/** GET /admin/audit: what happened, newest first. */
export function auditLog(services: PageServices): Handler<Person> {
  const { renderer, audit } = services;
  return async ({ visit }, request, response) => {
    const { words } = visit;
    const form = parseValues(auditFilterFields, request.query);
    const page = {
      view: 'admin/audit-log',
      title: words.t('audit-log.title'),
      caption: words.t('menu.administration'),
      width: 'wide',
      form: formView(form.typed, form.ok ? [] : form.faults, words),
    } as const;
    const events = eventsInWords(words);
    if (!form.ok) return renderer.show(request, response, { ...page, facts: { events, list: undefined } });
    const filter = await auditFilter(form.values, services);
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
    await renderer.show(request, response, { ...page, facts: { events, list } });
  };
}

/** Every event by its words, in the order of the alphabet. */
function eventsInWords(words: Translator): { value: AuditEventName | ''; label: string }[] {
  const collator = new Intl.Collator(words.locale);
  const events = AUDIT_EVENTS.map((value) => ({ value, label: words.t(`audit.${value}`) }));
  return [
    { value: '', label: words.t('audit-log.every-event') },
    ...events.sort((one, other) => collator.compare(one.label, other.label)),
  ];
}

/** Text browsers close up empty cells: who would stand where whom does. */
const NOBODY_ELSE = '–';

function lineOf(event: AuditEvent, words: Translator) {
  const concernsAnother = event.subjectId !== event.actorId || event.subjectLabel !== event.actorLabel;
  return [
    { text: words.day(event.at), hint: words.time(event.at) },
    words.t(`audit.${event.event}`),
    partyCell(event.actorId, event.actorLabel),
    concernsAnother ? partyCell(event.subjectId, event.subjectLabel) : NOBODY_ELSE,
    { text: event.address, ...(event.browser !== '' && { hint: event.browser }) },
    detailInWords(event.detail, words),
  ];
}

function partyCell(id: string | null, label: string) {
  return id === null ? label : { text: label, href: `/admin/people/${id}` };
}

/** "Method: Authentication App; Authenticator Name: Phone". */
function detailInWords(detail: AuditEvent['detail'], words: Translator): string {
  return Object.entries(detail)
    .map(([written, value]) => {
      const name = AUDIT_DETAILS.find((known) => known === written);
      // An older or a newer version of the portal may have written names that this one has no words for.
      const label = name ? words.t(`audit-detail.${name}`) : written;
      return words.t('audit-log.detail', { label, value: valueInWords(written, value, words) });
    })
    .join(words.t('audit-log.between-details'));
}

/** Settings that are on or off. */
const SWITCHES: ReadonlySet<string> = new Set(['sign-up', 'second-approval']);

const FACTORS: Readonly<Record<string, MessageKey>> = {
  password: 'field.password',
  authenticator: 'audit-log.second-step',
  'recovery code': 'recovery.field',
  'trusted browser': 'audit-log.trusted-browser',
};

/** What stands in a detail for something that has words: "app, email → app". Everything else is shown as it is. */
function valueInWords(name: string, value: string, words: Translator): string {
  return value
    .split(/(, | → )/)
    .map((part) => {
      const method = METHOD_IDS.find((id) => id === part);
      const rule = TWO_FACTOR_RULES.find((one) => one === part);
      if (name.startsWith('method') && method) return words.t(`method.${method}.title`);
      if (name === 'rule' && rule) return words.t(`policy.rule.${rule}`);
      if (name === 'role' && (part === 'member' || part === 'administrator')) return words.t(`role.${part}`);
      if (SWITCHES.has(name) && (part === 'on' || part === 'off')) return words.t(`audit-log.${part}`);
      const factor = name === 'factors' ? FACTORS[part] : undefined;
      return factor ? words.t(factor) : part;
    })
    .join('');
}
