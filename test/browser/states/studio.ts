import type { Express } from 'express';
import type { Account } from '../../../src/accounts/account.ts';
import { createApp } from '../../../src/app.ts';
import { type Actor, party } from '../../../src/audit/audit.ts';
import type { Translator, Words } from '../../../src/kernel/i18n.ts';
import type { Services } from '../../../src/services.ts';
import type { AuthenticatorApp } from '../../support/authenticator-app.ts';
import { ManualClock } from '../../support/clock.ts';
import { Person, type PersonOptions } from '../../support/person.ts';
import { OPERATOR, openPortal, PASSWORD, type TestPortal } from '../../support/portal.ts';
import { type NewAccount, quickAccount } from '../../support/quick-account.ts';

/** One captured page: the server's response. */
export interface State {
  /** The part of the site, and the state: "sign-in/refused". */
  readonly name: string;
  /** The address bar; after a refused form, the form's action. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
}

export interface StudioOptions {
  /** A BCP 47 tag, as browsers send it. */
  readonly language?: string;
  /** Replaces the real catalogues: an artificial language that reveals hard-coded text. */
  readonly words?: Words;
}

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const FIRST_DAY = Date.UTC(2030, 0, 31, 14, 3);
const DAY = 86_400_000;

/**
 * Captures the states: with the real portal and people who use its pages. People find fields, links and buttons by the
 * catalogue's texts, so that the same scenes work in every language. The clock stands still, and only ids and codes differ from
 * one run to the next.
 */
export class Studio {
  readonly portal: TestPortal;
  readonly services: Services;
  /** The catalogue's texts as they appear on a page: without the tags of rich texts. */
  readonly t: Translator['t'];
  readonly #app: Express;
  readonly #language: string;
  readonly #clock: ManualClock;
  readonly #states = new Map<string, State>();

  static async open({ language = 'en', words }: StudioOptions): Promise<Studio> {
    const clock = new ManualClock(FIRST_DAY);
    const portal = await openPortal('database', {}, { time: clock.read });
    const wait = (milliseconds: number) => clock.passes(milliseconds);
    const services = words ? { ...portal.services, words } : portal.services;
    return new Studio({ ...portal, services, wait }, language, clock);
  }

  constructor(portal: TestPortal, language: string, clock: ManualClock) {
    this.portal = portal;
    this.services = portal.services;
    this.#app = createApp(portal.services);
    this.#language = language;
    this.#clock = clock;
    const { words } = portal.services;
    const { t } = words.for(words.choose(language, null, 'en'));
    this.t = (key, values) => t(key, values).replace(/<\/?[a-z-]+>/g, '');
  }

  get states(): readonly State[] {
    return [...this.#states.values()];
  }

  /** Each part of the site is captured on its own day: its changes of the clock do not move the others' times. */
  beginsDay(number: number): void {
    this.#clock.now = FIRST_DAY + number * DAY;
  }

  /** A browser in the studio's language. `services`: those of the portal, except what is broken in the scene. */
  browser(options: PersonOptions = {}, services?: Services): Person {
    const app = services ? createApp(services) : this.#app;
    return new Person(app, {
      acceptLanguage: this.#language,
      userAgent: FIREFOX,
      compressed: true,
      ...options,
    });
  }

  async account(wanted: NewAccount): Promise<Account> {
    return quickAccount(this.portal, wanted);
  }

  /** A browser after the account's password, on the next page. */
  async signsIn({ email }: Pick<Account, 'email'>, options: PersonOptions = {}): Promise<Person> {
    const person = this.browser(options);
    await person.visits('/sign-in');
    person.fillsIn(this.t('field.email'), email);
    person.fillsIn(this.t('field.password'), PASSWORD);
    await person.presses(this.t('sign-in.submit'));
    return person;
  }

  /** A browser after both the password and the code of the app. */
  async signsInWithApp(account: Account, app: AuthenticatorApp): Promise<Person> {
    const person = await this.signsIn(account);
    await this.givesCode(person, app);
    return person;
  }

  /** Sends the app's next code with the page that asks for one. */
  async givesCode(person: Person, app: AuthenticatorApp): Promise<void> {
    this.portal.wait(30_000);
    person.fillsIn(this.t('page.verification-code'), app.code(this.portal.now()));
    await person.presses(this.t('code.submit'));
  }

  /** Captures the open page as a state. */
  async keeps(name: string, person: Person): Promise<void> {
    if (this.#states.has(name)) throw new Error(`There are two states called "${name}".`);
    const { path, status, headers, html } = person.page;
    this.#states.set(name, { name, path, status, headers, html });
  }

  /** Opens an address and captures its page. */
  async visits(name: string, person: Person, address: string): Promise<void> {
    await person.visits(address);
    await this.keeps(name, person);
  }

  /** Presses a button of the open page and captures the next page. */
  async presses(name: string, person: Person, button: string): Promise<void> {
    await person.reopensForms();
    await person.presses(button);
    await this.keeps(name, person);
  }

  /** Presses a button this many times, and captures the last page: the result of guessing. */
  async pressesOften(name: string, person: Person, button: string, times: number): Promise<void> {
    for (let time = 1; time < times; time++) {
      const another = person.copy();
      await another.reopensForms();
      await another.presses(button);
    }
    await this.presses(name, person, button);
  }
}

/** A person who acts for themselves. */
export function themselves(account: Account): Actor {
  return { party: party(account), origin: OPERATOR.origin };
}
