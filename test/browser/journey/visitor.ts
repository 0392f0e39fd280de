import assert from 'node:assert/strict';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { PATIENCE } from '../../support/until.ts';
import type { Traveller } from './whole-way.ts';

/** How a person moves in Chromium: how they reach a control, and what they do with it. */
export interface Way {
  readonly name: string;
  readonly options: BrowserContextOptions;
  readonly press: (page: Page, button: Locator) => Promise<void>;
  readonly follow: (page: Page, link: Locator) => Promise<void>;
  readonly type: (page: Page, field: Locator, text: string) => Promise<void>;
  /** A radio to choose. */
  readonly choose: (page: Page, radio: Locator) => Promise<void>;
  /** A checkbox to tick or untick. */
  readonly toggle: (page: Page, checkbox: Locator) => Promise<void>;
}

/**
 * A person at their own Chromium, who finds fields by their labels, and buttons and links by their accessible names. All errors
 * of the browser are recorded.
 */
export class Visitor implements Traveller {
  readonly complaints: string[] = [];
  readonly #way: Way;
  readonly #page: Page;

  static async open(browser: Browser, way: Way, address: string): Promise<Visitor> {
    const context = await browser.newContext(way.options);
    context.setDefaultTimeout(PATIENCE);
    const visitor = new Visitor(way, await context.newPage());
    await visitor.visits(address);
    return visitor;
  }

  private constructor(way: Way, page: Page) {
    this.#way = way;
    this.#page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      // A refused form is an error for the console.
      if (message.type() === 'error' && !/status of 422/.test(message.text()))
        this.complaints.push(message.text());
    });
  }

  /** Opens an address directly: one from a mail, or typed into the address bar. */
  async visits(address: string): Promise<void> {
    await this.#page.goto(address);
  }

  /** The readable text of the page. */
  async reads(): Promise<string> {
    // biome-ignore lint/performance/useDomNodeTextContent: what cannot be seen cannot be read.
    return (await this.#page.locator('body').innerText()).replace(/\s+/g, ' ');
  }

  async shows(text: string): Promise<void> {
    const read = await this.reads();
    assert.ok(read.includes(text), `"${text}" is not on the page: ${read}`);
  }

  async fillsIn(label: string, text: string): Promise<void> {
    const field = this.#page.getByLabel(label, { exact: true });
    await this.#way.type(this.#page, field, text);
    assert.equal(await field.inputValue(), text, label);
  }

  async chooses(choice: string): Promise<void> {
    const radio = this.#page.getByRole('radio', { name: choice, exact: true });
    await this.#way.choose(this.#page, radio);
    assert.equal(await radio.isChecked(), true, choice);
  }

  async unticks(choice: string): Promise<void> {
    const checkbox = this.#page.getByRole('checkbox', { name: choice, exact: true });
    assert.equal(await checkbox.isChecked(), true, choice);
    await this.#way.toggle(this.#page, checkbox);
    assert.equal(await checkbox.isChecked(), false, choice);
  }

  /** Whether the page has this button. */
  async isOffered(name: string): Promise<boolean> {
    return (await this.#page.getByRole('button', { name, exact: true }).count()) > 0;
  }

  /** Presses a button that sends its form, and waits for the next page. */
  async presses(name: string): Promise<void> {
    const button = this.#page.getByRole('button', { name, exact: true });
    await this.#arrives(() => this.#way.press(this.#page, button));
  }

  /** Follows a link to another page. */
  async follows(name: string): Promise<void> {
    await this.#arrives(() => this.#way.follow(this.#page, this.#link(name)));
  }

  /** Follows a link of the error summary: its field has the focus then. */
  async goesToTheFault(name: string, label: string): Promise<void> {
    await this.#way.follow(this.#page, this.#link(name));
    const field = this.#page.getByLabel(label, { exact: true });
    assert.equal(await field.and(this.#page.locator(':focus')).count(), 1, `"${label}" has no focus.`);
  }

  async close(): Promise<void> {
    await this.#page.context().close();
  }

  #link(name: string): Locator {
    return this.#page.getByRole('link', { name, exact: true });
  }

  async #arrives(act: () => Promise<void>): Promise<void> {
    const loaded = this.#page.waitForEvent('load');
    await Promise.all([loaded, act()]);
  }
}
