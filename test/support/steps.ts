import { AuthenticatorApp } from './authenticator-app.ts';
import { codeIn } from './mailbox.ts';
import { Person, type PersonOptions } from './person.ts';
import { PASSWORD, type TestPortal } from './portal.ts';

/** Signs in with the password and is on the next page. */
export async function signsIn(
  portal: TestPortal,
  email: string,
  options: PersonOptions = {},
): Promise<Person> {
  const person = new Person(portal.app, options);
  await person.visits('/sign-in');
  await givesPassword(person, email);
  return person;
}

/** Proves the password again, in another tab; the open page stays, and its form is out of date. */
export async function stepsUpElsewhere(portal: TestPortal, person: Person): Promise<void> {
  portal.wait(11 * 60_000);
  const tab = person.copy();
  await tab.visits('/profile/email');
  tab.fillsIn('Password', PASSWORD);
  await tab.presses('Continue');
  for (const [name, value] of tab.cookies) person.cookies.set(name, value);
}

/** Fills in the open sign-in form. */
export async function givesPassword(person: Person, email: string, password = PASSWORD): Promise<void> {
  person.fillsIn('Email', email);
  person.fillsIn('Password', password);
  await person.presses('Sign in');
}

/** From "Your 2FA": creates the email authenticator. */
export async function setsUpEmail(
  portal: TestPortal,
  person: Person,
  email: string,
  name = 'Work mail',
): Promise<void> {
  await person.visits('/profile/two-factor');
  await person.follow('Set up email authentication');
  person.fillsIn('Authenticator Name', name);
  await person.presses('Send Verification Code');
  person.fillsIn('Verification Code', codeIn(await portal.mailbox.next(email)));
  await person.presses('Submit Code and Create');
  await portal.mailbox.next(email);
  await savesRecoveryCodes(portal, person, email);
}

/** From "Your 2FA": creates an app authenticator by scanning the QR code. */
export async function setsUpApp(
  portal: TestPortal,
  person: Person,
  email: string,
  name = 'Phone',
): Promise<AuthenticatorApp> {
  await person.visits('/profile/two-factor');
  await person.follow('Set up authentication app');
  const app = await scansQrCode(person);
  person.fillsIn('Authenticator Name', name);
  person.fillsIn('Verification Code', app.code(portal.now()));
  await person.presses('Submit Code and Create');
  await portal.mailbox.next(email);
  await savesRecoveryCodes(portal, person, email);
  return app;
}

/** After the first authenticator: the recovery codes are shown; returns them and continues. */
export async function savesRecoveryCodes(
  portal: TestPortal,
  person: Person,
  email: string,
): Promise<string[]> {
  if (person.page.heading !== 'Recovery codes') return [];
  await portal.mailbox.next(email);
  const codes = person.page
    .$('.recovery-codes code')
    .toArray()
    .map((code) => person.page.$(code).text());
  await person.presses('I have saved them. Continue');
  return codes;
}

/** Reads the QR code of the open page. */
export async function scansQrCode(person: Person): Promise<AuthenticatorApp> {
  const app = new AuthenticatorApp();
  app.scan(pictureOn(person));
  return app;
}

/** The one picture of the open page; it is part of the page (RFC 2397). */
export function pictureOn({ page }: Person): Buffer {
  const [, picture] = /^data:image\/png;base64,(.+)$/.exec(page.$('img').attr('src') ?? '') ?? [];
  if (picture === undefined) throw new Error(`There is no picture on the page "${page.heading}".`);
  return Buffer.from(picture, 'base64');
}

/** Advances the clock until the app's next code has not been used yet. */
export function nextStep(portal: TestPortal): void {
  portal.wait(30_000);
}

/** Advances the clock to the start of a time step: everything in the next half minute is in one step. */
export function atStepStart(portal: TestPortal): void {
  portal.wait(30_000 - (portal.now() % 30_000));
}
