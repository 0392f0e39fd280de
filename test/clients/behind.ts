import assert from 'node:assert/strict';
import { loadWords } from '../../src/kernel/i18n.ts';
import { CREATION_TIMEOUT, type Engine, SQLITE } from '../support/databases.ts';
import type { Page } from '../support/page.ts';
import { until } from '../support/until.ts';
import type { AppProxy } from './app-proxies.ts';
import { Chain, GROUP, type Member, PORTAL } from './chain.ts';
import { EchoApp } from './echo-app.ts';
import { CALENDAR_HOST, WIKI_HOST } from './names.ts';
import { startRadicale } from './radicale.ts';
import { documented } from './recipes.ts';
import { type Language, signsInByPages } from './steps.ts';
import { Visitor } from './visitor.ts';
import { goesByLynx, goesWithoutScript } from './whole-chain.ts';

const WIKI = `https://${WIKI_HOST}`;
const CALENDAR = `https://${CALENDAR_HOST}`;
const CLAIMS = ['remote-user', 'remote-email', 'remote-name', 'remote-groups'] as const;
const words = loadWords();

export interface Languages {
  readonly chromium: Language;
  readonly lynx: Language;
}

/** What must hold behind any proxy, on any database. */
export function guards(proxy: AppProxy, engine: Engine, languages: Languages): void {
  describe(`Apps behind ${proxy.name}, as deploy/guard has it, on ${engine.name}`, () => {
    let chain: Chain;
    let echo: EchoApp;
    let ann: Member;

    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      chain = await Chain.open(proxy, engine, async ({ folder }) => {
        echo = await EchoApp.open();
        const radicale = await startRadicale(folder);
        const additions = Object.fromEntries(
          (['nginx', 'caddy', 'haproxy', 'apache'] as const).map((language) => [
            language,
            documented('radicale.md', language),
          ]),
        );
        return {
          apps: [
            { host: WIKI_HOST, address: echo.address },
            { host: CALENDAR_HOST, address: radicale.address, additions },
          ],
          close: () => Promise.all([echo.close(), radicale.stop()]),
        };
      });
      await chain.operator(['group', 'create', GROUP]);
      await chain.operator(['app', 'create', 'Wiki', '--address', WIKI, '--everybody', '--proof', 'strong']);
      await chain.operator(['app', 'create', 'Calendar', '--address', CALENDAR, '--groups', GROUP]);
      ann = await chain.member();
      await chain.operator(['group', 'add', GROUP, ann.email]);
    });

    after(() => chain?.close());

    /** Signs in on the way to a page of the wiki, with password and app. */
    async function signsIn(member: Member, page = `${WIKI}/`): Promise<Visitor> {
      const visitor = new Visitor(chain);
      await visitor.visits(page);
      await signsInByPages(visitor, member, words.for('en'));
      return visitor;
    }

    let visitor: Visitor;

    it('leads a stranger to the sign-in, and back to the same path and query', async () => {
      const page = `${WIKI}/pages/a%20b%2Fc/%C3%A9?q=1&r=%26%3D&s=a+b&r=//x`;
      visitor = new Visitor(chain);
      await visitor.visits(page);
      assert.ok(visitor.url.startsWith(`${PORTAL}/sign-in`), visitor.url);
      assert.equal(echo.heard.length, 0, 'nothing of it reaches the app');
      await signsInByPages(visitor, ann, words.for('en'));
      assert.equal(visitor.url, page);
      assert.equal(`${WIKI}${echo.heard.at(-1)?.url}`, page, 'as the app gets it');
      assert.equal(echo.heard.length, 1);
    });

    it('tells the app who it is, in UTF-8, once each', () => {
      assert.deepEqual(echo.lastTold('remote-user'), [ann.email]);
      assert.deepEqual(echo.lastTold('remote-email'), [ann.email]);
      assert.deepEqual(echo.lastTold('remote-name'), ['Ann Ōe']);
      assert.deepEqual(echo.lastTold('remote-groups'), [GROUP]);
    });

    it('lets further requests through, and asks each instance', async () => {
      const before = chain.checks();
      for (const path of ['/', '/style.css', '/?q=%', '/x/%2e%2e/y']) {
        assert.equal((await visitor.sends({ url: `${WIKI}${path}` })).status, 200, path);
      }
      assert.equal((await visitor.sends({ url: `${WIKI}/form`, method: 'POST', body: 'a=b' })).status, 200);
      // At least: a line about an earlier check may come late.
      await until('five checks are logged', () => sum(chain.checks()) >= sum(before) + 5 || undefined);
    });

    it('answers forms, scripts and preflights of strangers with 401 and no redirect', async () => {
      const stranger = new Visitor(chain);
      const heard = echo.heard.length;
      const refused = (page: Page) => {
        assert.equal(page.status, 401, page.method);
        assert.equal(page.headers['location'], undefined, page.method);
      };
      for (const method of ['POST', 'PUT', 'DELETE', 'PROPFIND']) {
        refused(await stranger.sends({ url: `${WIKI}/form`, method, body: 'a=b' }));
      }
      refused(
        await stranger.sends({ url: `${WIKI}/data`, headers: { 'X-Requested-With': 'XMLHttpRequest' } }),
      );
      refused(
        await stranger.sends({ url: `${WIKI}/data`, headers: { 'Sec-Fetch-Mode': 'cors', Accept: '*/*' } }),
      );
      refused(await stranger.sends({ url: `${WIKI}/data`, headers: { Accept: 'application/json' } }));
      const preflight = { Origin: 'https://elsewhere.example', 'Access-Control-Request-Method': 'POST' };
      refused(await stranger.sends({ url: `${WIKI}/data`, method: 'OPTIONS', headers: preflight }));
      assert.equal(echo.heard.length, heard);
    });

    it('checks a WebSocket like any request', async () => {
      const heard = echo.heard.length;
      const stranger = new Visitor(chain);
      assert.equal(await stranger.opensWebSocket(`${WIKI}/socket`), 401);
      assert.equal(await stranger.opensWebSocket(`${WIKI}/socket`, { 'Remote-User': 'boss' }), 401);
      assert.equal(echo.heard.length, heard);
      assert.equal(await visitor.opensWebSocket(`${WIKI}/socket`, { 'Remote-User': 'boss' }), 101);
      assert.deepEqual(echo.lastTold('remote-user'), [ann.email]);
    });

    for (const [how, headers] of Object.entries(forged())) {
      it(`lets no identity through that a visitor claims: ${how}`, async () => {
        const stranger = new Visitor(chain);
        const heard = echo.heard.length;
        const refused = await stranger.sends({ url: `${WIKI}/`, headers });
        assert.ok(refused.status >= 300, String(refused.status));
        assert.equal(echo.heard.length, heard);
        const { status } = await visitor.sends({ url: `${WIKI}/`, headers });
        // A request that is refused altogether tells the app nothing, either.
        if (status !== 200) return assert.ok(status >= 400 && echo.heard.length === heard, String(status));
        const told = CLAIMS.map((claim) => echo.lastTold(claim));
        assert.deepEqual(told, [[ann.email], [ann.email], ['Ann Ōe'], [GROUP]]);
        assert.doesNotMatch(JSON.stringify(echo.heard.at(-1)), /boss/);
      });
    }

    it('lets no stranger to the app by a path that looks like one of the sign-in', async () => {
      const stranger = new Visitor(chain);
      const heard = echo.heard.length;
      for (const path of DISGUISED) {
        const { status } = await stranger.sends({
          url: `${WIKI}${path}`,
          headers: { 'Remote-User': 'boss' },
        });
        assert.ok(status >= 300, `${path} ${status}`);
        assert.deepEqual(echo.heard.slice(heard), [], path);
      }
    });

    it('takes no other host from a visitor', async () => {
      const calendar = await visitor.sends({
        url: `${WIKI}/`,
        headers: { 'X-Forwarded-Host': CALENDAR_HOST },
      });
      assert.equal(calendar.status, 200, 'it is about the wiki still');
      const cookies = visitor.cookies.get(WIKI_HOST) ?? new Map<string, string>();
      const foreign = new Visitor(chain);
      foreign.cookies.set(CALENDAR_HOST, new Map(cookies));
      const headers = { 'X-Forwarded-Host': WIKI_HOST, 'X-Original-URL': `${WIKI}/` };
      assert.equal((await foreign.sends({ url: `${CALENDAR}/`, method: 'PROPFIND', headers })).status, 401);
    });

    it('gives the app none of the cookies of the portal', async () => {
      await visitor.sends({ url: `${WIKI}/` });
      const portal = [...(visitor.cookies.get(new URL(PORTAL).host)?.values() ?? [])];
      assert.ok(portal.length > 0);
      for (const value of portal) assert.ok(!JSON.stringify(echo.heard.at(-1)).includes(value));
    });

    it('signs in to Radicale by a header, and each person has their own collections', async () => {
      const page = await visitor.visits(`${CALENDAR}/`);
      assert.equal(page.status, 200, page.text);
      assert.ok(visitor.url.startsWith(CALENDAR), visitor.url);
      const make = (owner: string, headers = {}) =>
        visitor.sends({ url: `${CALENDAR}/${owner}/${Date.now()}/`, method: 'MKCALENDAR', headers });
      const home = `${CALENDAR}/${encodeURIComponent(ann.email)}/`;
      const listed = await visitor.sends({ url: home, method: 'PROPFIND', headers: { Depth: '0' } });
      assert.equal(listed.status, 207, listed.html);
      assert.match(listed.html, /current-user-principal[\s\S]*ann/);
      assert.equal((await make(encodeURIComponent(ann.email))).status, 201);
      for (const headers of [
        {},
        { 'X-Remote-User': 'boss' },
        { X_Remote_User: 'boss' },
        { Remote_User: 'boss' },
      ]) {
        const { status } = await make('boss', headers);
        assert.ok(status === 403 || status === 400, `${JSON.stringify(headers)} ${status}`);
      }
    });

    it('refuses at the next request who has left the group, but nowhere else', async () => {
      await chain.operator(['group', 'remove', GROUP, ann.email]);
      assert.equal((await visitor.sends({ url: `${CALENDAR}/`, method: 'PROPFIND' })).status, 403);
      const page = await visitor.visits(`${CALENDAR}/`);
      assert.ok(visitor.url.startsWith(PORTAL), visitor.url);
      assert.equal(page.status, 403);
      assert.equal((await visitor.sends({ url: `${WIKI}/` })).status, 200);
    });

    it('refuses at the next request who has signed out at the portal', async () => {
      await visitor.visits(`${PORTAL}/`);
      await visitor.presses('Sign out');
      const heard = echo.heard.length;
      assert.equal((await visitor.sends({ url: `${WIKI}/`, method: 'POST' })).status, 401);
      await visitor.visits(`${WIKI}/again`);
      assert.ok(visitor.url.startsWith(`${PORTAL}/sign-in`), visitor.url);
      assert.equal(echo.heard.length, heard);
    });

    it('goes the whole way in Chromium without JavaScript', async () => {
      await goesWithoutScript(chain, await chain.member(), words.for(languages.chromium));
    });

    it('goes the whole way in Lynx', async () => {
      await goesByLynx(chain, echo, await chain.member(), words.for(languages.lynx));
    });

    describe('with somebody else', () => {
      let bob: Member;
      let other: Visitor;
      before(async () => {
        bob = await chain.member('Bob');
        other = await signsIn(bob);
        assert.equal(other.url, `${WIKI}/`);
      });

      const isRefused = async (statuses: readonly number[]) => {
        const heard = echo.heard.length;
        for (const method of ['GET', 'POST']) {
          const { status } = await other.sends({ url: `${WIKI}/`, method });
          assert.ok(statuses.includes(status), `${method} ${status}`);
        }
        assert.equal(await stateOfSocket(other), true);
        assert.equal(echo.heard.length, heard, 'nothing reaches the app');
      };
      const stateOfSocket = async (who: Visitor) => (await who.opensWebSocket(`${WIKI}/socket`)) >= 400;

      it('refuses everybody while the portal is down, and lets them in again after it', async () => {
        await chain.stopInstances();
        await isRefused([403, 500, 502, 503, 504]);
        await chain.startInstances();
        assert.equal((await other.sends({ url: `${WIKI}/` })).status, 200);
      });

      if (engine !== SQLITE) {
        it('refuses everybody while the database is down', async () => {
          await chain.database?.cut();
          await isRefused([403, 500, 502, 503, 504]);
          await chain.database?.open();
          await until(
            'the database is there again',
            async () => (await other.sends({ url: `${WIKI}/` })).status === 200 || undefined,
          );
        });
      }

      it('refuses at the next request whose account is disabled', async () => {
        await chain.operator(['user', 'disable', bob.email]);
        await isRefused([303, 302, 401, 403]);
        // A proxy may take some seconds to notice that the portal is up again.
        await until('the person is led to the sign-in', async () => {
          await other.visits(`${WIKI}/`);
          return other.url.startsWith(`${PORTAL}/sign-in`);
        });
      });
    });
  });
}

/** The sign-in's own paths are not checked: what is read so by the check must not be read otherwise by what passes it on. */
const DISGUISED = [
  ...['/.postern/../secret', '/.postern/%2e%2e/secret', '/.postern/..%2fsecret', '/.postern/%2e%2e%2fsecret'],
  ...['/%2epostern/x', '/%2epostern/..%2fsecret', '/%2e%70ostern/x', '//.postern/x', '/x/../.postern/x'],
  ...['/.postern%2fx', '/.postern%2f..%2fsecret', '/./.postern/x', '/.POSTERN/x', '/.postern/', '/.postern'],
  ...['/.postern;x/y', '/.postern//../secret', '/.postern/start/../../secret', '/.postern\\..\\secret'],
  ...['/?/.postern/', '/x?y=/.postern/', '/.postern?x', '/.postern/?x'],
];

/** What somebody writes who wants to be somebody else. */
function forged() {
  const all = (name: (claim: string) => string, value: string | readonly string[]) =>
    Object.fromEntries(CLAIMS.map((claim) => [name(claim), value]));
  const titled = (claim: string) => claim.replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
  return {
    'Remote-User': all(titled, 'boss'),
    'in lower case': all((claim) => claim, 'boss'),
    'with an underscore': all((claim) => titled(claim).replaceAll('-', '_'), 'boss'),
    'with an underscore in lower case': all((claim) => claim.replaceAll('-', '_'), 'boss'),
    twice: all(titled, ['boss', 'boss']),
    empty: all(titled, ''),
    'as a header that the proxy is to drop': {
      ...all(titled, 'boss'),
      Connection: `close, ${CLAIMS.join(', ')}`,
    },
  };
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
