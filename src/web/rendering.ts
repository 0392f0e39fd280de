import type { Request, Response } from 'express';
import type { Account } from '../accounts/account.ts';
import type { Services } from '../services.ts';
import type { Deadline } from '../two-factor/grace.ts';
import type { MessageKey, MessageValues, Translator } from '../words.ts';
import type { Assets } from './assets.ts';
import { csrfToken } from './csrf.ts';
import { EMPTY_FORM, type FormView } from './forms.ts';
import { sendPage } from './page-compression.ts';
import { deadlineInWords } from './policy-words.ts';
import { type RichElements, richText } from './rich-text.ts';
import { readNotice, saveSession } from './session.ts';
import type { Person } from './standing.ts';
import { pageFor } from './text-browsers.ts';
import { type Locals, Views } from './views.ts';
import { visitOf } from './visit.ts';

export interface Notice {
  readonly kind: 'success' | 'warning' | 'info';
  readonly text: string;
}

/** What a page is made of besides its view's own facts. */
export interface Page {
  /** The view below `views/`, without its ending. */
  readonly view: string;
  /** The heading and, with the site's name, the title. */
  readonly title: string;
  /** Stands small above the heading, and in the title: "Step 1 of 2". */
  readonly caption?: string;
  readonly width?: 'narrow' | 'wide';
  /** Shows a Setup Key, recovery codes or the like, which stay the same from one answer to the next. */
  readonly secret?: boolean;
  readonly status?: number;
  readonly form?: FormView;
  readonly notice?: Notice | undefined;
  readonly back?: { readonly href: string; readonly text: string };
  /** The section of the guide (`/help/two-factor`) that helps with this page; its link stands last, on each (WCAG 3.2.6). */
  readonly help?: string;
  /** The page has no form: for strangers it begins no session. */
  readonly formless?: boolean;
  /** Facts for the view. */
  readonly facts?: Locals;
}

/** Renders pages inside the one layout. */
export class Renderer {
  readonly #services: Services;
  readonly #assets: Assets;

  constructor(services: Services, assets: Assets) {
    this.#services = services;
    this.#assets = assets;
  }

  /**
   * Answers with a page. A form with errors is a 422 (the values are kept, nothing has happened), one that came too often
   * a 429, which tells programs how long to wait (RFC 9110 §10.2.3).
   */
  async show(request: Request, response: Response, page: Page): Promise<void> {
    const { words, settings } = visitOf(request);
    const form = page.form ?? EMPTY_FORM;
    const views = new Views({
      t: words.t,
      rich: (key: MessageKey, values?: MessageValues, elements?: RichElements) =>
        richText(words, key, values, elements),
      when: words.when,
      duration: words.duration,
      locale: words.locale,
      dir: words.dir,
      asset: this.#assets.url,
      inlined: this.#assets.inlined,
      site: {
        name: settings.siteName,
        helpContact: settings.helpContact,
        helpCenterUrl: this.#services.site.helpCenterUrl ?? '',
        signUp: settings.signUp,
      },
      csrfToken: await this.#csrfToken(request, response, page),
      account: request.account && menuOf(request.account),
      grace: deadlineInWords(request.grace, words),
      requestId: request.requestId,
      title: page.title,
      caption: page.caption,
      width: page.width,
      back: page.back,
      help: page.help,
      // What went well a minute ago is no news beside what has just gone wrong.
      notice: page.notice ?? (form.errors.length > 0 ? undefined : this.#sessionNotice(request)),
      form,
      ...(page.view.startsWith('admin/') && (await this.#administration(request, words))),
    });
    const body = views.render(`/${page.view}`, page.facts);
    const html = views.render('/layouts/page', { body });
    if (form.wait !== undefined) response.set('Retry-After', String(Math.ceil(form.wait / 1000)));
    const status = page.status ?? statusOf(form);
    response.status(status).type('html').set('Content-Language', words.locale);
    sendPage(request, response, pageFor(request, html), page.secret ?? false);
  }

  /** What Administration says on each of its pages: how many people wait for a decision, and that mails do not go out. */
  async #administration(request: Request, words: Translator) {
    const { person } = visitOf(request);
    // Counted only where there is something to say: pages ask the database little.
    const late =
      person?.oldestMail === undefined ? undefined : await this.#services.mails.late(person.oldestMail);
    const lateMails = late && {
      count: late.count,
      since: words.when(late.oldest.createdAt),
      reason: late.oldest.fault,
    };
    return { openRequests: person?.openRequests ?? 0, lateMails };
  }

  /** A page without a form of its own starts no session for those who have none: readers, crawlers, typing errors. */
  async #csrfToken(request: Request, response: Response, page: Page): Promise<string> {
    const isFormless = page.formless ?? ((page.status ?? 200) >= 400 && !page.form);
    const unneeded = isFormless && !request.account;
    if (unneeded || !request.session) return '';
    const isFirst = request.session.csrfSecret === undefined;
    const token = csrfToken(request, response);
    // A form whose session could not be kept could never be sent: then the page says so instead.
    if (isFirst) await saveSession(request);
    return token;
  }

  #sessionNotice(request: Request): Notice | undefined {
    const notice = readNotice(request, `${request.baseUrl}${request.path}`, this.#services.clock());
    const { words } = visitOf(request);
    // The key was one of the catalogue when it was left; one that a deployment has dropped since is not shown.
    if (!notice || !words.knows(notice.key)) return undefined;
    return { kind: notice.kind, text: words.t(notice.key, notice.values) };
  }
}

declare global {
  namespace Express {
    interface Request {
      /** The signed-in person, for the header; set by the guards. */
      account?: Account;
      /** Up to when this person may go on without 2FA, for the banner. */
      grace?: Deadline | undefined;
    }
  }
}

/** From here on the pages are this person's. */
export function showAs(request: Request, { account, grace }: Person): void {
  request.account = account;
  request.grace = grace;
}

function statusOf({ wait, errors }: FormView): number {
  if (wait !== undefined) return 429;
  return errors.length > 0 ? 422 : 200;
}

function menuOf({ name, role }: Account) {
  return { name, initials: initialsOf(name), isAdministrator: role === 'administrator' };
}

/** "Ann Marie Example" → "AE". */
export function initialsOf(name: string): string {
  const parts = name.split(/\s+/).filter(Boolean);
  const chosen = parts.length > 1 ? [parts.at(0), parts.at(-1)] : parts;
  return chosen
    .map((part = '') => firstLetter(part))
    .join('')
    .toLocaleUpperCase();
}

const letters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** What a reader takes for one letter, in any script. The segmenter is slow, and in ASCII nothing belongs together. */
function firstLetter(part: string): string {
  if (/^[!-~](?![^!-~])/.test(part)) return part.charAt(0);
  const [first] = letters.segment(part);
  return first?.segment ?? '';
}
