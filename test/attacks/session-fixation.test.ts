import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onBothStores, PASSWORD } from '../support/portal.ts';
import { givesPassword, nextStep } from '../support/steps.ts';
import { sessionsOf } from '../support/stored.ts';
import { sessionIdOf } from '../support/stored-session.ts';
import {
  canReachProfile,
  givesAppCode,
  signsInFully,
  thiefOf,
  type Victim,
  victimOf,
} from '../support/victim.ts';

const COOKIE = 'postern';

onBothStores('An attacker who knows the session id with which a person starts', (portal) => {
  let vera: Victim;

  before(async () => {
    vera = await victimOf(portal());
  });

  const cookieOf = (person: Person) => person.cookies.get(COOKIE) ?? '';

  function withCookie(cookie: string): Person {
    const person = new Person(portal().app);
    person.cookies.set(COOKIE, cookie);
    return person;
  }

  it('has an invalid id after the password, after the code, after a step-up and after a new password', async () => {
    const planted = new Person(portal().app);
    await planted.visits('/sign-in');
    const ids = [cookieOf(planted)];
    const person = withCookie(cookieOf(planted));
    await person.visits('/sign-in');
    await givesPassword(person, vera.email);
    ids.push(cookieOf(person));
    await givesAppCode(portal(), person, vera.app);
    ids.push(cookieOf(person));
    portal().wait(10 * 60_000);
    await person.visits('/profile/password');
    person.fillsIn('Password', PASSWORD);
    await person.presses('Continue');
    await givesAppCode(portal(), person, vera.app);
    ids.push(cookieOf(person));
    const changed = { password: PASSWORD, newPassword: PASSWORD };
    assert.equal((await person.submitsRaw('POST', '/profile/password', changed)).status, 303);
    assert.ok(await canReachProfile(person));
    assert.equal(new Set([...ids, cookieOf(person)]).size, 5);
    for (const id of ids) {
      const { status, headers } = await withCookie(id).loads('/profile');
      assert.equal(status, 303);
      assert.match(headers['location'] ?? '', /^\/sign-in\?/);
    }
  });

  it('has an invalid id after the sign-out, and the store has deleted it', async () => {
    const person = await signsInFully(portal(), vera);
    const cookie = cookieOf(person);
    const id = decodeURIComponent(cookie).slice(2).split('.')[0] ?? '';
    assert.ok((await sessionsOf(portal())).some((session) => session.includes(id)));
    await person.visits('/');
    await person.presses('Sign out');
    assert.ok(!(await canReachProfile(withCookie(cookie))));
    assert.ok(!(await sessionsOf(portal())).some((session) => session.includes(id)));
  });

  it('cannot make anybody use an invented id', async () => {
    for (const cookie of [
      'fixed',
      's:fixed',
      's:fixed.signature',
      '%00',
      `s:${'a'.repeat(32)}.${'b'.repeat(43)}`,
    ]) {
      const person = withCookie(cookie);
      await person.visits('/sign-in');
      assert.notEqual(cookieOf(person), cookie);
      await givesPassword(person, vera.email);
      assert.ok(!decodeURIComponent(cookieOf(person)).includes('fixed'));
    }
  });

  it('finds the id in no URL and in no page, only in a cookie that scripts cannot read', async () => {
    const person = await signsInFully(portal(), vera);
    const id = sessionIdOf(person);
    const page = await person.visits('/profile');
    assert.ok(!page.html.includes(id));
    assert.ok(person.trail.every((request) => !request.includes(id)));
    const again = await thiefOf(portal(), vera);
    nextStep(portal());
    again.fillsIn('Verification Code', vera.app.code(portal().now()));
    const { action, fields } = again.form('Continue');
    const { headers } = await again.submitsRaw('POST', action, fields);
    assert.equal(headers['location'], '/');
    const header = headers['set-cookie'] ?? '';
    assert.match(header, /HttpOnly/i);
    assert.match(header, /SameSite=Lax/i);
    assert.match(header, /Path=\//i);
  });
});
