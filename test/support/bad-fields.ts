import assert from 'node:assert/strict';
import type { Fields } from './controls.ts';
import type { Person } from './person.ts';

/** What is sent instead of one good value, and the page's message at the field with this label. */
export interface BadField {
  readonly fields: Fields;
  readonly label: string;
  readonly words: RegExp;
}

/** Invalid lines of text: missing, empty, blank, several, too long, with invisible characters. */
export function badLines(
  field: string,
  label: string,
  missing: RegExp,
  { long = 'x'.repeat(10_000) }: { readonly long?: string } = {},
): BadField[] {
  return [
    { fields: { [field]: '' }, label, words: missing },
    { fields: { [field]: ' \t  ' }, label, words: missing },
    { fields: { [field]: ['one', 'two'] }, label, words: missing },
    { fields: { [`${field}[key]`]: 'x', [field]: [] }, label, words: missing },
    { fields: { [field]: long }, label, words: /too long/ },
    { fields: { [field]: 'a\u0000b@example.org' }, label, words: /invisible/ },
    { fields: { [field]: 'a\u202eb@example.org' }, label, words: /invisible/ },
    { fields: { [field]: 'Ann\r\nBcc: b@example.org' }, label, words: /line breaks/ },
  ];
}

export function badEmails(label = 'Email'): BadField[] {
  const forms = ['no-at-sign', '@example.org', 'ann@', 'a b@example.org', 'ann@example.org, bob@example.org'];
  return [
    ...badLines('email', label, /Enter your email/, { long: `${'a'.repeat(10_000)}@example.org` }),
    ...forms.map((email) => ({ fields: { email }, label, words: /in the form name@example\.org/ })),
  ];
}

/** Invalid new passwords; `own` has the person's and the site's words. */
export function badNewPasswords(own: readonly string[], label: string): BadField[] {
  const field = 'newPassword';
  const worded: [string | string[], RegExp][] = [
    ['', /Enter a new password/],
    [['seventeen green herons', 'seventeen green herons'], /Enter a new password/],
    ['elevenchars', /too short\. Use at least 12/],
    ['😀'.repeat(11), /too short/],
    [`${'long'.repeat(64)}x`, /too long\. Use at most 256/],
    ['x'.repeat(10_000), /too long/],
    ['            ', /too common/],
    ['passwordpassword', /too common/],
    ['123456789012', /too common/],
    ...own.map((password): [string, RegExp] => [password, /made of your name/]),
  ];
  return worded.map(([password, words]) => ({ fields: { [field]: password }, label, words }));
}

/**
 * Sends each bad value among the good ones from an open form, and expects 422, the message at the field and in the summary, a
 * title that says so, the other values kept, and no secret shown again.
 */
export async function refusesBadFields(
  person: Person,
  path: string,
  good: Readonly<Record<string, string>>,
  cases: readonly BadField[],
): Promise<void> {
  for (const { fields, label, words } of cases) {
    const what = JSON.stringify(fields).slice(0, 80);
    await person.goesOnFrom(await person.submitsRaw('POST', path, { ...good, ...fields }));
    const { page } = person;
    assert.equal(page.status, 422, what);
    assert.match(page.errorAt(label), words, `${what}: ${page.errorAt(label)}`);
    assert.match(page.errors.join(' '), words, `${what}: ${page.errors.join(' ')}`);
    assert.match(page.title, /^Error: /);
    for (const [name, value] of Object.entries(good)) {
      const input = page.$(`input[name="${name}"]`);
      const isSecret = input.attr('type') === 'password';
      if (isSecret) assert.equal(input.attr('value'), undefined, `${name} is shown again`);
      else if (!(name in fields)) assert.equal(input.attr('value'), value, `${name} is kept`);
    }
  }
}
