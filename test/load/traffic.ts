import assert from 'node:assert/strict';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import { oneTimeCode } from '../support/one-time-code.ts';
import type { Person } from '../support/person.ts';
import { PASSWORD, type Somebody } from '../support/somebody.ts';

/** What one visitor does, from the first page to the last; throws where an answer is not the one that it has to be. */
export interface Errand {
  readonly name: string;
  run(person: Person, somebody: Somebody): Promise<void>;
}

/** In the proportions of a help desk's day: many look around, some sign in, few set something up. */
export const ERRANDS: readonly Errand[] = [
  { name: 'sign-in', run: signsIn },
  { name: 'sign-in and looking around', run: looksAround },
  { name: 'sign-in and looking around', run: looksAround },
  { name: 'wrong password', run: mistypesPassword },
  { name: 'wrong code', run: mistypesCode },
  { name: 'enrolment', run: enrols },
];

/** What the person sees, for the report of a test that fails. */
function shown({ page }: Person): string {
  return `${page.path}, ${page.status}: ${page.heading}. ${page.text}`;
}

async function signsIn(person: Person, { email, key }: Somebody): Promise<void> {
  await givesPassword(person, email, PASSWORD);
  assert.equal(person.page.path, '/sign-in/code', shown(person));
  person.fillsIn('Verification Code', codeOf(key));
  await person.presses('Continue');
  assert.equal(person.page.status, 200);
  assert.equal(person.page.heading, 'Hello, Some Body');
}

async function looksAround(person: Person, somebody: Somebody): Promise<void> {
  await signsIn(person, somebody);
  for (let round = 0; round < 3; round += 1) {
    await person.visits('/profile');
    assert.equal(person.page.status, 200);
    // Whoever gets another's page gets it here.
    assert.match(person.page.text, new RegExp(`(^|\\s)${somebody.email}`));
    await person.visits('/profile/two-factor');
    assert.match(person.page.text, /Phone/);
    await person.visits('/profile/sign-ins');
    assert.equal(person.page.status, 200);
  }
  await person.presses('Sign out');
  await person.visits('/profile');
  assert.match(person.page.path, /^\/sign-in\?return-to=/);
}

async function mistypesPassword(person: Person, { email }: Somebody): Promise<void> {
  await givesPassword(person, email, 'eighteen green herons');
  assert.equal(person.page.status, 422);
  assert.match(person.page.title, /^Error: /);
  await person.visits('/profile');
  assert.match(person.page.path, /^\/sign-in\?return-to=/);
}

async function mistypesCode(person: Person, { email, key }: Somebody): Promise<void> {
  await givesPassword(person, email, PASSWORD);
  person.fillsIn('Verification Code', oneTimeCode(key, 'sha1', 6, 1));
  await person.presses('Continue');
  assert.equal(person.page.status, 422);
  await person.visits('/profile');
  assert.equal(person.page.path, '/sign-in/code');
}

/** Sets up a second app beside the first. */
async function enrols(person: Person, somebody: Somebody): Promise<void> {
  await signsIn(person, somebody);
  await person.visits('/profile/two-factor');
  await person.follow('Set up authentication app');
  const app = new AuthenticatorApp();
  app.type(person.page.$('#setup-key').text());
  person.fillsIn('Authenticator Name', 'Tablet');
  person.fillsIn('Verification Code', app.code(Date.now()));
  await person.presses('Submit Code and Create');
  assert.equal(person.page.status, 200, person.page.text);
  await person.visits('/profile/two-factor');
  assert.match(person.page.text, /Tablet/);
}

async function givesPassword(person: Person, email: string, password: string): Promise<void> {
  await person.visits('/sign-in');
  assert.equal(person.page.status, 200);
  person.fillsIn('E-mail', email);
  person.fillsIn('Password', password);
  await person.presses('Sign in');
}

function codeOf(key: Buffer): string {
  return oneTimeCode(key, 'sha1', 6, Math.floor(Date.now() / 30_000));
}
