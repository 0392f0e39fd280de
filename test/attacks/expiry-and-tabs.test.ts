import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onBothStores, PASSWORD } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { givesPassword, nextStep } from '../support/steps.ts';
import { leaveTime, timeLeft } from '../support/stored-session.ts';
import { clockAround } from '../support/until.ts';
import {
  canReachProfile,
  currentAccount,
  givesAppCode,
  idsOf,
  signsInFully,
  thiefOf,
  type Victim,
  victimOf,
} from '../support/victim.ts';

const HOUR = 3_600_000;

onBothStores('An attacker at a browser that a person has used', (portal) => {
  let vera: Victim;

  beforeEach(async () => {
    vera = await victimOf(portal());
  });

  it('cannot finish a sign-in an hour after the password, even with a valid code', async () => {
    const thief = await thiefOf(portal(), vera);
    portal().wait(HOUR);
    thief.fillsIn('Verification Code', vera.app.code(portal().now()));
    await thief.presses('Continue');
    assert.equal(thief.page.heading, 'Sign in');
    assert.ok(!(await canReachProfile(thief)));
  });

  it('cannot finish a sign-in after a change of the password, or in a disabled account', async () => {
    const { credentials, accounts } = portal().services;
    const actor = { party: { id: null, label: 'test' }, origin: { requestId: '', address: '', browser: '' } };
    const ends = [
      async () => credentials.changePassword(await currentAccount(portal(), vera), PASSWORD, actor),
      async () => accounts.endSessions(vera.account.id),
    ];
    for (const end of ends) {
      const thief = await thiefOf(portal(), vera);
      await end();
      nextStep(portal());
      thief.fillsIn('Verification Code', vera.app.code(portal().now()));
      await thief.presses('Continue');
      assert.equal(thief.page.heading, 'Sign in');
    }
  });

  it('is out after 24 hours, however busy the session was', async () => {
    const person = await signsInFully(portal(), vera);
    for (let hour = 0; hour < 24; hour++) {
      assert.ok(await canReachProfile(person), `after ${hour} hours`);
      portal().wait(HOUR);
    }
    assert.ok(!(await canReachProfile(person)));
  });

  it('is out after an hour without a request: the store decides, whatever the cookie says', async () => {
    const person = await signsInFully(portal(), vera);
    await leaveTime(portal(), person, HOUR / 2);
    assert.ok(await canReachProfile(person));
    const left = await timeLeft(portal(), person);
    assert.ok(left > HOUR - 60_000 && left <= HOUR, `${left} ms`);
    await leaveTime(portal(), person, -HOUR);
    assert.ok(!(await canReachProfile(person)));
  });

  it('has a cookie that lasts as long as a sign-in may last', async () => {
    const person = new Person(portal().app);
    const { from, to, result } = await clockAround(() => person.loads('/sign-in'));
    const cookie = result.headers['set-cookie'] ?? 'no cookie';
    const expires = Date.parse(/Expires=([^;]+)/i.exec(cookie)?.[1] ?? '');
    const sent = expires - 24 * HOUR;
    assert.ok(from - 1000 < sent && sent <= to, `${cookie}: in whole seconds`);
  });

  it('finds no page in a cache: every response of the router forbids storing it', async () => {
    const ids = await idsOf(portal(), vera);
    const people = [
      await signsInFully(portal(), vera),
      await thiefOf(portal(), vera),
      new Person(portal().app),
    ];
    for (const person of people) {
      for (const { method, address } of knocksOn(portal().app, ids.slice(0, 2))) {
        if (method === 'POST') continue;
        const { headers } = await person.loads(address);
        assert.equal(headers['cache-control'], 'no-store', address);
      }
    }
  });

  it('finds no signed-in page without a way to sign out', async () => {
    const person = await signsInFully(portal(), vera);
    let pages = 0;
    for (const { method, address } of knocksOn(portal().app, [vera.account.id])) {
      if (method === 'POST') continue;
      const page = await person.loads(address);
      // A file, a page for programs, a redirect.
      if (page.status >= 300 && page.status < 400) continue;
      if (!(page.headers['content-type'] ?? '').startsWith('text/html')) continue;
      assert.equal(page.$('header form[action="/sign-out"] button').length, 1, address);
      pages += 1;
    }
    assert.ok(pages > 30, `${pages} pages`);
  });

  it('gets the sign-in page when going back after the sign-out, which also clears the cache', async () => {
    const person = await signsInFully(portal(), vera);
    const tab = person.copy();
    await tab.visits('/profile/two-factor');
    const answer = await person.submitsRaw('POST', '/sign-out', {});
    assert.match(answer.headers['clear-site-data'] ?? '', /"cache"/);
    await tab.visits('/profile/two-factor');
    assert.equal(tab.page.heading, 'Sign in');
  });

  it('is not signed in as one person by the code page of another, left open in a second tab', async () => {
    const mallory = await victimOf(portal(), { name: 'Mallory' });
    const first = await thiefOf(portal(), mallory);
    await first.visits('/sign-in/code');
    const second = first.copy();
    await second.visits('/sign-in');
    await givesPassword(second, vera.email);
    assert.equal(second.page.path, '/sign-in/code');
    // The first tab's session has been replaced; with the second's cookie its form has the token of another session.
    nextStep(portal());
    first.fillsIn('Verification Code', mallory.app.code(portal().now()));
    await first.presses('Continue');
    assert.ok(!(await canReachProfile(first)));
    first.cookies.set('postern', second.cookies.get('postern') ?? '');
    await first.visits('/sign-in/code');
    first.fillsIn('Verification Code', mallory.app.code(portal().now()));
    await first.presses('Continue');
    assert.equal(first.page.status, 422);
    await givesAppCode(portal(), first, vera.app);
    assert.ok(await canReachProfile(first));
    assert.match(first.page.text, /Vera Victim/);
  });
});
