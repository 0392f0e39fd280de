import type { Request } from 'express';
import { z } from 'zod';
import type { Actor } from '../../../audit/audit.ts';
import { IMPORT_COLUMNS } from '../../../files/people-columns.ts';
import { checkPeople, faultyLines, type ImportCheck } from '../../../files/people-import.ts';
import { leftOutInWords, linesInWords } from '../../../files/people-import-words.ts';
import { addFormPage, type Redirect } from '../../../web/form-page.ts';
import { tick } from '../../../web/forms.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';

type ImportServices = Pick<PageServices, 'groups' | 'guards' | 'peopleImport' | 'renderer' | 'words'>;

/** In characters: the names of ignored columns are kept in the session for the next page. */
const LONGEST_LEFT_OUT = 200;

/** In characters; the command line accepts larger files. */
const LONGEST_TEXT = 30_000;

const schema = z.object({
  csv: z
    .string({ error: 'import.missing' })
    .max(LONGEST_TEXT, { error: 'import.too-long' })
    .refine((text) => text.trim() !== '', { error: 'import.missing' }),
  invite: tick(),
  resume: tick(),
  leaveOut: tick(),
  /** Anything else is "check", which changes nothing. */
  act: z.enum(['check', 'import']).catch('check'),
});

/** /admin/people/import: checks the pasted table and shows its errors or its effect, or creates the accounts. */
export function importPage(addPage: AddPage, services: ImportServices): void {
  addFormPage(addPage, services, {
    path: '/admin/people/import',
    guard: services.guards.steppedUpAdministrator,
    schema,
    values: () => ({ invite: 'on' }),
    view: ({ who: { context }, request }) => ({
      view: 'admin/import',
      title: context.words.t('import.title'),
      caption: context.words.t('menu.administration'),
      back: { href: '/admin/people', text: context.words.t('people.title') },
      model: { columns: IMPORT_COLUMNS.join(', '), csv: pasted(request), lines: [] },
    }),
    async submit({ csv, invite, resume, leaveOut, act }, { who: { actor, context } }) {
      const { words } = context;
      const options = { resume: resume !== undefined, leaveOut: leaveOut !== undefined };
      const check = await checkPeople(csv, services, options);
      if (check.faults.length > 0) {
        const lines = check.faults.map((fault) => [
          linesInWords(fault, words),
          words.t(fault.key, fault.values),
        ]);
        const values = { count: faultyLines(check) };
        return { errors: [{ field: 'csv', key: 'import.faulty', values }], model: { lines } };
      }
      if (act === 'import') return carryOut(services, check, invite !== undefined, actor);
      const count = check.newcomers.length;
      const text = [words.t('import.checked', { count }), leftOutInWords(check, words)]
        .filter(Boolean)
        .join(' ');
      return { errors: [], notice: { kind: 'info', text } };
    },
  });
}

async function carryOut(
  { peopleImport }: Pick<PageServices, 'peopleImport'>,
  { newcomers, there, leftOut }: ImportCheck,
  invite: boolean,
  actor: Actor,
): Promise<Redirect> {
  const created = await peopleImport.create(newcomers, actor);
  const invitees = [
    ...there.filter(({ passwordHash, disabledAt }) => passwordHash === null && disabledAt === null),
    ...created.filter(({ passwordHash }) => passwordHash === null),
  ];
  if (invite) peopleImport.inviteInBackground(invitees, actor);
  const columns = leftOut.join(', ').slice(0, LONGEST_LEFT_OUT);
  return {
    goTo: '/admin/people',
    flash: {
      key: invite && invitees.length > 0 ? 'import.done-inviting' : 'import.done',
      kind: 'success',
      values: { count: created.length },
      ...(columns && { further: { key: 'import.left-out', values: { columns } } }),
    },
  };
}

/** The pasted text, shown again on this page only. Never kept in the session: it may contain password hashes. */
function pasted({ body }: Request): string {
  const form = z.object({ csv: z.string().max(LONGEST_TEXT) }).safeParse(body);
  return form.data?.csv ?? '';
}
