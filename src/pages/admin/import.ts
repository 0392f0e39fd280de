import type { Request, Response } from 'express';
import { z } from 'zod';
import { checkPeople, IMPORT_COLUMNS, type ImportCheck } from '../../files/people-import.ts';
import { type FieldFault, formView, parseForm, tick } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { Notice } from '../../web/rendering.ts';
import { forgetLeftovers, leaveNotice } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';

/** In characters; the command line takes larger files. */
const LONGEST_TEXT = 30_000;

const schema = z.object({
  csv: z
    .string({ error: 'import.missing' })
    .max(LONGEST_TEXT, { error: 'import.too-long' })
    .refine((text) => text.trim() !== '', { error: 'import.missing' }),
  invite: tick(),
  resume: tick(),
  /** What is neither is a check, which changes nothing. */
  act: z.enum(['check', 'import']).catch('check'),
});

interface Shown {
  readonly typed: Readonly<Record<string, string>>;
  readonly faults?: readonly FieldFault[];
  readonly check?: ImportCheck;
  readonly notice?: Notice;
}

/** GET /admin/people/import */
export function importForm(services: PageServices): Handler<Person> {
  return async (person, request, response) =>
    showForm(services, person, request, response, { typed: { invite: 'on' } });
}

/** POST /admin/people/import: says what is wrong, or what would happen; or creates the accounts, if nothing is wrong. */
export function submitImport(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    const typed = { ...form.typed, csv: pasted(request) };
    if (!form.ok) return showForm(services, person, request, response, { typed, faults: form.faults });
    const { csv, invite, resume, act } = form.values;
    const check = await checkPeople(csv, services, { resume: resume !== undefined });
    const { words } = person.visit;
    if (check.faults.length > 0) {
      const fault = { field: 'csv', key: 'import.faulty', values: { count: check.faults.length } } as const;
      return showForm(services, person, request, response, { typed, faults: [fault], check });
    }
    if (act === 'check') {
      const text = words.t('import.checked', { count: check.newcomers.length });
      return showForm(services, person, request, response, { typed, check, notice: { kind: 'info', text } });
    }
    await carryOut(services, person, check, invite !== undefined, request, response);
  };
}

async function carryOut(
  { peopleImport, clock }: PageServices,
  { actor }: Person,
  { newcomers, there }: ImportCheck,
  invite: boolean,
  request: Request,
  response: Response,
): Promise<void> {
  const created = await peopleImport.create(newcomers, actor);
  const invitees = [
    ...there.filter(({ passwordHash, disabledAt }) => passwordHash === null && disabledAt === null),
    ...created.filter(({ passwordHash }) => passwordHash === null),
  ];
  if (invite) peopleImport.inviteInBackground(invitees, actor);
  forgetLeftovers(request);
  leaveNotice(request, {
    path: '/admin/people',
    key: invite && invitees.length > 0 ? 'import.done-inviting' : 'import.done',
    kind: 'success',
    values: { count: created.length },
    at: clock(),
  });
  response.redirect(303, '/admin/people');
}

/** What was pasted is shown again on this page, and kept nowhere: there may be password hashes in it. */
function pasted(request: Request): string {
  const body = z.object({ csv: z.string() }).safeParse(request.body);
  return body.success && body.data.csv.length <= LONGEST_TEXT ? body.data.csv : '';
}

async function showForm(
  { renderer }: PageServices,
  { visit }: Person,
  request: Request,
  response: Response,
  { typed, faults = [], check, notice }: Shown,
): Promise<void> {
  const { words } = visit;
  await renderer.show(request, response, {
    view: 'admin/import',
    title: words.t('import.title'),
    caption: words.t('menu.administration'),
    back: { href: '/admin/people', text: words.t('people.title') },
    form: formView(typed, faults, words),
    ...(notice && { notice }),
    facts: {
      columns: IMPORT_COLUMNS.join(', '),
      lines: check?.faults.map(({ line, key, values }) => [
        words.t('import.on-line', { line }),
        words.t(key, values),
      ]),
    },
  });
}
