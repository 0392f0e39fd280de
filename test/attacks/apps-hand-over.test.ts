import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { newToken } from '../../src/kernel/identifiers.ts';
import { sessionCookieName } from '../../src/web/session.ts';
import { GuardClient, HostCookies } from '../support/guard-client.ts';
import {
  codeFor,
  finishesAt,
  newSignIn,
  newUserOf,
  onGuardedApps,
  PORTAL_URL,
  startsAt,
  userOf,
  WIKI_URL,
} from '../support/guarded-apps.ts';
import { anotherInstance, OPERATOR } from '../support/portal.ts';

const APP_COOKIE = '__Host-postern-app';
const AGAIN = (host: string) => `${PORTAL_URL}/apps/again?host=${host}`;

onGuardedApps('An attacker of the hand-over to an app', (apps) => {
  let mallory: { account: Account; signInId: string };
  let vera: { account: Account; signInId: string };
  before(async () => {
    const signedIn = async (email: string) => {
      const account = await apps().portal.account(email);
      return { account, signInId: await newSignIn(apps().portal, account) };
    };
    mallory = await signedIn('mallory@example.org');
    vera = await signedIn('vera@example.org');
  });

  const signInsToWiki = async () =>
    new Set((await apps().portal.services.departures.openedBy(vera.signInId)).map(({ appId }) => appId)).size;

  it('signs nobody in to their own account by a link with their own code (session fixation)', async () => {
    const own = await startsAt(apps(), apps().wiki);
    const code = await codeFor(apps(), { ...mallory, app: apps().wiki, nonceHash: own.nonceHash });
    const started = await startsAt(apps(), apps().wiki);
    for (const victim of [new HostCookies(), started.cookies]) {
      const answer = await finishesAt(apps(), apps().wiki, code, victim);
      assert.equal(answer.headers.location, AGAIN('wiki.example.org'));
      assert.deepEqual(answer.cookieLines, []);
    }
    const mine = await finishesAt(apps(), apps().wiki, code, own.cookies);
    assert.ok(mine.setCookies.get(APP_COOKIE), 'the failed tries have not spent it');
  });

  it('cannot plant a cookie that the app would keep: each sign-in has a new one', async () => {
    const planted = newToken(256);
    const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
    cookies.values.set(APP_COOKIE, planted);
    const code = await codeFor(apps(), { ...vera, app: apps().wiki, nonceHash });
    const { setCookies } = await finishesAt(apps(), apps().wiki, code, cookies);
    assert.notEqual(setCookies.get(APP_COOKIE), planted);
    const check = await apps().client.forwardAuth(`${WIKI_URL}/`, { Cookie: `${APP_COOKIE}=${planted}` });
    assert.equal(check.status, 303);
  });

  it('guesses no nonce or code, and needs the nonce itself, not its hash', async () => {
    const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
    const code = await codeFor(apps(), { ...vera, app: apps().wiki, nonceHash });
    const other = new HostCookies();
    other.values.set('__Host-postern-nonce-abcdefgh', nonceHash);
    for (const [guess, browser] of [
      [code, other],
      [`${code.slice(0, -1)}_`, cookies],
      ['a'.repeat(43), cookies],
      ['', cookies],
      ['%00', cookies],
      [`${code}&code=${code}`, cookies],
      ['a'.repeat(8000), cookies],
    ] as const) {
      const { headers, cookieLines } = await finishesAt(apps(), apps().wiki, guess, browser);
      assert.equal(headers.location, AGAIN('wiki.example.org'), guess.slice(0, 60));
      assert.deepEqual(cookieLines, []);
    }
  });

  it('cannot use a code on the host of another app', async () => {
    const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
    const code = await codeFor(apps(), { ...vera, app: apps().wiki, nonceHash });
    const answer = await finishesAt(apps(), apps().desk, code, cookies);
    assert.equal(answer.headers.location, AGAIN('desk.example.com'));
    assert.equal(
      (await finishesAt(apps(), { ...apps().wiki, origin: 'https://other.example' }, code, cookies)).status,
      403,
    );
  });

  it('opens no other app with the cookie of one: a compromised wiki reads no tickets', async () => {
    const ann = await newUserOf(apps(), apps().wiki);
    assert.equal((await ann.check()).status, 200);
    for (const ask of ['authRequest', 'forwardAuth'] as const) {
      const { status } = await apps().client[ask]('https://desk.example.com/', {
        Cookie: ann.cookies.header,
      });
      assert.ok(status === 401 || status === 303, String(status));
    }
    const portal = await apps().client.ask('/profile', {
      Host: 'account.example.org',
      Cookie: `${sessionCookieName(true)}=${ann.cookies.values.get(APP_COOKIE)}; ${ann.cookies.header}`,
    });
    assert.match(portal.headers.location ?? '', /\/sign-in/);
  });

  it('uses a code once, in 20 concurrent requests, and gets one cookie', async () => {
    const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
    const before = await signInsToWiki();
    const code = await codeFor(apps(), { ...vera, app: apps().wiki, nonceHash });
    const twin = await anotherInstance(apps().portal, { BASE_URL: PORTAL_URL, GUARD_PROXIES: '127.0.0.1' });
    const other = await GuardClient.open(twin.app);
    try {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          finishesAt({ ...apps(), client: index % 2 ? other : apps().client }, apps().wiki, code, cookies),
        ),
      );
      assert.equal(answers.filter(({ setCookies }) => setCookies.get(APP_COOKIE)).length, 1);
      assert.equal(
        answers.filter(({ headers }) => headers.location === AGAIN('wiki.example.org')).length,
        19,
      );
      assert.equal(await signInsToWiki(), Math.max(before, 1));
    } finally {
      await other.close();
      await twin.close();
    }
    assert.equal(
      (await finishesAt(apps(), apps().wiki, code, cookies)).headers.location,
      AGAIN('wiki.example.org'),
    );
  });

  it('can start at one instance and finish at another: nothing is kept in memory (authentik #6883)', async () => {
    const twin = await anotherInstance(apps().portal, { BASE_URL: PORTAL_URL, GUARD_PROXIES: '127.0.0.1' });
    const other = await GuardClient.open(twin.app);
    try {
      const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
      const code = await codeFor({ ...apps(), portal: twin }, { ...vera, app: apps().wiki, nonceHash });
      const answer = await finishesAt({ ...apps(), client: other }, apps().wiki, code, cookies);
      assert.ok(answer.setCookies.get(APP_COOKIE));
      cookies.keep(answer);
      assert.equal((await apps().client.forwardAuth(`${WIKI_URL}/`, { Cookie: cookies.header })).status, 200);
    } finally {
      await other.close();
      await twin.close();
    }
  });

  it('cannot wait with a code: it expires after a minute, and ends with the sign-in', async () => {
    const late = await startsAt(apps(), apps().wiki);
    const code = await codeFor(apps(), { ...vera, app: apps().wiki, nonceHash: late.nonceHash });
    apps().portal.wait(60_000);
    assert.equal(
      (await finishesAt(apps(), apps().wiki, code, late.cookies)).headers.location,
      AGAIN('wiki.example.org'),
    );
    const account = await apps().portal.account('short@example.org');
    const signInId = await newSignIn(apps().portal, account);
    const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
    const next = await codeFor(apps(), { account, signInId, app: apps().wiki, nonceHash });
    await apps().portal.services.signIns.end(account, signInId, OPERATOR);
    assert.equal(
      (await finishesAt(apps(), apps().wiki, next, cookies)).headers.location,
      AGAIN('wiki.example.org'),
    );
  });

  it('sends nobody to another site: by the path, the host or the code', async () => {
    const { client, wiki } = apps();
    for (const path of [
      '//evil.example',
      '/\\evil.example',
      '/%09/evil.example',
      '/.postern/finish?code=x',
      '/@evil.example',
    ]) {
      const { headers } = await client.passedOn(`${WIKI_URL}/.postern/start${path}`);
      const target = new URL(headers.location ?? '');
      assert.equal(target.origin, PORTAL_URL);
      const kept = target.searchParams.get('path') ?? '';
      assert.ok(kept.startsWith('/') && new URL(kept, WIKI_URL).origin === WIKI_URL, kept);
    }
    for (const path of ['//evil.example/', '/\\evil.example/', 'https://evil.example/', '/.postern/start/']) {
      const { cookies, nonceHash } = await startsAt(apps(), wiki);
      const code = await codeFor(apps(), { ...vera, app: wiki, nonceHash }, path);
      const { headers } = await finishesAt(apps(), wiki, code, cookies);
      assert.equal(headers.location, `${WIKI_URL}/`, path);
    }
    for (const path of ['start/', 'finish?code=abcdefghijklmnopqrst', 'sign-out']) {
      const answer = await client.passedOn(`https://evil.example/.postern/${path}`);
      assert.ok(answer.status === 403 || answer.headers.location?.startsWith(`${PORTAL_URL}/apps/`), path);
      assert.ok(answer.status !== 303 || !path.startsWith('start'), 'an unknown host starts nothing');
    }
  });

  it('signs nobody out by a picture or a link: a GET of the sign-out ends nothing', async () => {
    const ann = await userOf(apps(), apps().wiki, vera.account, vera.signInId);
    const answer = await apps().client.passedOn(`${WIKI_URL}/.postern/sign-out`, {
      Cookie: ann.cookies.header,
    });
    assert.equal(answer.headers.location, `${PORTAL_URL}/apps/sign-out?host=wiki.example.org`);
    assert.deepEqual(answer.cookieLines, []);
    assert.equal((await ann.check()).status, 200);
  });

  it('finds no secret in the log: no code, nonce or cookie', async () => {
    const { cookies, nonceHash } = await startsAt(apps(), apps().wiki);
    const code = await codeFor(apps(), { ...vera, app: apps().wiki, nonceHash });
    const nonces = [...cookies.values.values()];
    cookies.keep(await finishesAt(apps(), apps().wiki, code, cookies));
    await apps().client.forwardAuth(`${WIKI_URL}/`, { Cookie: cookies.header });
    for (const secret of [code, ...nonces, ...cookies.values.values()]) {
      assert.ok(secret.length > 20 && !apps().portal.log().includes(secret));
    }
  });

  it('is stopped after four redirects in a circle if a proxy hides the cookie from the check (authelia #759)', async () => {
    const ann = await newUserOf(apps(), apps().wiki);
    const trail: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      assert.equal((await apps().client.forwardAuth(`${WIKI_URL}/`)).status, 303, 'without the cookie');
      const answer = await apps().client.passedOn(`${WIKI_URL}/.postern/start/`, {
        Cookie: ann.cookies.header,
      });
      ann.cookies.keep(answer);
      trail.push(answer.status);
    }
    assert.deepEqual(trail, [303, 303, 303, 403]);
    assert.match(apps().portal.log(), /stopped a redirect loop: the proxy sends no Cookie header/);
  });
});
