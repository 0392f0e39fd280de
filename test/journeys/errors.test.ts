import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import request from 'supertest';
import { hashing } from '../../src/accounts/hashing-queue.ts';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';

onPortal('Errors', (portal) => {
  before(async () => {
    await portal().account('ann@example.org');
  });

  it('respond to an unknown page with 404, a way home and the request number, and start no session', async () => {
    const ann = new Person(portal().app);
    await ann.visits('/nowhere');
    assert.equal(ann.page.status, 404);
    assert.equal(ann.page.heading, 'Page not found');
    assert.match(ann.page.text, /Request number: [0-9a-f-]{36}/);
    assert.equal(ann.cookies.size, 0);
  });

  it('redirect with 308 from an address with a trailing slash or capitals, with its query and without a session', async () => {
    const ann = new Person(portal().app);
    for (const [asked, meant] of [
      ['/sign-in/', '/sign-in'],
      ['/Sign-In?return-to=%2Fprofile', '/sign-in?return-to=%2Fprofile'],
      ['/profile/', '/profile'],
      ['/Profile/Two-Factor/', '/profile/two-factor'],
      ['/invitation/?token=AbC', '/invitation?token=AbC'],
      ['/.well-known/change-password/', '/.well-known/change-password'],
    ] as const) {
      const answer = await ann.loads(asked);
      assert.deepEqual([answer.status, answer.headers['location']], [308, meant]);
    }
    for (const asked of ['/nowhere/', '/%2Fevil.example/sign-in/']) {
      assert.equal((await ann.loads(asked)).status, 404, asked);
    }
    assert.equal((await request(portal().app).get('//evil.example/')).status, 404);
    assert.equal((await ann.submitsRaw('POST', '/Sign-In', {}, { csrf: 'none' })).status, 404);
    assert.equal(ann.cookies.size, 0);
  });

  for (const [type, body] of [
    ['application/json', '{"email":"ann@example.org"}'],
    ['multipart/form-data; boundary=x', '--x\r\n\r\n--x--\r\n'],
    ['text/plain', 'email=ann@example.org'],
    ['application/x-www-form-urlencoded; charset=latin1', 'email=ann%40example.org'],
  ] as const) {
    it(`respond to a body of ${type} with 415 and the accepted type, with or without a valid token in a header`, async () => {
      const answer = await request(portal().app).post('/sign-in').type(type).send(body);
      assert.equal(answer.status, 415);
      assert.equal(answer.headers['accept'], 'application/x-www-form-urlencoded');
      assert.match(answer.text, /The form was sent in another format/);
    });
  }

  it('respond to a POST without a body like to one without a token', async () => {
    assert.equal((await request(portal().app).post('/sign-in')).status, 403);
  });

  it("respond to `OPTIONS *` with the server's methods, and no error", async () => {
    const before = portal().log().length;
    const server = portal().app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    for (const [line, status] of [
      ['OPTIONS * HTTP/1.1', /^HTTP\/1\.1 204 (?:.*\r\n)*Allow: GET, HEAD, POST\r\n/],
      ['GET * HTTP/1.1', /^HTTP\/1\.1 400 /],
    ] as const) {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.write(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      assert.match(await text(socket), status);
    }
    server.close();
    assert.doesNotMatch(portal().log().slice(before), /"level":"(error|fatal)"/);
  });

  it('respond to the wrong method with 405 and the allowed ones', async () => {
    const ann = await signsIn(portal(), 'ann@example.org');
    for (const [method, path, allow] of [
      ['GET', '/sign-out', 'POST'],
      ['GET', '/sign-in/code/send', 'POST'],
      ['POST', '/', 'GET, HEAD'],
      ['POST', '/profile/two-factor', 'GET, HEAD'],
      ['DELETE', '/sign-in', 'GET, HEAD, POST'],
      ['PUT', '/step-up', 'GET, HEAD, POST'],
    ] as const) {
      const answer = await ann.submitsRaw(method, path, {}, { csrf: 'none' });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.equal(answer.headers['allow'], allow);
      assert.match(answer.heading, /cannot be used that way/);
    }
  });

  it('respond with 503 and when to try again while too many passwords are being checked, and then recover', async () => {
    const ann = new Person(portal().app);
    await ann.visits('/sign-in');
    const { end, refused } = await manySignIns();
    await givesPassword(ann, 'ann@example.org');
    assert.equal(ann.page.status, 503);
    assert.equal(ann.page.heading, 'We’re busy right now');
    assert.equal(ann.page.headers['retry-after'], '10');
    end();
    await refused;
    await ann.visits('/sign-in');
    await givesPassword(ann, 'ann@example.org');
    assert.equal(ann.page.status, 200);
  });

  /** The maximum of waiting passwords, whose hashes take until they are told to end. */
  async function manySignIns() {
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const before = hashing.load.refused;
    const waiting: Promise<void>[] = [];
    while (hashing.load.refused === before) {
      const asker = { lane: 'strangers', key: String(waiting.length) } as const;
      waiting.push(hashing.admit(asker, () => ended));
      await Promise.race([waiting.at(-1)?.catch(() => {}), Promise.resolve()]);
    }
    return { end, refused: Promise.allSettled(waiting) };
  }

  it('respond to a body over 32 KB with 413 and a message', async () => {
    const ann = new Person(portal().app);
    await ann.visits('/sign-in');
    const answer = await ann.submitsRaw('POST', '/sign-in', { email: 'a'.repeat(33_000), password: 'x' });
    assert.equal(answer.status, 413);
    assert.match(answer.text, /too much text/);
  });

  for (const csrf of ['none', '', 'made-up', 'x'.repeat(5000)]) {
    it(`refuse a form with the CSRF token ${JSON.stringify(csrf.slice(0, 10))}, and lead back to it`, async () => {
      const ann = new Person(portal().app);
      await ann.visits('/sign-in');
      const answer = await ann.submitsRaw(
        'POST',
        '/sign-in',
        { email: 'typed@example.org', password: 'secret' },
        { csrf },
      );
      assert.equal(answer.status, 403);
      await ann.goesOnFrom(answer);
      assert.equal(ann.page.heading, 'Your session has ended');
      await ann.follow('Back to the form');
      assert.equal(ann.page.value('Email'), '', 'what did not come from a page of ours is kept nowhere');
      assert.ok(!ann.page.html.includes('secret'));
    });
  }

  it('refuse the token of another session', async () => {
    const mallory = new Person(portal().app);
    await mallory.visits('/sign-in');
    const token = mallory.page.$('input[name=_csrf]').attr('value') ?? '';
    const ann = await signsIn(portal(), 'ann@example.org');
    const answer = await ann.submitsRaw('POST', '/sign-out', {}, { csrf: token });
    assert.equal(answer.status, 403);
  });

  it('refuse a token that occurs twice, or in the URL', async () => {
    const ann = new Person(portal().app);
    await ann.visits('/sign-in');
    const token = ann.page.$('input[name=_csrf]').attr('value') ?? '';
    const twice = await ann.submitsRaw('POST', '/sign-in', { _csrf: [token, token] }, { csrf: 'none' });
    assert.equal(twice.status, 403);
    const inUrl = await ann.submitsRaw('POST', `/sign-in?_csrf=${token}`, {}, { csrf: 'none' });
    assert.equal(inUrl.status, 403);
  });

  it('say so if the browser sent no cookie, and lead back to the form', async () => {
    const ann = new Person(portal().app);
    await ann.visits('/sign-in');
    ann.forgetsCookies();
    await givesPassword(ann, 'ann@example.org');
    assert.equal(ann.page.status, 403);
    assert.equal(ann.page.heading, 'Your browser sent no cookie');
    assert.equal(ann.cookies.size, 0, 'a form begins no session');
    await ann.follow('Back to the form');
    await givesPassword(ann, 'ann@example.org');
    assert.equal(ann.page.status, 200);
  });

  it('say so if the session has ended, and lead back by the sign-in page', async () => {
    const ann = await signsIn(portal(), 'ann@example.org');
    await ann.visits('/profile/name');
    const tab = ann.copy();
    await ann.presses('Sign out');
    portal().wait(60_000);
    tab.fillsIn('Your name', 'Annabel');
    await tab.presses('Save');
    assert.equal(tab.page.status, 403);
    assert.equal(tab.page.heading, 'Your session has ended');
    assert.equal(tab.page.headers['set-cookie'], undefined);
    await tab.follow('Back to the form');
    assert.equal(tab.page.heading, 'Sign in');
  });

  it('say the same if the sign-in page was opened in another tab since', async () => {
    const ann = await signsIn(portal(), 'ann@example.org');
    await ann.visits('/profile/name');
    const tab = ann.copy();
    await ann.presses('Sign out');
    await ann.visits('/sign-in');
    portal().wait(60_000);
    for (const [name, value] of ann.cookies) tab.cookies.set(name, value);
    tab.fillsIn('Your name', 'Annabel');
    await tab.presses('Save');
    assert.equal(tab.page.status, 403);
    assert.equal(tab.page.heading, 'Your session has ended');
  });

  describe('in a tab that was opened before the person signed in', () => {
    async function twoTabs(): Promise<readonly [Person, Person]> {
      const first = new Person(portal().app);
      await first.visits('/sign-in?return-to=%2Fprofile%2Fname');
      const second = first.copy();
      await givesPassword(first, 'ann@example.org');
      for (const [name, value] of first.cookies) second.cookies.set(name, value);
      return [first, second];
    }

    it('lead on to the target of the old sign-in form', async () => {
      const [, second] = await twoTabs();
      await givesPassword(second, 'ann@example.org');
      assert.equal(second.page.status, 200);
      assert.equal(second.page.path, '/profile/name');
    });

    it('lead on minutes later, and with another password, which is not checked', async () => {
      const [first, second] = await twoTabs();
      portal().wait(300_000);
      await givesPassword(second, 'ann@example.org', 'wrong all the same');
      assert.equal(second.page.path, '/profile/name');
      assert.equal((await first.visits('/profile')).status, 200);
    });

    it('lead to no other site', async () => {
      const [, second] = await twoTabs();
      const { fields } = second.form('Sign in');
      for (const returnTo of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
        const answer = await second.submitsRaw('POST', '/sign-in', { ...fields, returnTo }, { csrf: 'none' });
        assert.equal(answer.headers['location'], '/');
      }
    });

    it('refuse a form with a token that was never ours', async () => {
      const [, second] = await twoTabs();
      const answer = await second.submitsRaw('POST', '/sign-in', {}, { csrf: 'made-up' });
      assert.equal(answer.status, 403);
    });
  });

  it('keep the values from a tab that was opened before a step-up in another one, and name the cause', async () => {
    const ann = await signsIn(portal(), 'ann@example.org');
    await ann.visits('/profile/name');
    const tab = ann.copy();
    portal().wait(11 * 60_000);
    await ann.visits('/profile/email');
    assert.equal(ann.page.heading, 'Confirm that it is you');
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Continue');
    for (const [name, value] of ann.cookies) tab.cookies.set(name, value);
    tab.fillsIn('Your name', 'Annabel');
    await tab.presses('Save');
    assert.equal(tab.page.status, 403);
    assert.match(tab.page.text, /confirmed that it is you in another tab/);
    await tab.follow('Back to the form');
    assert.equal(tab.page.value('Your name'), 'Annabel');
    await tab.presses('Save');
    assert.equal(tab.page.status, 200);
  });

  for (const headers of [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://evil.example' },
  ]) {
    it(`refuse a form with ${JSON.stringify(headers)} even with the right token, and leave nothing behind`, async () => {
      const ann = new Person(portal().app, { headers });
      await ann.visits('/sign-in');
      await givesPassword(ann, 'ann@example.org');
      assert.equal(ann.page.status, 403);
      assert.equal(ann.page.heading, 'The form came from another site');
    });
  }

  for (const headers of [
    { 'Sec-Fetch-Site': 'same-origin' },
    { Origin: 'http://localhost:3000' },
    { Origin: 'null' },
    {},
  ]) {
    it(`accept a form with ${JSON.stringify(headers)}`, async () => {
      const ann = await signsIn(portal(), 'ann@example.org', { headers });
      assert.equal(ann.page.status, 200);
      assert.notEqual(ann.page.heading, 'Sign in');
    });
  }

  it('ignore forged Host and X-Forwarded headers in links and redirects', async () => {
    const ann = new Person(portal().app, {
      headers: { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' },
    });
    await ann.visits('/sign-in');
    assert.ok(!ann.page.html.includes('evil.example'));
    const answer = await ann.submitsRaw('GET', '/profile/two-factor', {});
    assert.match(answer.headers['location'] ?? '', /^\/sign-in/);
  });
});

describe('The responses', () => {
  onPortal('have the security headers', (portal) => {
    it('on pages: only the necessary permissions, and no cache', async () => {
      const ann = new Person(portal().app);
      await ann.visits('/sign-in');
      const { headers } = ann.page;
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none';script-src 'self';style-src 'self';img-src data:;form-action 'self';base-uri 'none';frame-ancestors 'none'",
      );
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['x-powered-by'], undefined);
      assert.equal(headers['strict-transport-security'], undefined);
      assert.match(headers['set-cookie'] ?? '', /^postern=.*; Path=\/; Expires=.*; HttpOnly; SameSite=Lax$/);
    });

    it('with a session cookie for Lynx without the attribute that Lynx takes for another cookie', async () => {
      const ann = new Person(portal().app, { userAgent: 'Lynx/2.9.2 libwww-FM/2.14' });
      await ann.visits('/sign-in');
      const cookie = ann.page.headers['set-cookie'] ?? '';
      assert.match(cookie, /^postern=[^;]+; Path=\/; Expires=[^;]+; HttpOnly$/);
    });

    it('with the cookie of a session when it begins and when its id changes, and not on every page', async () => {
      const email = 'cara@example.org';
      await portal().account(email);
      const cara = new Person(portal().app);
      const isGiven = async () => (await cara.loads('/sign-in')).headers['set-cookie'] !== undefined;
      assert.deepEqual([await isGiven(), await isGiven()], [true, false]);
      await cara.visits('/sign-in');
      cara.fillsIn('Email', email);
      cara.fillsIn('Password', PASSWORD);
      const before = cara.cookies.get('postern');
      const { action, fields } = cara.form('Sign in');
      const { status, headers } = await cara.submitsRaw('POST', action, fields);
      assert.equal(status, 303);
      assert.match(headers['set-cookie'] ?? '', /(^|, )postern=/);
      assert.notEqual(cara.cookies.get('postern'), before);
      assert.equal((await cara.visits('/profile')).headers['set-cookie'], undefined);
    });

    it('on assets: immutable under a hashed URL', async () => {
      const ann = new Person(portal().app);
      await ann.visits('/sign-in');
      for (const url of [ann.page.$('link[rel=stylesheet]').attr('href'), ann.page.$('script').attr('src')]) {
        const asset = await ann.loads(url ?? '');
        assert.equal(asset.status, 200);
        assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
      }
    });

    it('and no page has an inline script or style', async () => {
      const ann = new Person(portal().app);
      await ann.visits('/sign-in');
      assert.equal(ann.page.$('script:not([src]), style, [style], [onclick]').length, 0);
    });
  });

  onPortal(
    'over https',
    (portal) => {
      it('have HSTS and a Secure __Host- cookie, although the socket behind the proxy is plain', async () => {
        const ann = new Person(portal().app, { origin: 'https://help.example.org' });
        await ann.visits('/sign-in');
        assert.match(
          ann.page.headers['strict-transport-security'] ?? '',
          /^max-age=63072000; includeSubDomains/,
        );
        assert.match(
          ann.page.headers['set-cookie'] ?? '',
          /^__Host-postern=.*; Path=\/; .*HttpOnly; Secure; SameSite=Lax$/,
        );
      });
    },
    { BASE_URL: 'https://help.example.org' },
  );
});

onPortal('The language', (portal) => {
  it('is that of the browser, from right to left if necessary', async () => {
    const ann = new Person(portal().app, { acceptLanguage: 'ar-EG, en;q=0.5' });
    await ann.visits('/sign-in');
    assert.equal(ann.page.heading, 'تسجيل الدخول');
    assert.equal(ann.page.$('html').attr('lang'), 'ar');
    assert.equal(ann.page.$('html').attr('dir'), 'rtl');
  });

  it("is that of the person's profile once they have chosen one, in mails too", async () => {
    const account = await portal().account('arabic@example.org');
    await portal().services.accounts.chooseLocale(account.id, 'ar');
    const ann = await signsIn(portal(), 'arabic@example.org');
    await ann.visits('/profile/two-factor');
    assert.equal(ann.page.$('html').attr('lang'), 'ar');
  });
});
