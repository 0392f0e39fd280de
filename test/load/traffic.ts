import assert from 'node:assert/strict';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import { oneTimeCode } from '../support/one-time-code.ts';
import type { Person } from '../support/person.ts';
import { PASSWORD, type Somebody } from '../support/somebody.ts';

/** One visitor's actions, from the first page to the last; throws if a response is wrong. */
export interface Errand {
  readonly name: string;
  run(person: Person, somebody: Somebody): Promise<void>;
}

/** In the proportions of a help desk's day: many read pages, some sign in, few set something up. */
export const ERRANDS: readonly Errand[] = [
  { name: 'sign-in', run: signsIn },
  { name: 'sign-in and looking around', run: looksAround },
  { name: 'sign-in and looking around', run: looksAround },
  { name: 'wrong password', run: mistypesPassword },
  { name: 'wrong code', run: mistypesCode },
  { name: 'enrolment', run: enrols },
];

/** The page of the person, for the report of a failed test. */
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
    // A wrong page of another person is detected here.
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
  person.fillsIn('Email', email);
  person.fillsIn('Password', password);
  await person.presses('Sign in');
}

function codeOf(key: Buffer): string {
  return oneTimeCode(key, 'sha1', 6, Math.floor(Date.now() / 30_000));
}
