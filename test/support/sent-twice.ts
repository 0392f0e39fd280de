import assert from 'node:assert/strict';
import { goodFor } from './bad-input.ts';
import type { Fields } from './controls.ts';
import { formsOn, type PageForm } from './every-form.ts';
import type { Trial } from './every-page-with-forms.ts';
import type { Page } from './page.ts';
import type { Person } from './person.ts';
import type { TestPortal } from './portal.ts';
import { patternsOf } from './router.ts';
import { lastingTablesOf } from './stored.ts';

/** Sends every form of the site twice: checks the second response, and the effect. */
export class SentTwice implements Trial {
  readonly #portal: TestPortal;
  readonly #patterns: ReturnType<typeof patternsOf>;
  readonly #met = new Set<string>();

  constructor(portal: TestPortal) {
    this.#portal = portal;
    this.#patterns = patternsOf(portal.app);
  }

  get notMet(): readonly string[] {
    const met = new Set(['/sign-out', ...[...this.#met].map((key) => key.split(' ')[0])]);
    return this.#patterns.posts.filter((pattern) => !met.has(pattern));
  }

  async tries(person: Person, address: string): Promise<void> {
    await person.visits(address);
    for (const form of formsOn(person.page)) {
      const path = (form.action === '' ? person.page.path : form.action).replace(/\?.*/, '');
      const pattern = this.#patterns.of(path);
      const key = `${pattern} ${form.controls.map(({ name }) => name).sort()}`;
      // A signed-out person could not continue: that form has its own test.
      if (form.method !== 'POST' || this.#met.has(key) || path === '/sign-out') continue;
      if (await this.#sends(person, address, { ...form, action: path })) this.#met.add(key);
    }
  }

  /** False if the form is gone: the one before it has led on. */
  async #sends(person: Person, address: string, form: PageForm): Promise<boolean> {
    let isSent = false;
    for (const send of [this.#atOnce, this.#oneAfterTheOther]) {
      await person.visits(address);
      const isThere = formsOn(person.page).some(({ action }) => action === form.action || action === '');
      if (isThere) await send.call(this, person, form);
      isSent ||= isThere;
    }
    return isSent;
  }

  async #atOnce(person: Person, { action, ...form }: PageForm): Promise<void> {
    const fields = filled(form, person);
    const twin = person.copy();
    const sent = [person, twin].map((one) => one.submitsRaw('POST', action, fields, { csrf: 'none' }));
    const [first, second] = await Promise.all(sent);
    assert.ok(first && second);
    assertSame(first, second, `${action}, both at once`);
    assert.deepEqual([...twin.cookies], [...person.cookies], action);
  }

  async #oneAfterTheOther(person: Person, { action, ...form }: PageForm): Promise<void> {
    const fields = filled(form, person);
    const twin = person.copy();
    const first = await person.submitsRaw('POST', action, fields, { csrf: 'none' });
    const done = await lastingTablesOf(this.#portal);
    // The browser may or may not have accepted the first response's cookie.
    const renewed = person.copy();
    for (const sender of [twin, renewed]) {
      const second = await sender.submitsRaw('POST', action, fields, { csrf: 'none' });
      assertSame(first, second, action);
      assert.deepEqual([...sender.cookies], [...person.cookies], action);
    }
    assert.deepEqual(await lastingTablesOf(this.#portal), done, `${action} did something twice`);
  }
}

function filled({ controls, fields }: Pick<PageForm, 'controls' | 'fields'>, { page }: Person): Fields {
  const good = controls.flatMap((field) => {
    const value = goodFor(field, fields[field.name]);
    return value === undefined ? [] : [[field.name, value] as const];
  });
  const _csrf = page.$('input[name=_csrf]').first().attr('value') ?? '';
  return { _csrf, ...fields, ...Object.fromEntries(good) };
}

/** Compares responses: the status, the redirect, the content, and what its forms may redirect to. */
export function assertSame(first: Page, second: Page, what: string): void {
  assert.ok(first.status < 400 || first.status === 422 || first.status === 429, `${what}: ${first.status}`);
  assert.equal(second.status, first.status, what);
  assert.equal(second.headers['location'], first.headers['location'], what);
  assert.equal(second.html, first.html, what);
  const policyOf = ({ headers }: Page) => headers['content-security-policy'];
  assert.equal(policyOf(second), policyOf(first), what);
}
