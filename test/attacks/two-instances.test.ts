import assert from 'node:assert/strict';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import { linkIn } from '../support/mailbox.ts';
import type { Page } from '../support/page.ts';
import { Person } from '../support/person.ts';
import { anotherInstance, OPERATOR, onBothStores, type TestPortal } from '../support/portal.ts';
import { nextStep, signsIn } from '../support/steps.ts';
import {
  codesLeft,
  enrolsEmail,
  mailedCode,
  newEmail,
  thiefOf,
  trustsBrowser,
  victimOf,
  victimWithCodes,
} from '../support/victim.ts';

onBothStores('An attacker who sends everything to two instances at once', (portal) => {
  let other: TestPortal;

  before(async () => {
    other = await anotherInstance(portal());
  });

  after(async () => {
    await other.close();
  });

  /** The same browser at the other instance; `app` and `other` share only database and session store. */
  async function twinOf(person: Person): Promise<Person> {
    const twin = new Person(other.app);
    for (const [name, value] of person.cookies) twin.cookies.set(name, value);
    await twin.visits(person.page.path);
    assert.equal(twin.page.heading, person.page.heading);
    return twin;
  }

  /** Presses the button ten times on each of the two, all at once. */
  async function racesOnBoth(
    person: Person,
    fields: Readonly<Record<string, string>>,
    button: string,
  ): Promise<Page[]> {
    const people = [person, await twinOf(person)];
    for (const one of people) for (const [label, text] of Object.entries(fields)) one.fillsIn(label, text);
    return (await Promise.all(people.map((one) => one.races(10, button)))).flat();
  }

  const at = (answers: readonly Page[], location: string) =>
    answers.filter(({ headers }) => headers['location'] === location).length;

  it('gets in once with one code of the app', async () => {
    const vera = await victimOf(portal());
    const thief = await thiefOf(portal(), vera);
    portal().wait(30_000);
    const answers = await racesOnBoth(
      thief,
      { 'Verification Code': vera.app.code(portal().now()) },
      'Continue',
    );
    assert.equal(at(answers, '/'), 1);
  });

  it('gets in once with one mailed code', async () => {
    const email = newEmail('vera');
    await enrolsEmail(portal(), await portal().account(email));
    const thief = await signsIn(portal(), email);
    const code = await mailedCode(portal(), email);
    const answers = await racesOnBoth(thief, { 'Verification Code': code }, 'Continue');
    assert.equal(at(answers, '/'), 1);
  });

  it('gets in once with one recovery code', async () => {
    const vera = await victimWithCodes(portal());
    const thief = await thiefOf(portal(), vera);
    await thief.visits('/sign-in/code/recovery');
    const [code = ''] = vera.recoveryCodes;
    const answers = await racesOnBoth(thief, { 'Recovery code': code }, 'Continue');
    assert.equal(at(answers, '/profile/two-factor'), 1);
    assert.equal(await codesLeft(portal(), vera.account), 9);
  });

  it('has five guesses checked, not twenty', async () => {
    const vera = await victimOf(portal());
    const thief = await thiefOf(portal(), vera);
    const answers = await racesOnBoth(thief, { 'Verification Code': '000000' }, 'Continue');
    assert.equal(answers.filter(({ status }) => status === 422).length, 5);
    assert.equal(answers.filter(({ status }) => status === 429).length, 15);
  });

  it('causes one code', async () => {
    const email = newEmail('vera');
    await enrolsEmail(portal(), await portal().account(email));
    const thief = await signsIn(portal(), email);
    await mailedCode(portal(), email);
    portal().wait(30_000);
    const before = portal().mailbox.sentTo(email).length;
    await thief.visits('/sign-in/code');
    const answers = await racesOnBoth(thief, {}, 'Send a new code');
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(portal().mailbox.sentTo(email).length - before, 1);
  });

  it('creates one authenticator with one proof', async () => {
    const email = newEmail('vera');
    const { id } = await portal().account(email);
    const person = await signsIn(portal(), email);
    await person.visits('/profile/two-factor/set-up/app');
    const app = new AuthenticatorApp();
    app.type(person.page.$('#setup-key').text());
    const fields = { 'Authenticator Name': 'Phone', 'Verification Code': app.code(portal().now()) };
    await racesOnBoth(person, fields, 'Submit Code and Create');
    assert.equal((await portal().services.authenticators.of(id)).length, 1);
  });

  it('changes the password once with one link', async () => {
    const email = newEmail('vera');
    await portal().account(email);
    await portal().services.credentials.requestReset(email, OPERATOR.origin);
    const person = new Person(portal().app);
    await person.visits(linkIn(await portal().mailbox.next(email)));
    const answers = await racesOnBoth(person, { 'New password': 'forty brown sparrows' }, 'Save password');
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
  });

  it('is renewed as a trusted browser once with one token', async () => {
    const vera = await victimOf(portal());
    const trusted = await trustsBrowser(portal(), vera);
    nextStep(portal());
    await trusted.presses('Sign out');
    await trusted.visits('/sign-in');
    const answers = await racesOnBoth(
      trusted,
      { Email: vera.email, Password: 'seventeen green herons' },
      'Sign in',
    );
    assert.equal(at(answers, '/'), 1);
  });

  it('finds that a session ended on one instance is invalid on the other at once', async () => {
    const vera = await victimOf(portal());
    const twin = await twinOf(vera.browser);
    await vera.browser.visits('/');
    await vera.browser.presses('Sign out');
    assert.equal((await twin.loads('/profile')).status, 303);
  });
});
