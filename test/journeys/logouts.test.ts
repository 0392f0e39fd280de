import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { OidcApp } from '../../src/apps/app.ts';
import { hours, minutes, seconds } from '../../src/kernel/time.ts';
import { claimsOf, clientAt, type LogoutListener, listenForLogouts } from '../support/logout-listener.ts';
import { newClient } from '../support/oidc-apps.ts';
import type { Person } from '../support/person.ts';
import { anotherInstance, OPERATOR, onPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { until } from '../support/until.ts';
import { newEmail } from '../support/victim.ts';

/** Somebody who is signed in to an app. */
interface Visit {
  readonly account: Account;
  readonly person: Person;
  readonly app: OidcApp;
  readonly signInId: string;
  readonly sid: string;
}

onPortal('A sign-out', (portal) => {
  let listener: LogoutListener;
  before(async () => {
    listener = await listenForLogouts();
    await portal().deliver();
  });
  beforeEach(() => {
    listener.tokens.splice(0);
    listener.answer = (_request, response) => void response.end();
  });
  after(() => listener.close());

  /** Signs the newest sign-in of this account in to the app, as the provider does when it issues a code. */
  async function opens(account: Account, app: OidcApp, to: TestPortal = portal()) {
    const [signIn] = await to.services.signIns.of(account);
    assert.ok(signIn);
    const { origin } = OPERATOR;
    const sid = await to.services.clientSignIns.record(app, { account, signInId: signIn.id, origin });
    return { signInId: signIn.id, sid };
  }
  async function visit(): Promise<Visit> {
    const account = await portal().account(newEmail('ann'));
    const person = await signsIn(portal(), account.email);
    const app = await clientAt(portal(), listener);
    return { account, person, app, ...(await opens(account, app)) };
  }
  const again = async ({ id }: Account) => {
    const account = await portal().services.accounts.find(id);
    assert.ok(account);
    return account;
  };
  /** The `sid` of each token that was sent, once all of them were. */
  async function told({ app, account }: Pick<Visit, 'app' | 'account'>) {
    await portal().delivered();
    const claims = await Promise.all(listener.tokens.map((token) => claimsOf(portal(), app, token)));
    for (const { sub } of claims) assert.equal(sub, account.id);
    return claims.map(({ sid }) => sid);
  }

  it('is told to the app at once, by a token that it can verify, and the page says so', async () => {
    const ann = await visit();
    await ann.person.visits('/profile');
    await ann.person.presses('Sign out');
    assert.equal(ann.person.page.heading, 'You are signed out');
    assert.deepEqual(await told(ann), [ann.sid]);
    await ann.person.visits('/signed-out');
    assert.match(ann.person.page.text, new RegExp(`You are also signed out of ${ann.app.name}\\.`));
  });

  it('does not wait for an app, which the page lists as being told', async () => {
    const ann = await visit();
    const asked = Promise.withResolvers<() => void>();
    listener.answer = (_request, response) => asked.resolve(() => response.end());
    await ann.person.visits('/profile');
    await ann.person.presses('Sign out');
    const answer = await asked.promise;
    assert.match(ann.person.page.text, new RegExp(`being told that you have signed out.*: ${ann.app.name} `));
    answer();
    assert.deepEqual(await told(ann), [ann.sid]);
    await ann.person.visits('/signed-out');
    assert.doesNotMatch(ann.person.page.text, /being told/);
    assert.match(ann.person.page.text, /You are also signed out of/);
  });

  it('lists apps that cannot be told, with a link to each', async () => {
    const { account, person, sid } = await visit();
    const mute = await newClient(portal(), { name: 'Old wiki', startUrl: null });
    await opens(account, mute);
    await person.visits('/apps/sign-out');
    assert.match(person.page.text, /These apps cannot be told\. Sign out there, too: Old wiki/);
    await person.presses('Sign out now');
    const link = person.page.links.find(({ text }) => text === 'Old wiki');
    assert.equal(link?.href, `${mute.origin}/`);
    await portal().delivered();
    assert.equal(listener.tokens.length, 1, sid);
  });

  it('leaves the list to this browser alone, and to nobody after ten minutes', async () => {
    const { account, person } = await visit();
    await opens(account, await newClient(portal(), { name: 'Silent wiki' }));
    await person.visits('/profile');
    await person.presses('Sign out');
    assert.match(person.page.text, /Silent wiki/);
    const { person: bob } = await visit();
    await bob.visits('/profile');
    await bob.presses('Sign out');
    assert.doesNotMatch(bob.page.text, /Silent wiki/);
    portal().wait(minutes(10));
    await person.visits('/signed-out');
    assert.doesNotMatch(person.page.text, /Silent wiki/);
  });

  const { services } = { services: () => portal().services };
  const endings: Readonly<Record<string, (visit: Visit) => Promise<unknown>>> = {
    'is ended from another browser': async ({ account }) => {
      const there = await signsIn(portal(), account.email);
      await there.visits('/profile/sign-ins');
      await there.presses(there.page.buttons.find((text) => text.startsWith('Sign out –')) ?? '');
    },
    'is ended with all other browsers': async ({ account }) => {
      const there = await signsIn(portal(), account.email);
      await there.visits('/profile/sign-ins');
      await there.presses('Sign out everywhere else');
    },
    'ends by a change of the password in another browser': async ({ account }) => {
      const there = await signsIn(portal(), account.email);
      await there.visits('/profile/password');
      there.fillsIn('Current password', PASSWORD);
      there.fillsIn('New password', 'another eighteen herons');
      await there.presses('Change password');
      assert.ok(there.page.notice, there.page.text);
    },
    'ends by a reset of 2FA': async ({ account }) =>
      services().administration.resetTwoFactor(await again(account), OPERATOR),
    'ends with the account, which an administrator disables': async ({ account }) =>
      services().administration.disable(await again(account), OPERATOR),
    'is ended by an administrator': async ({ account }) =>
      services().administration.endSessions(await again(account), OPERATOR),
  };
  for (const [how, act] of Object.entries(endings)) {
    it(`reaches the app at once if the sign-in ${how}`, async () => {
      const ann = await visit();
      await act(ann);
      assert.deepEqual(await told(ann), [ann.sid]);
    });
  }

  it('reaches the app when the sign-in is a day old, and not when it idles', async () => {
    const ann = await visit();
    portal().wait(hours(2));
    await portal().deliver();
    assert.deepEqual(listener.tokens, []);
    portal().wait(hours(22));
    await portal().deliver();
    assert.deepEqual(await told(ann), [ann.sid]);
  });

  it('reaches an app that was down, once it is up again on the same port', async () => {
    const there = await listenForLogouts();
    const { account, person } = await visit();
    const app = await clientAt(portal(), there);
    const { sid } = await opens(account, app);
    await there.close();
    await person.visits('/profile');
    await person.presses('Sign out');
    await portal().delivered();
    await person.visits('/signed-out');
    assert.match(person.page.text, new RegExp(`being told that you have signed out.*: ${app.name} `));
    const up = await listenForLogouts(Number(new URL(there.uri).port));
    portal().wait(seconds(5));
    await portal().deliver();
    assert.deepEqual(
      await Promise.all(up.tokens.map(async (one) => (await claimsOf(portal(), app, one))['sid'])),
      [sid],
    );
    await up.close();
  });

  it('reaches the app after a restart, by the next instance on the same database', async () => {
    const ann = await visit();
    const other = await anotherInstance(portal());
    listener.answer = (_request, response) => void response.writeHead(503).end();
    await ann.person.visits('/profile');
    await ann.person.presses('Sign out');
    await portal().delivered();
    const tried = listener.tokens.length;
    listener.answer = (_request, response) => void response.end();
    portal().wait(seconds(6));
    await other.deliver();
    await until('another token', () => listener.tokens.length > tried);
    const sids = await told(ann);
    assert.deepEqual([...new Set(sids)], [ann.sid]);
    await other.close();
  });

  const odd: Readonly<Record<string, LogoutListener['answer']>> = {
    'a megabyte': (_request, response) => void response.end('x'.repeat(1024 * 1024)),
    'nothing (204)': (_request, response) => void response.writeHead(204).end(),
    slowly: (_request, response) => {
      response.writeHead(200).write('.');
      setTimeout(() => response.end(), 50);
    },
  };
  for (const [what, answer] of Object.entries(odd)) {
    it(`is told once to an app that answers ${what}`, async () => {
      const ann = await visit();
      listener.answer = answer;
      await ann.person.visits('/profile');
      await ann.person.presses('Sign out');
      assert.deepEqual(await told(ann), [ann.sid]);
      portal().wait(minutes(1));
      await portal().deliver();
      assert.equal(listener.tokens.length, 1);
    });
  }

  it('is not told to where a redirect leads, and is tried again', async () => {
    const elsewhere = await listenForLogouts();
    const ann = await visit();
    listener.answer = (_request, response) => void response.writeHead(307, { Location: elsewhere.uri }).end();
    await ann.person.visits('/profile');
    await ann.person.presses('Sign out');
    await portal().delivered();
    assert.deepEqual([listener.tokens.length, elsewhere.tokens.length], [1, 0]);
    portal().wait(seconds(5));
    listener.answer = (_request, response) => void response.end();
    await portal().deliver();
    assert.deepEqual(await told(ann), [ann.sid, ann.sid]);
    await elsewhere.close();
  });

  it('is told to nobody once the app is gone, and to the new address once it has another one', async () => {
    const [gone, moved] = [await visit(), await visit()];
    const there = await listenForLogouts();
    listener.answer = (_request, response) => void response.writeHead(503).end();
    for (const { person } of [gone, moved]) {
      await person.visits('/profile');
      await person.presses('Sign out');
    }
    await portal().delivered();
    listener.tokens.splice(0);
    const { id, createdAt: _, ...input } = moved.app;
    const client = { ...moved.app.client, backchannelLogoutUri: there.uri };
    const saved = await services().apps.update(id, { ...input, client }, OPERATOR);
    assert.equal(saved.kind, 'changed', JSON.stringify(saved));
    await services().apps.remove(gone.app, OPERATOR);
    portal().wait(minutes(1));
    await portal().deliver();
    assert.deepEqual([listener.tokens.length, there.tokens.length], [0, 1]);
    assert.equal((await claimsOf(portal(), moved.app, there.tokens[0] ?? ''))['sid'], moved.sid);
    await there.close();
  });

  it('is shown to administrators while the app does not confirm it, and when it has refused', async () => {
    const email = newEmail('ada');
    await portal().account(email, 'administrator');
    const ann = await visit();
    const page = `/admin/apps/${ann.app.id}`;
    const looks = async () => {
      const ada = await signsIn(portal(), email);
      await ada.visits(page);
      if (ada.page.heading !== ann.app.name) await givesPassword(ada, email);
      await ada.visits(page);
      return ada.page.text;
    };
    assert.match(await looks(), /Sign-outs When somebody’s sign-in ends, this app is told at http:\/\/127/);
    listener.answer = (_request, response) => void response.writeHead(503).end();
    await ann.person.visits('/profile');
    await ann.person.presses('Sign out');
    await portal().delivered();
    assert.doesNotMatch(await looks(), /has not confirmed/);
    portal().wait(minutes(16));
    const late = await looks();
    assert.match(late, /has not confirmed 1 sign-out, since .*\. It is told again and again/);
    assert.match(late, /The last try failed: 503/);
    listener.answer = (_request, response) =>
      void response.writeHead(400).end('{"error":"invalid_request","error_description":"wrong iss"}');
    await portal().deliver();
    const refused = await looks();
    assert.match(refused, /In the last 30 days, 1 sign-out was not confirmed/);
    assert.match(refused, /The last try failed: 400 invalid_request: wrong iss/);
    assert.doesNotMatch(refused, /has not confirmed/);
  });
});
