import assert from 'node:assert/strict';
import type { Fields } from './controls.ts';
import { type FieldKind, type FormField, formsOn, type PageForm } from './every-form.ts';
import type { Trial } from './every-page-with-forms.ts';
import type { Page } from './page.ts';
import type { Person } from './person.ts';
import { PASSWORD, type TestPortal } from './portal.ts';
import { patternsOf } from './router.ts';
import { encoded } from './sending.ts';
import { newEmail } from './victim.ts';

const LONG = 'x'.repeat(10_000);
/** A NUL, a bell, and a direction override. */
const INVISIBLE = ['\u0000', '\u0007', '\u202e'].map((character) => `good${character}text`);
const NOTHING = ['', ' \t  '];
/** The same name twice: no field of ours is a list. */
const LIST = ['good text', 'good text'];

type Bad = string | readonly string[] | undefined;

/** Values that are invalid for a kind of field; undefined: it is not sent at all. */
const REFUSED: Readonly<Record<Exclude<FieldKind, 'hidden'>, readonly Bad[]>> = {
  line: [LIST, LONG, ...INVISIBLE, 'two\r\nlines'],
  email: [LIST, `${LONG}@example.org`, ...INVISIBLE, 'no address', 'two@example.org, two@example.org'],
  lines: [LIST, LONG, ...INVISIBLE],
  number: [LIST, LONG, ...INVISIBLE, '-1', '1.5', '1e3', 'ten', '99999999999999999999'],
  'six digits': [LIST, LONG, ...INVISIBLE, 'abcdef', '12345', '1234567', '12345x', '½23456'],
  // Passwords may have any characters, so the domain has to check for invisible ones.
  password: [LIST, LONG, undefined, ''],
  'new password': [LIST, LONG, undefined, ...NOTHING, 'eleven char'],
  choice: [LIST, LONG, ...INVISIBLE, 'no such choice', ''],
  button: [LIST, LONG, ...INVISIBLE, 'no such button', '', undefined],
  tick: [LIST, LONG, ...INVISIBLE, 'no such tick'],
  day: [LIST, LONG, ...INVISIBLE, '2030-02-30', '30.1.2030', 'tomorrow'],
};

/** For required fields. */
const MISSING: readonly Bad[] = [undefined, ...NOTHING];
/** Unchanged by a form that is older than the field. */
const MAY_BE_ABSENT: ReadonlySet<string> = new Set(['timeZone']);
const MAY_BE_EMPTY: ReadonlySet<FieldKind> = new Set(['number', 'tick', 'choice', 'button', 'password']);

/** One code in different spellings. */
const SPELLINGS = [' 000000\n', '000 000', '000-000', '０００000', '٠٠٠٠٠٠'];

/** Names that have a meaning inside the program, but in no form. */
const UNKNOWN: Fields = {
  ...{ id: '1', accountId: '1', epoch: '0', isAdmin: 'on', 'state[kind]': 'signed in' },
  ...{ __proto__: 'x', constructor: 'x', 'constructor[prototype]': 'x', 'a[b][c]': 'x' },
};

/**
 * The questions of an app: who somebody is, and whether to sign out. A good answer ends the page, so that it cannot be tried again. They
 * have no field but buttons; test/journeys/apps-consent.test.ts, test/attacks/apps-consent.test.ts and test/journeys/apps-logout.test.ts
 * send them wrongly.
 */
const ANSWERED_ONCE: ReadonlySet<string> = new Set(['/apps/authorize/answer', '/apps/sign-out/app']);

/** Fills in every form of the site with invalid values. */
export class BadInput implements Trial {
  readonly #portal: TestPortal;
  readonly #patterns: ReturnType<typeof patternsOf>;
  /** By the pattern of its action, and its fields. */
  readonly #met = new Set<string>();

  constructor(portal: TestPortal) {
    this.#portal = portal;
    this.#patterns = patternsOf(portal.app);
  }

  /** The POST pages of the router without a form that was tried. */
  get notMet(): readonly string[] {
    const met = new Set([...this.#met].map((key) => key.split(' ')[0]));
    return this.#patterns.posts.filter((pattern) => !met.has(pattern));
  }

  /** Tries every new form of this page. */
  async tries(person: Person, address: string): Promise<void> {
    await person.visits(address);
    for (const form of formsOn(person.page)) {
      const { action, method, controls } = form;
      const path = (action === '' ? person.page.path : action).replace(/\?.*/, '');
      const pattern = this.#patterns.of(path);
      const key = `${pattern} ${method} ${controls.map(({ name }) => name).sort()}`;
      if (ANSWERED_ONCE.has(pattern)) this.#met.add(key);
      if (this.#met.has(key) || path === '/sign-out') continue;
      this.#met.add(key);
      if (controls.length > 0)
        await new Attempt(this.#portal, person, address, { ...form, action: path }).makes();
    }
    this.#met.add('/sign-out');
  }
}

/** One form of one page. */
class Attempt {
  readonly #portal: TestPortal;
  readonly #person: Person;
  readonly #address: string;
  readonly #form: PageForm;
  readonly #good: Fields;

  constructor(portal: TestPortal, person: Person, address: string, form: PageForm) {
    this.#portal = portal;
    this.#person = person;
    this.#address = address;
    this.#form = form;
    const filled = form.controls.flatMap((field) => {
      const value = goodFor(field, form.fields[field.name]);
      return value === undefined ? [] : [[field.name, value] as const];
    });
    this.#good = { ...form.fields, ...Object.fromEntries(filled) };
  }

  async makes(): Promise<void> {
    if (this.#form.method === 'POST') await this.#sendsOutOfDate();
    const [hidden, shown] = [true, false].map((isHidden) =>
      this.#form.controls.filter(({ kind }) => (kind === 'hidden') === isHidden),
    );
    for (const field of shown ?? []) {
      await this.#fillsInBadly(field);
      if (field.kind === 'six digits') await this.#spellsDifferently(field);
    }
    // Last, because a form of another step may start again.
    for (const field of hidden ?? []) await this.#altersHidden(field);
    await this.#sendsMoreThanAsked();
  }

  /** An outdated form leads back to itself: with the typed values, except secrets, if it came from an earlier page of theirs. */
  async #sendsOutOfDate(): Promise<void> {
    const person = this.#person;
    await person.visits(this.#address);
    await this.#leadsBack('made up', () => '');
    // A person who has signed in by two steps was known before the last one.
    const { formerToken } = person;
    if (formerToken === undefined || person.page.$('details.menu').length === 0) return;
    await this.#leadsBack(formerToken, (name) => String(this.#good[name]));
    assert.ok(!person.page.html.includes(PASSWORD), this.#what('a password is shown again'));
  }

  /** @param expected what the field with this name contains afterwards; "" for its value on a new page */
  async #leadsBack(token: string, expected: (name: string) => string): Promise<void> {
    const person = this.#person;
    const held = (name: string) => valueIn(person.page, name);
    const typed = this.#form.controls.filter(
      ({ kind, name }) =>
        ['line', 'email', 'number', 'day', 'lines'].includes(kind) && !['code', 'csv'].includes(name),
    );
    const fresh = new Map(typed.map(({ name }) => [name, held(name)]));
    await person.goesOnFrom(await this.#sends(this.#good, token));
    assert.equal(person.page.status, 403, this.#what('out of date'));
    assert.match(person.page.text, /Request number: [\da-f-]{36}/);
    await person.follow('Back to the form');
    assert.equal(person.page.status, 200, this.#what('back to the form'));
    for (const { name } of typed)
      assert.equal(held(name), expected(name) || fresh.get(name), this.#what(`${name} after ${token}`));
  }

  async #fillsInBadly(field: FormField): Promise<void> {
    const isSearch = this.#form.method === 'GET';
    const bads = [...REFUSED[field.kind as Exclude<FieldKind, 'hidden'>]];
    if (field.required && !MAY_BE_EMPTY.has(field.kind)) bads.push(...MISSING);
    for (const bad of bads) {
      if (bad === undefined && MAY_BE_ABSENT.has(field.name)) continue;
      const what = this.#what(`${field.name} = ${JSON.stringify(bad)?.slice(0, 40)}`);
      const page = await this.#submits({ ...this.#good, [field.name]: bad });
      if (field.kind === 'button') {
        // Another value than our buttons' does no more than the button with the least effect.
        assert.ok([200, 404, 422].includes(page.status), `${what}: ${page.status}`);
        continue;
      }
      // An invalid checkbox value; a deleted group, in an address that somebody kept.
      if (field.name === 'trust' || (isSearch && field.kind === 'choice')) continue;
      assert.equal(page.status, 422, `${what}: ${page.status}`);
      this.#saysWhatIsWrong(page, field, what);
    }
  }

  /** In the title, in a summary whose links have targets, and at the field, which is described by it. */
  #saysWhatIsWrong(page: Page, { name, kind }: FormField, what: string): void {
    const { $ } = page;
    assert.match(page.title, /^Error: /, what);
    assert.ok(page.errors.length > 0, what);
    for (const link of $('.error-summary a').toArray()) {
      const target = $(link).attr('href')?.slice(1);
      assert.equal($(`[id="${target}"]`).length, 1, `${what}: #${target}`);
    }
    if (kind === 'choice' || kind === 'tick') return;
    const error = $(`[id="${name}-error"]`);
    assert.equal(error.length, 1, `${what}: at the field`);
    assert.ok($(`[name="${name}"]`).attr('aria-describedby')?.split(' ').includes(`${name}-error`), what);
    assert.equal($(`[name="${name}"]`).attr('aria-invalid'), 'true', what);
  }

  /** Values that no person changes: changing them leads to a redirect, and nothing breaks. */
  async #altersHidden(field: FormField): Promise<void> {
    for (const bad of [undefined, '', LIST, LONG, ...INVISIBLE]) {
      const page = await this.#submits({ ...this.#good, ...this.#wrongSecrets(), [field.name]: bad });
      const what = this.#what(`${field.name} = ${JSON.stringify(bad)?.slice(0, 40)}`);
      assert.ok([303, 404, 409, 410, 422, 429].includes(page.status), `${what}: ${page.status}`);
    }
  }

  /** Altered hidden fields let nobody in or on: this is not tried here. */
  #wrongSecrets(): Fields {
    const secret = this.#form.controls.filter(({ kind }) => kind.endsWith('password'));
    return Object.fromEntries(secret.map(({ name }) => [name, '']));
  }

  async #spellsDifferently({ name }: FormField): Promise<void> {
    const errors = async (code: string) => {
      const page = await this.#submits({ ...this.#good, [name]: code });
      return page.$(`[id="${name}-error"]`).text();
    };
    const plain = await errors('000000');
    for (const spelling of SPELLINGS.slice(0, 3)) assert.equal(await errors(spelling), plain, spelling);
  }

  async #sendsMoreThanAsked(): Promise<void> {
    const administrators = await this.#administrators();
    const page = await this.#submits({ ...UNKNOWN, ...this.#good });
    const what = this.#what(`with more than was asked: ${page.status}`);
    assert.ok([200, 303, 404, 409, 410, 422, 429].includes(page.status), what);
    // Except the set-up, whose account is the first administrator's.
    assert.equal(await this.#administrators(), administrators || 1, what);
  }

  async #administrators(): Promise<number> {
    let count = 0;
    for await (const batch of this.#portal.services.people.inBatches())
      count += batch.filter(({ account }) => account.role === 'administrator').length;
    return count;
  }

  /** Sends it from an open page, and stays at the response. */
  async #submits(fields: Readonly<Record<string, Bad>>): Promise<Page> {
    if (this.#person.page.status !== 422) await this.#person.visits(this.#address);
    const present = Object.entries(fields).filter(
      (entry): entry is [string, string | readonly string[]] => entry[1] !== undefined,
    );
    const answer = await this.#sends(Object.fromEntries(present), 'own');
    assert.ok(answer.status < 500, this.#what(`${JSON.stringify(fields).slice(0, 200)}: ${answer.status}`));
    if (answer.status === 422) await this.#person.goesOnFrom(answer);
    else if (answer.status === 303) await this.#person.goesOnFrom(answer);
    return answer;
  }

  async #sends(fields: Fields, csrf: string): Promise<Page> {
    const { method, action } = this.#form;
    if (method === 'GET') return this.#person.visits(`${action}?${encoded(fields)}`);
    return this.#person.submitsRaw('POST', action, fields, { csrf });
  }

  #what(about: string): string {
    const { method, action } = this.#form;
    return `${method} ${action} on ${this.#address}, ${about}`;
  }
}

/** A valid value: the one from the page, or a suitable one. */
export function goodFor(field: FormField, held: Fields[string] | undefined): Fields[string] | undefined {
  switch (field.kind) {
    case 'line':
      return field.name === 'code' ? 'ABCD-EFGH-JKMN-PQRS' : newEmail('Good').replace('@', ' ');
    case 'lines':
      return field.name === 'csv' ? `email,name\n${newEmail('csv')},Good` : 'Good\nlines';
    case 'email':
      return newEmail('good');
    case 'number':
      return '3';
    case 'six digits':
      return '000000';
    case 'password':
      return PASSWORD;
    case 'new password':
      return 'forty brown sparrows fly';
    case 'day':
      return '2031-01-01';
    default:
      return held;
  }
}

function valueIn({ $ }: Page, name: string): string {
  const input = $(`form input[name="${name}"]`);
  return input.length > 0 ? (input.attr('value') ?? '') : $(`form textarea[name="${name}"]`).text().trim();
}
