import { type CheerioAPI, load } from 'cheerio';
import { buttonsOf, findControl, type Named, named, valuesOf } from './controls.ts';
import { fold, textOnScreen, visibleText } from './visible-text.ts';

/** A response of the server. */
export interface Answer {
  readonly method: string;
  /** The requested path, with its query. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Cookies of the response ("" if it deletes one). */
  readonly setCookies: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface Link extends Named {
  readonly href: string;
}

/** A response as a page. Filling in changes its document, as in a browser. */
export class Page implements Answer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly setCookies: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** The page as it was sent. */
  readonly html: string;
  #document: CheerioAPI | undefined;

  constructor(answer: Answer) {
    this.method = answer.method;
    this.path = answer.path;
    this.status = answer.status;
    this.headers = answer.headers;
    this.setCookies = answer.setCookies;
    this.body = answer.body;
    this.html = answer.body.toString('utf8');
  }

  /** The document, parsed when it is first needed: for most responses only the status matters. */
  get $(): CheerioAPI {
    this.#document ??= load(this.html);
    return this.#document;
  }

  /** The text of the browser's title bar. */
  get title(): string {
    return fold(this.$('title').first().text());
  }

  /** The h1. */
  get heading(): string {
    return visibleText(this.$('h1').first());
  }

  get text(): string {
    return visibleText(this.$('body'));
  }

  /** The banner's sentence without the word for its kind; undefined if there is no banner. */
  get notice(): string | undefined {
    const sentence = this.$('.notice p').first().clone();
    sentence.children('strong').first().remove();
    return sentence.length > 0 ? visibleText(sentence) : undefined;
  }

  /** "success", "warning" or "info"; undefined if there is no banner. */
  get noticeKind(): string | undefined {
    const classes = this.$('.notice').first().attr('class')?.split(/\s+/);
    return classes?.find((name) => name !== 'notice');
  }

  /** The items of the error summary. */
  get errors(): string[] {
    return this.$('.error-summary li')
      .toArray()
      .map((item) => visibleText(this.$(item)));
  }

  /**
   * The error that describes the control with this label, "" if there is none. An error that is only near its field, or that
   * the field does not refer to, does not count: people who cannot see it would not know.
   */
  errorAt(label: string): string {
    const described = findControl(this.$, label).describedBy;
    const ids = (described.attr('aria-describedby') ?? '').split(/\s+/).filter(Boolean);
    const messages = ids.map((id) => this.$(`[id="${id}"].error`)).filter((message) => message.length > 0);
    return fold(messages.map(textOnScreen).join(' '));
  }

  get buttons(): string[] {
    return buttonsOf(this.$).map(({ text }) => text);
  }

  get links(): Link[] {
    return this.$('a[href]')
      .toArray()
      .map((link) => ({ ...named(this.$(link)), href: this.$(link).attr('href') ?? '' }));
  }

  /** The value of the control with this label; for radios and checkboxes (by the legend) the chosen ones, with commas. */
  value(label: string): string {
    return valuesOf(findControl(this.$, label).controls).join(', ');
  }
}
