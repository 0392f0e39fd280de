import assert from 'node:assert/strict';
import type { FakeHelpDesk } from './fake-help-desk.ts';
import type { Person } from './person.ts';

/** The form of Postern's page that leads to an app, as its button sends it. */
export interface FormToApp {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** A person's browser at an app that accepts signed hand-overs: its cookie there. */
export class DeskBrowser {
  readonly #desk: FakeHelpDesk;
  #cookie: string | undefined;

  constructor(desk: FakeHelpDesk) {
    this.#desk = desk;
  }

  /** Opens a page of the app without being signed in there; returns the path of Postern that it leads to. */
  async leadsToPortal(page = '/'): Promise<string> {
    let target = `${this.#desk.origin}${page}`;
    while (new URL(target).origin === this.#desk.origin) {
      target = (await this.asks(target)).headers.get('location') ?? '';
    }
    const { pathname, search } = new URL(target);
    return `${pathname}${search}`;
  }

  /** Goes to the app as the person's page of Postern says, by a redirect or its form; returns what the app shows in the end. */
  async arrives({ page }: Person): Promise<string> {
    const isForm = page.status === 200;
    assert.ok(isForm || page.status === 303, `${page.path}: ${page.status} ${page.heading}`);
    const form = isForm ? formToApp(page) : { action: page.headers['location'] ?? '', fields: undefined };
    assert.equal(new URL(form.action).origin, this.#desk.origin);
    const answer = await this.asks(form.action, form.fields);
    if (answer.status !== 302) return answer.text();
    const shown = await this.asks(new URL(answer.headers.get('location') ?? '', this.#desk.origin).href);
    return shown.text();
  }

  /** Asks the app; follows no redirect. `fields`: sends a form. */
  async asks(url: string, fields?: FormToApp['fields']): Promise<Response> {
    const answer = await fetch(url, {
      redirect: 'manual',
      headers: this.#cookie === undefined ? {} : { Cookie: this.#cookie },
      ...(fields && { method: 'POST', body: new URLSearchParams(fields) }),
    });
    this.#cookie = answer.headers.get('set-cookie')?.split(';')[0];
    return answer;
  }
}

export function formToApp({ $ }: Pick<Person['page'], '$'>): FormToApp {
  const form = $('form[action^="http"]');
  assert.equal(form.length, 1);
  const fields = form
    .find('input')
    .toArray()
    .map((input) => [$(input).attr('name') ?? '', $(input).attr('value') ?? ''] as const);
  return { action: form.attr('action') ?? '', fields: Object.fromEntries(fields) };
}
