import assert from 'node:assert/strict';
import { AuthenticatorApp } from './authenticator-app.ts';
import { linkIn } from './mailbox.ts';
import type { Page } from './page.ts';
import { Person } from './person.ts';
import { OPERATOR, PASSWORD, type TestPortal } from './portal.ts';
import { addressesOf, routesOf } from './router.ts';
import { nextStep } from './steps.ts';
import { enrolsApp } from './victim.ts';
import { at, newPerson, type Somebody, stepAt } from './walk-people.ts';
import { WalkRules } from './walk-rules.ts';
import type { RuleStep, Step } from './walk-steps.ts';

/** What was proven in a session, according to the model. */
interface Proven {
  readonly who: Somebody;
  readonly epoch: number;
  readonly at: number;
  readonly factor: boolean;
  /** Whether nothing was due any more, or the due step was put off while this was allowed. */
  readonly passed: boolean;
}

/** An action of a person at a browser. */
type Act = Exclude<Step, RuleStep | { do: 'wait' | 'reset' }>;

/** Two browsers, of any person. */
interface Browser {
  person: Person;
  before: ReadonlyMap<string, string>;
  trust: { readonly who: Somebody; readonly basis: string } | undefined;
}

const BAG = {
  ...{
    email: 'mallory@example.org',
    password: PASSWORD,
    newPassword: 'another very long word',
    code: '000000',
  },
  ...{ name: 'Mallory', step: 'scan', rule: 'off', siteName: 'Mine', language: 'ar', trust: 'yes' },
};

/** Changes that the walk makes in its own steps. */
const OWN_STEPS = new Set(['/sign-out', '/sign-in/set-up/later']);

/** The portal, two people (one with an app, one with nothing), two browsers, and the model. */
export class Walk {
  readonly #portal: TestPortal;
  readonly #people: readonly Somebody[];
  readonly #browsers: readonly Browser[];
  readonly #proven = new Map<string, Proven>();
  readonly #rules: WalkRules;
  /** How often a person was in, with a second factor, without, or during a grace: a walk that gets nowhere shows nothing. */
  readonly reached = { withFactor: 0, without: 0, inGrace: 0 };

  static async begin(portal: TestPortal): Promise<Walk> {
    const [vera, nora] = [await newPerson(portal, 'vera'), await newPerson(portal, 'nora')];
    vera.app = await enrolsApp(portal, vera.account);
    vera.lastStep = stepAt(portal.now());
    const people = [vera, nora];
    return new Walk(portal, people, await WalkRules.begin(portal, people));
  }

  constructor(portal: TestPortal, people: readonly Somebody[], rules: WalkRules) {
    this.#portal = portal;
    this.#people = people;
    this.#rules = rules;
    const fresh = () => ({ person: new Person(portal.app), before: new Map(), trust: undefined });
    this.#browsers = [fresh(), fresh()];
  }

  /** Takes the step, then checks: nobody may be in without a proof in the model. */
  async take(step: Step): Promise<void> {
    const factors = await this.#factors();
    switch (step.do) {
      case 'rule':
      case 'group rule':
      case 'membership':
      case 'enforcement':
        await this.#rules.change(step);
        break;
      case 'wait':
        this.#portal.wait(step.seconds * 1000);
        break;
      case 'reset':
        await this.#resets(at(this.#people, step.who));
        break;
      default:
        await this.#acts(at(this.#browsers, step.by), step);
    }
    // One browser's step is checked there; a change that affects both, in both.
    for (const browser of 'by' in step ? [at(this.#browsers, step.by)] : this.#browsers)
      await this.#look(browser);
    if (step.do !== 'enrolment')
      assert.deepEqual(await this.#factors(), factors, 'factors have come or gone');
    await this.#rules.areAsTheyWere();
  }

  async #acts(browser: Browser, step: Act): Promise<void> {
    const { person } = browser;
    if (step.do === 'old cookies') {
      person.cookies.clear();
      for (const [name, value] of browser.before) person.cookies.set(name, value);
      return;
    }
    browser.before = new Map(person.cookies);
    const earlier = this.#provenBy(person);
    const proven = await this.#act(browser, step, earlier);
    if (person.cookies.get('postern') !== browser.before.get('postern')) {
      this.#proven.delete(browser.before.get('postern') ?? '');
    }
    const cookie = person.cookies.get('postern');
    if (cookie === undefined) return;
    if (proven) this.#proven.set(cookie, proven);
    else this.#proven.delete(cookie);
  }

  /** What the session has proven after the step. */
  async #act(
    browser: Browser,
    step: Exclude<Act, { do: 'old cookies' }>,
    earlier: Proven | undefined,
  ): Promise<Proven | undefined> {
    const { person } = browser;
    switch (step.do) {
      case 'password':
        return this.#givesPassword(browser, at(this.#people, step.who), step.right, earlier);
      case 'code':
        return this.#givesCode(browser, step, earlier);
      case 'recovery code':
        return this.#givesRecoveryCode(person, step.right, earlier);
      case 'enrolment':
        return this.#enrols(person, step.right, earlier);
      case 'not now':
        return this.#putsOff(person, earlier);
      case 'step-up':
        await person.visits('/step-up');
        await this.#sends(person, '/step-up', { password: PASSWORD });
        return earlier;
      case 'sign-out':
        await person.visits('/');
        return (await this.#sends(person, '/sign-out', {})).status === 303 ? undefined : earlier;
      case 'poke':
        await this.#pokes(person, step);
        return earlier;
    }
  }

  async #givesPassword(
    { person, trust }: Browser,
    who: Somebody,
    right: boolean,
    earlier: Proven | undefined,
  ): Promise<Proven | undefined> {
    await person.visits('/sign-in');
    const wasIn = (await person.loads('/profile')).status === 200;
    const fields = { email: who.account.email, password: right ? PASSWORD : 'a wrong password' };
    const { status } = await this.#sends(person, '/sign-in', fields);
    if (status !== 303 || wasIn || !right) return earlier;
    this.#rules.passwordAccepted(who);
    const isTrusted = trust?.who === who && trust.basis === this.#basisOf(who);
    const passed = isTrusted || !this.#rules.isMandatoryFor(who);
    return { who, epoch: who.epoch, at: this.#portal.now(), factor: isTrusted, passed };
  }

  async #givesCode(
    browser: Browser,
    { of, trust }: Extract<Step, { do: 'code' }>,
    earlier: Proven | undefined,
  ): Promise<Proven | undefined> {
    const { person } = browser;
    // The app's next code, because the last one may have been used.
    if (of === 'own') nextStep(this.#portal);
    const now = this.#portal.now();
    const others = this.#people.find((who) => who !== earlier?.who);
    const app = of === 'other' ? others?.app : earlier?.who.app;
    const code =
      of === 'guess' || !app
        ? '000000'
        : app.code(of === 'replay' && earlier ? earlier.who.lastStep * 30_000 : now);
    const isRight =
      of === 'own' && app !== undefined && earlier !== undefined && stepAt(now) > earlier.who.lastStep;
    await person.visits('/sign-in/code');
    const page = person.page.path.startsWith('/sign-in/code') ? '/sign-in/code' : '/step-up/code';
    const { headers } = await this.#sends(person, page, { code, ...(trust && { trust: 'yes' }) });
    const location = headers['location'] ?? '';
    // The code was right, but another factor is required: this may be put off, and no more is proven.
    const isLedOn = location.startsWith('/sign-in/set-up');
    // A redirect back is not a sign-in: the password may be too old.
    if (!isRight || (/^(\/(sign-in|step-up)|$)/.test(location) && !isLedOn)) return earlier;
    earlier.who.lastStep = stepAt(now);
    if (isLedOn) return { ...earlier, factor: true };
    if (trust && page === '/sign-in/code')
      browser.trust = { who: earlier.who, basis: this.#basisOf(earlier.who) };
    return { ...earlier, factor: true, passed: true };
  }

  async #givesRecoveryCode(
    person: Person,
    right: boolean,
    earlier: Proven | undefined,
  ): Promise<Proven | undefined> {
    await person.visits('/sign-in/code/recovery');
    const code = (right && earlier?.who.recoveryCodes[0]) || 'AAAA-BBBB-CCCC-DDDD';
    const { status } = await this.#sends(person, '/sign-in/code/recovery', { code });
    if (status !== 303 || !earlier || !earlier.who.recoveryCodes.includes(code)) return earlier;
    if (person.page.path !== '/sign-in/code/recovery') return earlier;
    earlier.who.recoveryCodes.shift();
    return { ...earlier, factor: true, passed: true };
  }

  /** "Not now": valid for as long as it may wait. */
  async #putsOff(person: Person, earlier: Proven | undefined): Promise<Proven | undefined> {
    await person.visits('/sign-in/set-up');
    const isOffered = person.page.buttons.includes('Not now');
    const { headers } = await this.#sends(person, '/sign-in/set-up/later', {});
    if (!earlier || earlier.who.app || !this.#rules.mayWait(earlier.who)) return earlier;
    return isOffered && headers['location'] === '/' ? { ...earlier, passed: true } : earlier;
  }

  async #enrols(person: Person, right: boolean, earlier: Proven | undefined): Promise<Proven | undefined> {
    if (!earlier) return earlier;
    // One app per person is enough for the model; nobody gets to a secret without proving the existing app.
    if (earlier.who.app) {
      if (!earlier.factor) await this.#seesNoSecret(person);
      return earlier;
    }
    const { who } = earlier;
    await person.visits('/profile/two-factor/set-up/app');
    if (!person.page.path.includes('/set-up')) return earlier;
    await person.visits(person.page.path.startsWith('/sign-in') ? '/sign-in/set-up/app' : person.page.path);
    // Another method is required.
    if (!person.page.path.endsWith('/set-up/app')) return earlier;
    const app = new AuthenticatorApp();
    app.type(person.page.$('#setup-key').text());
    const now = this.#portal.now();
    person.fillsIn('Authenticator Name', 'Phone');
    person.fillsIn('Verification Code', right ? app.code(now) : '000000');
    await person.presses('Submit Code and Create');
    if (!right) return earlier;
    const codes = person.page.$('.recovery-codes code').toArray();
    who.recoveryCodes = codes.map((one) => person.page.$(one).text());
    assert.equal(codes.length, 10, `${person.page.path}: ${person.page.text}`);
    await person.presses('I have saved them. Continue');
    who.app = app;
    who.lastStep = stepAt(now);
    return { ...earlier, factor: true, passed: true };
  }

  async #seesNoSecret(person: Person): Promise<void> {
    for (const path of ['/sign-in/set-up/app', '/profile/two-factor/set-up/app']) {
      const { $, path: shown } = await person.visits(path);
      assert.equal(
        $('#setup-key').length,
        0,
        `a secret is shown at ${shown} before the factor that there is was proven`,
      );
    }
  }

  async #pokes(person: Person, { route, id, post }: Extract<Step, { do: 'poke' }>): Promise<void> {
    const ids = [...this.#people.map(({ account }) => account.id), ...(await this.#factors())];
    const routes = routesOf(this.#portal.app).filter(({ pattern }) => !OWN_STEPS.has(pattern));
    const { pattern } = at(routes, route);
    const address = at(addressesOf({ pattern }, [at(ids, id)]), id);
    // A signed-in person may change their name or remove their own factor: this is no attack.
    if (post && /\/profile\/(two-factor|password|name)/.test(pattern) && this.#isIn(this.#provenBy(person)))
      return;
    const page = await person.visits('/sign-in');
    const answer =
      post && page.$('input[name=_csrf]').length > 0
        ? await this.#sends(person, address, BAG)
        : await person.loads(address);
    assert.ok(answer.status < 500, `${address}: ${answer.status}`);
  }

  async #resets({ account, ...who }: Somebody): Promise<void> {
    const { credentials, accounts } = this.#portal.services;
    await credentials.sendReset(account, OPERATOR);
    const stranger = new Person(this.#portal.app);
    await stranger.visits(await this.#nextLinkTo(account.email));
    stranger.fillsIn('New password', PASSWORD);
    await stranger.presses('Save password');
    const somebody = this.#people.find((one) => one.account.id === account.id);
    const stored = await accounts.find(account.id);
    assert.ok(somebody && stored && stored.sessionEpoch > who.epoch);
    somebody.epoch = stored.sessionEpoch;
  }

  async #nextLinkTo(email: string): Promise<string> {
    const mail = await this.#portal.mailbox.next(email);
    return /\/reset-password\?token=/.test(mail.text ?? '') ? linkIn(mail) : this.#nextLinkTo(email);
  }

  /** Asks the portal whether the browser is in, and the model whether it may be. */
  async #look({ person }: Browser): Promise<void> {
    const { status, $ } = await person.loads('/profile');
    if (status !== 200) return;
    const proven = this.#provenBy(person);
    const name = $('.menu-name').first().text().trim();
    assert.ok(
      this.#isIn(proven),
      `${name} is in; proven: ${JSON.stringify(proven && { ...proven, who: proven.who.account.email })}`,
    );
    assert.equal(name, proven?.who.account.name, 'somebody else is in');
    if (this.#rules.asksFor(proven.who)) this.reached.withFactor += 1;
    else if (this.#rules.isMandatoryFor(proven.who)) this.reached.inGrace += 1;
    else this.reached.without += 1;
  }

  #isIn(proven: Proven | undefined): proven is Proven {
    if (!proven || proven.epoch !== proven.who.epoch || this.#portal.now() - proven.at >= 86_400_000)
      return false;
    if (this.#rules.asksFor(proven.who)) return proven.factor;
    return proven.passed && (!this.#rules.isMandatoryFor(proven.who) || this.#rules.mayWait(proven.who));
  }

  #provenBy(person: Person): Proven | undefined {
    return this.#proven.get(person.cookies.get('postern') ?? '');
  }

  #basisOf({ epoch, app, trustEra }: Somebody): string {
    return JSON.stringify([epoch, app?.entry.secret, trustEra]);
  }

  /** The ids of all people's authenticators. */
  async #factors(): Promise<readonly string[]> {
    const ids = this.#people.map(({ account }) => account.id);
    const theirs = await Promise.all(ids.map((id) => this.#portal.services.authenticators.of(id)));
    return theirs.flat().map(({ id }) => id);
  }

  async #sends(person: Person, path: string, fields: Readonly<Record<string, string>>): Promise<Page> {
    const csrf = person.page.$('input[name=_csrf]').first().attr('value') ?? 'none';
    const answer = await person.submitsRaw('POST', path, fields, { csrf });
    assert.ok(answer.status < 500, `${path}: ${answer.status}`);
    return answer;
  }
}
