import { buttonsOf, submissionBy } from './controls.ts';
import { Page } from './page.ts';
import type { Person } from './person.ts';
import { encoded } from './sending.ts';

/** A form that was sent with something in all of its text fields. */
export interface FilledForm {
  /** The page of the form. */
  readonly path: string;
  readonly fields: readonly string[];
  /** The target of the redirects. */
  readonly answer: Page;
}

export interface Filling {
  /** The text for each field, by the field's name. */
  readonly text: (field: string) => string;
  /** The text for a field of type email, which accepts no other text. */
  readonly email: () => string;
}

const TEXT = 'input[type=text], input[type=search], input[type=email], input:not([type]), textarea';

/** Opens each address and sends each of its forms with text fields, once per page and form. */
export async function fillsEveryForm(
  person: Person,
  addresses: readonly string[],
  filling: Filling,
): Promise<readonly FilledForm[]> {
  const filled: FilledForm[] = [];
  const done = new Set<string>();
  for (const address of addresses) {
    const page = await person.visits(address);
    for (const { button } of buttonsOf(page.$)) {
      const fresh = new Page(page);
      const form = formOf(fresh, button.text().trim());
      const controls = form?.find(TEXT);
      const names = controls?.toArray().map((control) => fresh.$(control).attr('name') ?? '') ?? [];
      const key = `${page.path.replace(/\?.*/, '')} ${names.join()}`;
      if (names.length === 0 || done.has(key)) continue;
      done.add(key);
      filled.push({
        path: page.path,
        fields: names,
        answer: await sends(person, fresh, button.text().trim(), filling),
      });
    }
  }
  return filled;
}

function formOf(page: Page, button: string) {
  const found = buttonsOf(page.$).filter(({ onScreen, text }) => onScreen === button || text === button);
  return found[0]?.button.closest('form');
}

async function sends(person: Person, page: Page, button: string, { text, email }: Filling): Promise<Page> {
  const form = formOf(page, button);
  for (const control of form?.find(TEXT).toArray() ?? []) {
    const field = page.$(control);
    const value = field.is('[type=email]') ? email() : text(field.attr('name') ?? '');
    if (field.is('textarea')) field.text(value);
    else field.attr('value', value);
  }
  const { method, action, fields } = submissionBy(page.$, button);
  const path = action === '' ? page.path : action;
  if (method === 'POST')
    return person.goesOnFrom(await person.submitsRaw('POST', path, fields, { csrf: csrfOf(page) }));
  return person.visits(`${path}?${encoded(fields)}`);
}

function csrfOf(page: Page): string {
  return page.$('input[name=_csrf]').first().attr('value') ?? '';
}
