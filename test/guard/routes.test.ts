import assert from 'node:assert/strict';
import express from 'express';
import { pino } from 'pino';
import type { HostApp } from '../../src/apps/app.ts';
import type { Checked } from '../../src/apps/app-sign-ins.ts';
import type { HandOvers, PresentedHandOver, Redeemed } from '../../src/apps/hand-overs.ts';
import { checksBefore } from '../../src/guard/checks.ts';
import { Guard } from '../../src/guard/guard.ts';
import { guardRoutes } from '../../src/guard/routes.ts';
import { loadWords } from '../../src/kernel/i18n.ts';
import { hashToken } from '../../src/kernel/identifiers.ts';
import { nameRequest } from '../../src/web/context.ts';
import { GuardClient, HostCookies } from '../support/guard-client.ts';

const WIKI = 'https://wiki.example.org';
const PORTAL = 'https://account.example.org';
const ANN = { user: 'ann@example.org', email: 'ann@example.org', name: 'Ann Ünal', groups: '' };
const APP: HostApp = {
  ...{ id: 'wiki', name: 'Wiki', kind: 'host', origin: WIKI, host: 'wiki.example.org' },
  ...{ audience: 'everybody', proof: 'none', freshMinutes: null, confirmsEmail: false, remoteUser: 'email' },
  createdAt: 0,
};
const SIGNED_OUT: Checked = { kind: 'signed out', app: APP };
const MUST_STEP_UP: Checked = { kind: 'refused', app: APP, refusal: { kind: 'stale', authenticators: [] } };
const NO_MEMBER: Checked = { kind: 'refused', app: APP, refusal: { kind: 'not a member' } };
const ALLOWED: Checked = { kind: 'allowed', app: APP, claims: ANN };
const COOKIE = 'a-random-cookie-value';
const CODE = 'a-random-code-of-160-bits';
const NONCE = 'abcdefghijklmnopqrstuvwxyz';

function signedIn(path: string, nonce = NONCE): Redeemed {
  return { kind: 'signed in', app: APP, cookie: COOKIE, path, nonce };
}

describe('The paths of the guard', () => {
  let client: GuardClient;
  let checked: () => Promise<Checked> = async () => SIGNED_OUT;
  let asked: (string | undefined)[] = [];
  let redemptions: PresentedHandOver[] = [];
  let redeem: HandOvers['redeem'];
  let lines: string[] = [];

  before(async () => {
    const app = express();
    app.use(nameRequest());
    const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
    const guard = new Guard({
      site: { baseUrl: PORTAL, guard: { proxies: ['127.0.0.1'], token: undefined } },
      appSignIns: {
        check(host, cookie) {
          asked.push(host, cookie);
          return checked();
        },
      },
      handOvers: {
        redeem(presented, origin) {
          redemptions.push(presented);
          return redeem(presented, origin);
        },
      },
      words: loadWords(),
      logger,
      clock: Date.now,
    });
    app.use(guardRoutes(guard));
    client = await GuardClient.open(checksBefore(app, guard, () => {}));
  });
  beforeEach(() => {
    checked = async () => SIGNED_OUT;
    redeem = async () => ({ kind: 'unusable', app: APP });
    asked = [];
    redemptions = [];
    lines = [];
  });
  after(() => client.close());

  const cookie = (value: string) => ({ Cookie: `__Host-postern-app=${value}` });

  it('respond to an allowed request with the identity, in four headers', async () => {
    checked = async () => ALLOWED;
    for (const ask of ['authRequest', 'forwardAuth'] as const) {
      const { status, headers, text } = await client[ask](`${WIKI}/page`, cookie(COOKIE));
      assert.equal(status, 200);
      assert.equal(text, '');
      assert.equal(headers['remote-user'], 'ann@example.org');
      assert.equal(headers['remote-email'], 'ann@example.org');
      assert.equal(Buffer.from(String(headers['remote-name']), 'latin1').toString(), 'Ann Ünal');
      assert.equal(headers['remote-groups'], '');
      assert.equal(headers['cache-control'], 'no-store, no-cache');
      assert.deepEqual(asked.splice(0), ['wiki.example.org', COOKIE]);
    }
  });

  it('redirect a page to the sign-in: nginx by a 401 with Location, others by a redirect', async () => {
    const location = `${WIKI}/.postern/start/page?a=b`;
    const nginx = await client.authRequest(`${WIKI}/page?a=b`);
    assert.deepEqual([nginx.status, nginx.headers.location], [401, location]);
    const others = await client.forwardAuth(`${WIKI}/page?a=b`);
    assert.deepEqual([others.status, others.headers.location], [303, location]);
  });

  it('respond to other requests with only a status, in the language of the visitor', async () => {
    const script = { 'Sec-Fetch-Mode': 'cors', 'Accept-Language': 'de' };
    for (const [outcome, status, text] of [
      [SIGNED_OUT, 401, 'Bitte melden Sie sich zuerst an.\n'],
      [MUST_STEP_UP, 401, 'Bitte melden Sie sich zuerst an.\n'],
      [NO_MEMBER, 403, 'Sie dürfen diese Seite nicht öffnen.\n'],
    ] as const) {
      checked = async () => outcome;
      for (const ask of ['authRequest', 'forwardAuth'] as const) {
        const answer = await client[ask](`${WIKI}/api`, script);
        assert.deepEqual([answer.status, answer.text], [status, text]);
        assert.equal(answer.headers.location, undefined);
        assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      }
    }
  });

  it('redirect a refused page to the portal, which explains why', async () => {
    checked = async () => NO_MEMBER;
    assert.equal((await client.forwardAuth(`${WIKI}/`)).status, 303);
    assert.equal((await client.authRequest(`${WIKI}/`)).status, 401);
  });

  it('refuse what they cannot read or look up, and tell the operator at most once a minute', async () => {
    checked = async () => ({ kind: 'unknown host' });
    assert.equal((await client.forwardAuth('https://other.example/')).status, 403);
    assert.equal((await client.forwardAuth('https://another.example/')).status, 403);
    assert.equal((await client.ask('/guard/forward-auth')).status, 403);
    assert.equal(lines.filter((line) => line.includes('no app has this host')).length, 1);
    assert.equal(lines.filter((line) => line.includes('"header":"X-Forwarded-Proto"')).length, 1);
  });

  it('refuse a check of their own paths: the proxy would redirect endlessly', async () => {
    checked = async () => ALLOWED;
    for (const path of ['/.postern/start/', '/.postern/finish?code=x']) {
      assert.equal((await client.forwardAuth(`${WIKI}${path}`, cookie(COOKIE))).status, 403);
    }
    assert.deepEqual(asked, []);
  });

  it('start with a nonce that stays in the browser and a hash of it that goes to the portal', async () => {
    const { status, headers, cookieLines } = await client.passedOn(`${WIKI}/.postern/start/100%/a?b=c&d`);
    assert.equal(status, 303);
    const target = new URL(headers.location ?? '');
    assert.equal(`${target.origin}${target.pathname}`, `${PORTAL}/apps/open`);
    assert.equal(cookieLines.length, 1);
    const [, nonce = ''] =
      /^__Host-postern-nonce-[\w-]{8}=([\w-]{27}); Max-Age=600; Path=\/; Expires=[^;]*; HttpOnly; Secure; SameSite=Lax$/.exec(
        cookieLines[0] ?? '',
      ) ?? [];
    assert.deepEqual(Object.fromEntries(target.searchParams), {
      host: 'wiki.example.org',
      nonce: hashToken(nonce),
      path: '/100%/a?b=c&d',
    });
  });

  it('return to no other site and to none of their own paths', async () => {
    for (const path of ['', '//evil.example/', '/\\evil.example', '/.postern/start/', '/.postern/sign-out']) {
      const { headers } = await client.passedOn(`${WIKI}/.postern/start${path}`);
      assert.equal(new URL(headers.location ?? '').searchParams.get('path'), '/', path);
    }
    for (const path of ['//evil.example/', 'https://evil.example/', '/.postern/finish']) {
      redeem = async () => signedIn(path);
      const answer = await client.passedOn(`${WIKI}/.postern/finish?code=${CODE}`, {
        Cookie: `__Host-postern-nonce-abcdefgh=abcdefghijklmnopqrstuvwxyz`,
      });
      assert.equal(answer.headers.location, `${WIKI}/`, path);
    }
  });

  it('let the tabs of one browser start at the same moment and each finish', async () => {
    const browser = new HostCookies();
    const nonces: string[] = [];
    for (const answer of await Promise.all(
      ['a', 'b', 'c'].map((tab) => client.passedOn(`${WIKI}/.postern/start/${tab}`)),
    )) {
      browser.keep(answer);
      nonces.push([...answer.setCookies.values()].join());
    }
    for (const nonce of nonces) {
      redeem = async (presented) =>
        presented.nonces.includes(nonce) ? signedIn('/tab', nonce) : { kind: 'unusable', app: APP };
      const answer = await client.passedOn(`${WIKI}/.postern/finish?code=${CODE}`, {
        Cookie: browser.header,
      });
      assert.equal(answer.headers.location, `${WIKI}/tab`);
      browser.keep(answer);
    }
    assert.deepEqual([...browser.values], [['__Host-postern-app', COOKIE]]);
  });

  it('keep the nonces of ten sign-ins at most', async () => {
    const browser = new HostCookies();
    for (let tab = 0; tab < 15; tab += 1) {
      browser.keep(await client.passedOn(`${WIKI}/.postern/start/`, { Cookie: browser.header }));
    }
    assert.equal(browser.values.size, 10);
    await client.passedOn(`${WIKI}/.postern/finish?code=${CODE}`, { Cookie: browser.header });
    assert.equal(redemptions[0]?.nonces.length, 10);
    assert.equal(redemptions.length, 1);
  });

  it('set the cookie of the app once the code is redeemed, for a day and for this host only', async () => {
    redeem = async () => signedIn('/page?a=b');
    const answer = await client.passedOn(`${WIKI}/.postern/finish?code=${CODE}`, {
      Cookie: `__Host-postern-nonce-abcdefgh=abcdefghijklmnopqrstuvwxyz`,
    });
    assert.deepEqual([answer.status, answer.headers.location], [303, `${WIKI}/page?a=b`]);
    const [app = '', nonce = ''] = answer.cookieLines;
    assert.match(
      app,
      /^__Host-postern-app=a-random-cookie-value; Max-Age=86400; Path=\/; [^;]*; HttpOnly; Secure; SameSite=Lax$/,
    );
    assert.match(nonce, /^__Host-postern-nonce-abcdefgh=; Path=\/; Expires=Thu, 01 Jan 1970/);

    assert.deepEqual(redemptions, [{ code: CODE, host: 'wiki.example.org', nonces: [NONCE] }]);
  });

  it('lead to "start again" if the code is not accepted, malformed or given twice, or if the browser has no nonce', async () => {
    const nonce = { Cookie: '__Host-postern-nonce-abcdefgh=abcdefghijklmnopqrstuvwxyz' };
    for (const [query, headers] of [
      [`?code=${CODE}`, nonce],
      [`?code=${CODE}`, {}],
      ['', nonce],
      ['?code=a%20b', nonce],
      [`?code=${CODE}&code=${CODE}`, nonce],
    ] as const) {
      const answer = await client.passedOn(`${WIKI}/.postern/finish${query}`, headers);
      assert.equal(answer.headers.location, `${PORTAL}/apps/again?host=wiki.example.org`);
      assert.deepEqual(answer.cookieLines, []);
    }
    assert.equal(redemptions.length, 1);
  });

  it('do nothing for a HEAD or a POST', async () => {
    for (const path of ['start/', 'finish?code=x', 'sign-out']) {
      for (const method of ['HEAD', 'POST']) {
        const { status, cookieLines } = await client.passedOn(`${WIKI}/.postern/${path}`, {}, method);
        assert.ok(status === 405 || status === 404, `${method} ${path}: ${status}`);
        assert.deepEqual(cookieLines, []);
      }
    }
    assert.deepEqual(redemptions, []);
  });

  it('redirect a sign-out to the page with the button', async () => {
    const { status, headers } = await client.passedOn(`${WIKI}/.postern/sign-out`, cookie(COOKIE));
    assert.deepEqual([status, headers.location], [303, `${PORTAL}/apps/sign-out?host=wiki.example.org`]);
  });

  it('return at once if another tab has signed in, and stop before that becomes an endless loop', async () => {
    checked = async () => ALLOWED;
    const browser = new HostCookies();
    browser.values.set('__Host-postern-app', COOKIE);
    const statuses: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const answer = await client.passedOn(`${WIKI}/.postern/start/page`, { Cookie: browser.header });
      if (answer.status === 303) assert.equal(answer.headers.location, `${WIKI}/page`);
      browser.keep(answer);
      statuses.push(answer.status);
    }
    assert.deepEqual(statuses, [303, 303, 303, 403, 403]);
    assert.ok(lines.some((line) => line.includes('the proxy sends no Cookie header with its checks')));
  });

  it('delete the cookie of an ended sign-in', async () => {
    const answer = await client.passedOn(`${WIKI}/.postern/start/`, cookie(COOKIE));
    assert.equal(answer.setCookies.get('__Host-postern-app'), '');
  });

  it('check no cookie that they have not created', async () => {
    for (const value of [
      '',
      'short',
      'with space in it 1234',
      'a'.repeat(200),
      'évil-value-of-some-length',
      '"quoted-value-abcdef"',
    ]) {
      asked = [];
      await client.forwardAuth(`${WIKI}/`, cookie(Buffer.from(value).toString('latin1')));
      assert.deepEqual(asked, ['wiki.example.org', undefined], value);
    }
  });

  it('respond with 503 if the check fails, with the error in the log', async () => {
    checked = async () => {
      throw new Error('the database is away');
    };
    for (const answer of [
      await client.authRequest(`${WIKI}/`, cookie(COOKIE)),
      await client.forwardAuth(`${WIKI}/`, cookie(COOKIE)),
      await client.passedOn(`${WIKI}/.postern/start/`),
    ]) {
      assert.equal(answer.status, 503);
      assert.equal(answer.headers['retry-after'], '10');
      assert.equal(answer.headers['remote-user'], undefined);
    }
    assert.equal(lines.filter((line) => line.includes('the database is away')).length, 3);
  });

  it('have no other paths below theirs', async () => {
    for (const path of [
      '/guard',
      '/guard/',
      '/guard/auth',
      '/guard/auth-request/',
      '/.postern/',
      '/.postern/started',
    ]) {
      assert.equal((await client.passedOn(`${WIKI}${path}`)).status, 404, path);
    }
  });
});
