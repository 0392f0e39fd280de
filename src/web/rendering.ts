import type { Request, Response } from 'express';
import type { Account } from '../accounts/account.ts';
import type { MessageKey, MessageValues, Translator } from '../kernel/i18n.ts';
import type { Instant } from '../kernel/time.ts';
import type { Deadline } from '../settings/grace.ts';
import type { Assets } from './assets.ts';
import type { SignedIn } from './auth-state.ts';
import { contextOf } from './context.ts';
import { csrfToken } from './csrf.ts';
import { readFlash } from './flash.ts';
import { EMPTY_FORM, type FormView } from './forms.ts';
import { sendPage } from './page-compression.ts';
import { pageFor } from './plain-browsers.ts';
import { deadlineInWords } from './policy-words.ts';
import { type RichElements, richText } from './rich-text.ts';
import { allowFormsTo } from './security-headers.ts';
import { keepSession } from './session.ts';
import { type Locals, Views } from './views.ts';

export interface Notice {
  readonly kind: 'success' | 'warning' | 'info';
  readonly text: string;
}

/** A page to render. */
export interface Page {
  /** Path below `views/`, without extension. */
  readonly view: string;
  /** The heading and, with the site's name, the title. */
  readonly title: string;
  /** Small line above the heading, also in the title: "Step 1 of 2". */
  readonly caption?: string;
  readonly width?: 'narrow' | 'wide';
  /** Shows a secret that stays the same between responses (Setup Key, recovery codes): not compressed, see `sendPage`. */
  readonly secret?: boolean;
  readonly status?: number;
  readonly form?: FormView;
  readonly notice?: Notice | undefined;
  readonly back?: { readonly href: string; readonly text: string };
  /** Section of the guide (`/help/two-factor`) for this page; the link is last on each page (WCAG 3.2.6). */
  readonly help?: string;
  /** The page has no form, so it creates no session for anonymous visitors. */
  readonly formless?: boolean;
  /** Another origin that the page's forms may redirect to: the app that a sign-in is for. */
  readonly formOrigin?: string;
  /** Values for the view. */
  readonly model?: Locals;
}

interface RenderingServices {
  /** `helpCenterUrl`: undefined for no link to it. */
  readonly site: { readonly helpCenterUrl: string | undefined };
  readonly mails: {
    /** Mails that have waited for too long. `oldest`: when the oldest mail was created. Undefined when none has. */
    late(oldest: Instant): Promise<LateMails | undefined>;
  };
  readonly logoutReports: {
    /** Apps that are late in confirming that they were told of sign-outs. `oldest`: since when the oldest one waits. */
    late(oldest: Instant): Promise<readonly LateApp[]>;
  };
}

interface LateMails {
  readonly count: number;
  readonly oldest: { readonly createdAt: Instant; readonly fault: string | null };
}

interface LateApp {
  readonly appId: string;
  readonly name: string;
  readonly count: number;
  readonly since: Instant;
}

/** Renders pages in the layout. */
export class Renderer {
  readonly #services: RenderingServices;
  readonly #assets: Assets;

  constructor(services: RenderingServices, assets: Assets) {
    this.#services = services;
    this.#assets = assets;
  }

  /**
   * Sends a page. A form with errors has the status 422; one that must wait 429 with Retry-After (RFC 9110 §10.2.3). Rejects if
   * the session cannot be stored.
   */
  async show(request: Request, response: Response, page: Page): Promise<void> {
    const { words, settings } = contextOf(request);
    const form = page.form ?? EMPTY_FORM;
    const views = new Views({
      t: words.t,
      rich: (key: MessageKey, values?: MessageValues, elements?: RichElements) =>
        richText(words, key, values, elements),
      when: words.when,
      timeZone: words.timeZone,
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
      csrfToken: tokenFor(request, response, page),
      account: request.account && menuOf(request.account),
      grace: deadlineInWords(request.grace, words),
      requestId: request.requestId,
      title: page.title,
      caption: page.caption,
      width: page.width,
      back: page.back,
      help: page.help,
      // A success of a minute ago is not shown beside new errors.
      notice: page.notice ?? (form.errors.length > 0 ? undefined : this.#sessionNotice(request)),
      form,
      errorsOf: (field: string) => form.errors.filter((error) => error.field === field),
      ...(page.view.startsWith('admin/') && (await this.#administration(request, words))),
    });
    const body = views.render(`/${page.view}`, page.model);
    const html = views.render('/layouts/page', { body });
    // If the session cannot be stored, the page's form could never be sent: better an error page now.
    await keepSession(request);
    if (typeof form.wait === 'number') response.set('Retry-After', String(Math.ceil(form.wait / 1000)));
    const status = page.status ?? statusOf(form);
    response.status(status).type('html').set('Content-Language', words.locale);
    if (page.formOrigin !== undefined) allowFormsTo(response, page.formOrigin);
    sendPage(request, response, pageFor(request, html), page.secret ?? false);
  }

  /** Notices on each page of Administration: open requests, mails that are late, and apps that were not told of sign-outs. */
  async #administration(request: Request, words: Translator) {
    const { person } = contextOf(request);
    // Counted only if there is one, to save a statement per page.
    const late =
      person?.oldestMail === undefined ? undefined : await this.#services.mails.late(person.oldestMail);
    const lateMails = late && {
      count: late.count,
      since: words.when(late.oldest.createdAt),
      reason: late.oldest.fault,
    };
    const lateApps =
      person?.oldestLogout === undefined ? [] : await this.#services.logoutReports.late(person.oldestLogout);
    return { openRequests: person?.openRequests ?? 0, lateMails, lateApps };
  }

  #sessionNotice(request: Request): Notice | undefined {
    const notice = readFlash(request);
    const { words } = contextOf(request);
    // A deployment may have removed the key since.
    if (!notice || !words.knows(notice.key)) return undefined;
    const { kind, key, values, further } = notice;
    const text = [
      words.t(key, values),
      further && words.knows(further.key) && words.t(further.key, further.values),
    ];
    return { kind, text: text.filter(Boolean).join(' ') };
  }
}

declare global {
  namespace Express {
    interface Request {
      /** The signed-in person, for the header; set by the guards. */
      account?: Account;
      /** Deadline of the grace period, for the banner. */
      grace?: Deadline | undefined;
    }
  }
}

/** Shows this person's menu and banner from here on. */
export function showAs(request: Request, { account, grace }: SignedIn): void {
  request.account = account;
  request.grace = grace;
}

/** A page without a form creates no session for visitors without one: readers, crawlers, typing errors. */
function tokenFor(request: Request, response: Response, page: Page): string {
  const isFormless = page.formless ?? ((page.status ?? 200) >= 400 && !page.form);
  const unneeded = isFormless && !request.account;
  return unneeded || !request.session ? '' : csrfToken(request, response);
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

/** The first grapheme. The segmenter is slow, so ASCII takes a short cut. */
function firstLetter(part: string): string {
  if (/^[!-~](?![^!-~])/.test(part)) return part.charAt(0);
  const [first] = letters.segment(part);
  return first?.segment ?? '';
}
