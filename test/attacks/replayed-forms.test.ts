import assert from 'node:assert/strict';
import type { Page } from '../support/page.ts';
import { Person, type PersonOptions } from '../support/person.ts';
import { OPERATOR, onBothStores, PASSWORD } from '../support/portal.ts';
import { givesPassword, nextStep, signsIn } from '../support/steps.ts';
import { lastingTablesOf, sessionsOf } from '../support/stored.ts';
import { canReachProfile, newEmail, signsInFully, type Victim, victimOf } from '../support/victim.ts';

const COOKIE = 'postern';
const LIFETIME = 15_000;

/** A browser's request, and its response. */
interface Sent {
  readonly fields: Readonly<Record<string, string>>;
  readonly action: string;
  /** The cookie of the request. */
  readonly cookie: string;
  readonly answer: Page;
  readonly person: Person;
}

onBothStores('An attacker who has intercepted a form that a person has just sent', (portal) => {
  /** Ann signs in, without a second factor. */
  async function signsInOnce(options: PersonOptions = {}): Promise<Sent & { email: string }> {
    const { email } = await portal().account(newEmail('ann'));
    const person = new Person(portal().app, options);
    await person.visits('/sign-in');
    person.fillsIn('Email', email);
    person.fillsIn('Password', PASSWORD);
    return { email, ...(await sends(person, 'Sign in')) };
  }

  async function sends(person: Person, button: string): Promise<Sent> {
    const { action, fields } = person.form(button);
    const cookie = person.cookies.get(COOKIE) ?? '';
    const answer = await person.submitsRaw('POST', action, fields, { csrf: 'none' });
    assert.equal(answer.status, 303);
    return { fields: fields as Record<string, string>, action, cookie, answer, person };
  }

  /** Sends the form again, with this cookie; "" for none. */
  async function replays(
    { action, fields, cookie }: Sent,
    change: { fields?: Record<string, string>; cookie?: string; options?: PersonOptions } = {},
  ): Promise<{ status: number; person: Person; answer: Page }> {
    const person = new Person(portal().app, change.options ?? {});
    const sent = change.cookie ?? cookie;
    if (sent !== '') person.cookies.set(COOKIE, sent);
    const body = { ...fields, ...change.fields };
    const answer = await person.submitsRaw('POST', action, body, { csrf: 'none' });
    return { status: answer.status, person, answer };
  }

  /** Refused, and no cookie that gives access to anything. */
  async function isRefused(sent: Sent, change: Parameters<typeof replays>[1] = {}): Promise<void> {
    const { status, person, answer } = await replays(sent, change);
    assert.equal(status, 403);
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.ok(!(await canReachProfile(person)));
  }

  it('gets the same response with everything that the browser itself has: this is what helps people with a tremor', async () => {
    const { status, person } = await replays(await signsInOnce());
    assert.equal(status, 303);
    assert.ok(await canReachProfile(person));
  });

  it('gets nothing in another browser, with another cookie, or without one', async () => {
    const sent = await signsInOnce();
    await isRefused(sent, { options: { userAgent: 'Dillo/3.1.1' } });
    await isRefused(sent, { cookie: '' });
    const other = new Person(portal().app);
    await other.visits('/sign-in');
    await isRefused(sent, { cookie: other.cookies.get(COOKIE) ?? '' });
    const [id = ''] = sent.cookie.split('.');
    await isRefused(sent, { cookie: `${id}.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA` });
  });

  it('gets nothing with one character changed, one more field, or at another address', async () => {
    const sent = await signsInOnce();
    await isRefused(sent, { fields: { password: `${PASSWORD.slice(0, -1)}X` } });
    await isRefused(sent, { fields: { email: `x${sent.email}` } });
    await isRefused(sent, { fields: { extra: '' } });
    await isRefused(sent, { fields: { _csrf: `${sent.fields['_csrf']?.slice(0, -1)}_` } });
    await isRefused({ ...sent, action: '/sign-in?x=1' });
  });

  it('gets nothing with an invented token, first or second', async () => {
    const person = new Person(portal().app);
    await person.visits('/sign-in');
    const cookie = person.cookies.get(COOKIE) ?? '';
    const fields = { _csrf: 'AbCdEfGh-0123456789abcdefghijklmnopq', email: 'a@example.org', password: 'x' };
    const sent = { person, cookie, fields, action: '/sign-in', answer: person.page };
    for (const _time of [1, 2]) await isRefused(sent);
  });

  it('gets nothing a few seconds later', async () => {
    const sent = await signsInOnce();
    portal().wait(LIFETIME - 1000);
    assert.equal((await replays(sent)).status, 303);
    portal().wait(1001);
    await isRefused(sent);
  });

  it('gets nothing by a session id that they have planted: the token of the form is not theirs', async () => {
    const mallory = new Person(portal().app);
    await mallory.visits('/sign-in');
    const planted = mallory.cookies.get(COOKIE) ?? '';
    const { email } = await portal().account(newEmail('ann'));
    const ann = new Person(portal().app);
    ann.cookies.set(COOKIE, planted);
    await ann.visits('/sign-in');
    ann.fillsIn('Email', email);
    ann.fillsIn('Password', PASSWORD);
    await sends(ann, 'Sign in');
    mallory.fillsIn('Email', email);
    mallory.fillsIn('Password', PASSWORD);
    const { action, fields } = mallory.form('Sign in');
    const answer = await mallory.submitsRaw('POST', action, fields, { csrf: 'none' });
    assert.equal(answer.status, 403);
    assert.ok(!(await canReachProfile(mallory)));
  });

  const ENDS: Readonly<Record<string, (sent: Sent & { email: string }) => Promise<unknown>>> = {
    'they have signed out': async ({ person }) => {
      await person.visits('/');
      await person.presses('Sign out');
    },
    'their sessions were ended': async ({ email }) => {
      const account = await portal().services.accounts.findByEmail(email);
      await portal().services.accounts.endSessions(account?.id ?? '');
    },
    'the account was disabled': async ({ email }) => {
      const account = await portal().services.accounts.findByEmail(email);
      assert.ok(account);
      await portal().services.accounts.disable(account.id, portal().now());
    },
    'this sign-in was ended in the list': async ({ email }) => {
      const account = await portal().services.accounts.findByEmail(email);
      assert.ok(account);
      const { signIns } = portal().services;
      for (const { id } of await signIns.of(account, Number.POSITIVE_INFINITY)) {
        await signIns.end(account, id, OPERATOR);
      }
    },
  };

  for (const [what, end] of Object.entries(ENDS)) {
    it(`does not sign in with it again once ${what}`, async () => {
      const sent = await signsInOnce();
      const renewed = sent.person.cookies.get(COOKIE) ?? '';
      await end(sent);
      for (const cookie of [sent.cookie, renewed]) await isRefused(sent, { cookie });
    });
  }

  it('cannot send a second code with the form of the first one after the sign-out', async () => {
    const vera: Victim = await victimOf(portal());
    const person = await signsIn(portal(), vera.email);
    nextStep(portal());
    person.fillsIn('Verification Code', vera.app.code(portal().now()));
    const sent = await sends(person, 'Continue');
    await person.visits('/');
    await person.presses('Sign out');
    await isRefused(sent);
  });

  it('does nothing for another person who has signed in at the same browser in between', async () => {
    const sent = await signsInOnce();
    await sent.person.visits('/');
    await sent.person.presses('Sign out');
    const { email } = await portal().account(newEmail('ben'));
    await sent.person.visits('/sign-in');
    await givesPassword(sent.person, email);
    const ben = sent.person.cookies.get(COOKIE) ?? '';
    const { status, person } = await replays(sent, { cookie: ben });
    assert.equal(status, 403);
    const profile = await person.loads('/profile');
    assert.match(profile.html, new RegExp(email), 'ben is signed in, and stays so');
  });

  it('finds no readable response in the store', async () => {
    const sent = await signsInOnce();
    const stored = [...(await sessionsOf(portal()))].join('\n');
    const [, id = ''] = /^s%3A([\w-]+)/.exec(sent.person.cookies.get(COOKIE) ?? '') ?? [];
    assert.ok(id.length > 20);
    const answers = stored.split('\n').filter((line) => line.includes('postern:submission:'));
    for (const text of [id, sent.fields['_csrf'] ?? '', sent.email, '/sign-in']) {
      for (const line of answers) assert.ok(!line.includes(text), line);
    }
  });

  it('makes the site remember no more than sixteen forms of a session', async () => {
    const vera = await victimOf(portal());
    const person = await signsInFully(portal(), vera);
    await person.visits('/profile/name');
    const [{ action, fields }, cookie] = [person.form('Save'), person.cookies.get(COOKIE) ?? ''];
    const named = (name: string) => ({ ...(fields as Record<string, string>), name });
    for (let count = 1; count <= 17; count += 1) {
      await person.submitsRaw('POST', action, named(`Vera ${count}`), { csrf: 'none' });
    }
    const sent = { person, action, cookie, fields: named('Vera 2'), answer: person.page };
    const before = await lastingTablesOf(portal());
    assert.equal((await replays(sent)).status, 303);
    assert.deepEqual(await lastingTablesOf(portal()), before, 'the second is remembered');
    assert.equal((await replays({ ...sent, fields: named('Vera 1') })).status, 303);
    assert.notDeepEqual(await lastingTablesOf(portal()), before, 'the first is not');
  });
});
