import { type Fields, findChoice, findControl, type Submission, submissionBy, theOne } from './controls.ts';
import { choose, fillIn, untick } from './filling-in.ts';
import { type Link, Page } from './page.ts';
import { type App, encoded, type Sent, send } from './sending.ts';

export interface PersonOptions {
  /** The site's public origin: absolute links to it (in mails) are followed, all others lead to other sites. */
  readonly origin?: string;
  readonly acceptLanguage?: string;
  /** Sent as X-Forwarded-For. */
  readonly address?: string;
  /** The address of the connections, such as 127.0.0.7: every 127.x.x.x is this machine. */
  readonly from?: string;
  readonly userAgent?: string;
  /** Accepts compressed pages; otherwise most of a test's time would be compression. */
  readonly compressed?: boolean;
  /** Other headers of every request, such as `Sec-Fetch-Site`; a text browser sends none of those. */
  readonly headers?: Readonly<Record<string, string>>;
}

const MOST_REDIRECTS = 10;

/**
 * A person at a text browser: reads pages, fills in labelled fields, presses buttons, follows links. It runs no script, and
 * knows only what the HTML says. Cookies are kept and sent even if they are Secure, because the tests speak plain HTTP to a
 * site that may be served over https.
 */
export class Person {
  readonly #app: App;
  readonly #options: PersonOptions;
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();
  readonly #trail: string[] = [];
  readonly #formerTokens: string[] = [];
  #page: Page | undefined;

  constructor(app: App, options: PersonOptions = {}) {
    this.#app = app;
    this.#options = options;
    this.#origin = options.origin ?? 'http://localhost:3000';
  }

  /** The open page; throws if there is none. */
  get page(): Page {
    if (!this.#page) throw new Error('No page is open yet.');
    return this.#page;
  }

  /** Every request so far with its status, as "POST /sign-in 303". */
  get trail(): readonly string[] {
    return this.#trail;
  }

  /** The cookies by name; changes to the map change what is sent. */
  get cookies(): Map<string, string> {
    return this.#cookies;
  }

  /** The CSRF token of the last page of a session that was renewed since; not for strangers' pages. */
  get formerToken(): string | undefined {
    return this.#formerTokens.at(-1);
  }

  forgetsCookies(): void {
    this.#cookies.clear();
  }

  /** A second browser with the same cookies, page and filled-in values. `app`: another instance. */
  copy(options: PersonOptions = {}, app = this.#app): Person {
    const twin = new Person(app, { ...this.#options, ...options });
    for (const [name, value] of this.#cookies) twin.#cookies.set(name, value);
    if (this.#page) twin.#page = new Page({ ...this.#page, body: Buffer.from(this.#page.$.html()) });
    return twin;
  }

  /** Opens a path of the site, or an absolute address of it as in a mail, and follows redirects. */
  async visits(address: string): Promise<Page> {
    return this.goesOnFrom(await this.#asks({ method: 'GET', path: this.#pathTo(address) }));
  }

  /** Follows the link with this text. Throws for a link to another site. */
  async follow(linkText: string): Promise<Page> {
    const { links } = this.page;
    // The same link may occur twice, in a menu and in the text.
    const targets = links.filter(
      (link, index) => links.findIndex((other) => isSameLink(link, other)) === index,
    );
    return this.visits(theOne(targets, linkText, 'links').href);
  }

  /** Types (or pastes) a text into the field with this label; the browser may cut it. */
  fillsIn(label: string, text: string): void {
    fillIn(findControl(this.page.$, label), text);
  }

  /** Chooses a radio, a checkbox or an option; `group` is its legend, or the select's label, if the text is not unique. */
  chooses(choice: string, group?: string): void {
    choose(this.page.$, findChoice(this.page.$, choice, group));
  }

  unticks(checkbox: string, group?: string): void {
    untick(findChoice(this.page.$, checkbox, group));
  }

  /**
   * Presses a button: sends its form with all of its fields, and follows redirects. Like WebKit and Chromium, throws if one of them
   * leads to an origin that the page of the form does not allow (`form-action`, CSP Level 3 §6.4.1).
   */
  async presses(button: string): Promise<Page> {
    const { page } = this;
    return this.goesOnFrom(await this.#asks(requestFor(this.form(button))), page);
  }

  /** What pressing the button would send; `action` is the path. */
  form(button: string): Submission {
    const submission = submissionBy(this.page.$, button);
    return { ...submission, action: this.#pathTo(submission.action) };
  }

  /**
   * Sends what pressing the button would send, this many times at once, each from its own page and with its own token. Returns
   * the raw responses: no redirect is followed, and the browser and its cookies stay the same; `goesOnFrom` follows one of the
   * responses.
   */
  async races(times: number, button: string): Promise<Page[]> {
    const submission = this.form(button);
    const forms = [submission];
    while (forms.length < times) {
      const _csrf = await this.freshToken();
      forms.push({ ...submission, fields: { ...submission.fields, ...(_csrf !== undefined && { _csrf }) } });
    }
    return Promise.all(forms.map((form) => this.#sends(requestFor(form))));
  }

  /** Sends the same form this many times at once, like a person with a tremor. Returns the raw responses. */
  async repeats(times: number, button: string): Promise<Page[]> {
    const asked = requestFor(this.form(button));
    return Promise.all(Array.from({ length: times }, () => this.#sends(asked)));
  }

  /** Replaces the open page's forms by those of a newly opened page: sent again, they are other forms. */
  async reopensForms(): Promise<void> {
    const token = this.#cookies.size > 0 ? await this.freshToken() : undefined;
    if (token !== undefined) this.page.$('input[name=_csrf]').attr('value', token);
  }

  /** The CSRF token on the next page of this session; undefined if no page has one. */
  async freshToken(): Promise<string | undefined> {
    let page = await this.#sends({ method: 'GET', path: '/sign-in' });
    for (let followed = 0; isRedirect(page) && followed < MOST_REDIRECTS; followed++) {
      const { pathname, search } = new URL(page.headers['location'] ?? '', this.#origin);
      page = await this.#sends({ method: 'GET', path: `${pathname}${search}` });
    }
    return page.$('input[name=_csrf]').first().attr('value');
  }

  /**
   * Sends what no page of the site would send. The open page stays, no redirect is followed, cookies are kept. `csrf`: the
   * token of the open page's forms ("own", the default), none, or any other text.
   */
  async submitsRaw(
    method: string,
    path: string,
    fields: Fields,
    { csrf = 'own' }: { readonly csrf?: string } = {},
  ): Promise<Page> {
    const token = csrf === 'own' ? this.#csrfToken() : csrf;
    const body = csrf === 'none' ? fields : { _csrf: token, ...fields };
    return this.#asks({ method, path: this.#pathTo(path), fields: body });
  }

  /** Loads a picture or the like; the open page stays. */
  async loads(path: string): Promise<Page> {
    return this.#asks({ method: 'GET', path: this.#pathTo(path) });
  }

  /**
   * Follows a response like a browser: its cookies, its redirects, and the page at their end.
   *
   * @param formPage has the form that was sent; undefined: none was
   */
  async goesOnFrom(answer: Page, formPage?: Page): Promise<Page> {
    let page = answer;
    this.#keepCookies(page);
    for (let followed = 0; isRedirect(page); followed++) {
      if (followed === MOST_REDIRECTS)
        throw new Error(`Too many redirects: ${this.#trail.slice(-12).join(', ')}`);
      const target = new URL(page.headers['location'] ?? '', new URL(page.path, this.#origin));
      // A redirect to another site is the page itself: there is nothing more to read.
      if (target.origin !== this.#origin) {
        if (formPage && !formOriginsOn(formPage).includes(target.origin))
          throw new Error(`The form of ${formPage.path} must not lead to ${target.origin}.`);
        break;
      }
      page = await this.#asks({ method: 'GET', path: `${target.pathname}${target.search}` });
    }
    this.#page = page;
    return page;
  }

  /** Sends a request and keeps the cookies of the response. */
  async #asks(asked: Asked): Promise<Page> {
    const page = await this.#sends(asked);
    this.#keepCookies(page);
    return page;
  }

  async #sends(asked: Asked): Promise<Page> {
    const page = new Page(
      await send(this.#app, { ...asked, headers: this.#headers(), from: this.#options.from }),
    );
    this.#trail.push(`${page.method} ${page.path} ${page.status}`);
    return page;
  }

  #headers(): Record<string, string> {
    const { acceptLanguage, address, userAgent = 'ELinks/0.18.0', compressed, headers } = this.#options;
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return {
      Accept: 'text/html',
      'Accept-Encoding': compressed ? 'gzip' : 'identity',
      'User-Agent': userAgent,
      ...(acceptLanguage !== undefined && { 'Accept-Language': acceptLanguage }),
      ...(address !== undefined && { 'X-Forwarded-For': address }),
      ...(cookie !== '' && { Cookie: cookie }),
      ...headers,
    };
  }

  #keepCookies({ setCookies }: Page): void {
    for (const [name, value] of setCookies) {
      const token = this.#page?.$('input[name=_csrf]').first().attr('value');
      const isSomebodys = this.#page?.$('form[action="/sign-out"]').length;
      const isRenewed = name.endsWith('postern') && ![undefined, value].includes(this.#cookies.get(name));
      if (isRenewed && isSomebodys && token) this.#formerTokens.push(token);
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
  }

  #csrfToken(): string {
    const token = this.page.$('input[name=_csrf]').first().attr('value');
    if (token === undefined) throw new Error(`No form on ${this.page.path} has a CSRF token.`);
    return token;
  }

  /** The path of an address, relative to the open page. */
  #pathTo(address: string): string {
    const url = new URL(address, new URL(this.#page?.path ?? '/', this.#origin));
    if (url.origin !== this.#origin) throw new Error(`${address} leads away from ${this.#origin}.`);
    return `${url.pathname}${url.search}`;
  }
}

/** The origins besides our own that the forms of a page may redirect to. */
export function formOriginsOn({ headers }: Page): readonly string[] {
  const policy = headers['content-security-policy'] ?? '';
  const [, sources = ''] = /form-action 'self'([^;]*)/.exec(policy) ?? [];
  return sources.split(' ').filter(Boolean);
}

type Asked = Omit<Sent, 'headers' | 'from'>;

/** A form sent by GET replaces the action's query by its fields. */
function requestFor({ method, action, fields }: Submission): Asked {
  if (method === 'POST') return { method, path: action, fields };
  return { method, path: `${action.replace(/\?.*/, '')}?${encoded(fields)}` };
}

/** Redirects that a browser follows with a GET; the portal uses no others. */
function isRedirect({ status }: Page): boolean {
  return status === 301 || status === 302 || status === 303;
}

function isSameLink(one: Link, other: Link): boolean {
  return one.text === other.text && one.href === other.href;
}
