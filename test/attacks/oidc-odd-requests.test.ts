import assert from 'node:assert/strict';
import { onPortal } from '../support/portal.ts';
import { asks, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { send } from '../support/sending.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onPortal(
  'An odd request of OpenID Connect',
  (portal) => {
    const newPerson = async () => {
      const { email } = await portal().account(newEmail('ann'));
      return signsIn(portal(), email, { origin: OPEN_ID_PORTAL });
    };

    it('redirects nobody to an address that is not registered, letter by letter', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await newPerson();
      for (const redirect_uri of [
        'https://evil.example/',
        `${party.callback}/`,
        `${party.callback}?a=b`,
        `${party.callback}#a`,
        party.callback.toUpperCase(),
        party.callback.replace('https:', 'http:'),
        party.callback.replace('https://', 'https://evil@'),
        `${party.app.origin}/callback/../other`,
        'javascript:alert(1)',
        '//evil.example/callback',
        '',
      ]) {
        for (const change of [
          { redirect_uri },
          { redirect_uri, response_type: 'token' },
          { redirect_uri, prompt: 'none' },
        ]) {
          const { url } = await party.begins(change);
          const page = await ann.visits(url);
          assert.equal(page.headers['location'], undefined, redirect_uri);
          assert.ok(page.status >= 400 && page.status < 500, `${redirect_uri} ${page.status}`);
        }
      }
    });

    it('is refused for an unknown app, also with a NUL or a long id', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await newPerson();
      for (const client_id of [
        'nobody',
        '\0',
        'x'.repeat(5000),
        '0'.repeat(26),
        '%',
        party.app.id.toUpperCase(),
      ]) {
        const page = await ann.visits((await party.begins({ client_id })).url);
        assert.equal(page.headers['location'], undefined);
        assert.equal(page.status, 400);
      }
    });

    it('gets no token in the address: not by another response type, nor by another mode', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await newPerson();
      for (const change of [
        ...[
          'token',
          'id_token',
          'id_token token',
          'code token',
          'code id_token',
          'none',
          'code code',
          '',
        ].map((response_type) => ({ response_type })),
        ...['fragment', 'form_post', 'web_message', 'jwt', 'query.jwt', ''].map((response_mode) => ({
          response_mode,
        })),
      ]) {
        const page = await ann.visits((await party.begins(change)).url);
        const location = page.headers['location'] ?? '';
        const isHarmless = JSON.stringify(change) === '{"response_mode":""}' || change === undefined;
        assert.ok(!/access_token|id_token/.test(location), location);
        if (!isHarmless && !('response_type' in change && change.response_type === 'code code')) {
          assert.ok(!/[?&#]code=/.test(location), `${JSON.stringify(change)} ${location}`);
        }
        assert.ok(!location.includes('#'), location);
      }
    });

    it('is refused with a parameter that is given twice', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await newPerson();
      for (const name of [
        'client_id',
        'redirect_uri',
        'scope',
        'state',
        'response_type',
        'code_challenge',
        'prompt',
      ]) {
        const url = new URL((await party.begins({ prompt: 'none' })).url);
        url.searchParams.append(name, name === 'redirect_uri' ? 'https://evil.example' : 'x');
        const page = await ann.visits(url.href);
        const location = page.headers['location'];
        assert.ok(
          location === undefined || new URL(location).searchParams.get('error') === 'invalid_request',
        );
        assert.ok(!location?.includes('evil'));
      }
      const fields = { grant_type: ['authorization_code', 'refresh_token'], code: ['a', 'b'] };
      const headers = { Authorization: party.basic };
      const { status, body } = await asks(portal(), { method: 'POST', path: '/oidc/token', fields, headers });
      assert.deepEqual([status, body['error']], [400, 'invalid_request']);
    });

    it('is bounded: a body of a megabyte, a long state, another type of content', async () => {
      const party = await RelyingParty.of(portal());
      const large = 'x'.repeat(1_000_000);
      const token = await party.asksForTokens({ grant_type: 'authorization_code', code: large });
      assert.deepEqual([token.status, token.body['error']], [400, 'invalid_request']);
      const userinfo = { method: 'POST', path: '/oidc/userinfo', fields: { access_token: large } };
      assert.equal((await asks(portal(), userinfo)).status, 400);
      const ann = await newPerson();
      const begun = new URL((await party.begins({ state: 'x'.repeat(20_000) })).url);
      const fields = Object.fromEntries(begun.searchParams);
      const page = await ann.submitsRaw('POST', '/oidc/authorize', fields, { csrf: 'none' });
      assert.deepEqual([page.status, page.headers['location']], [400, undefined]);
      const tooLarge = await ann.submitsRaw('POST', '/oidc/authorize', { a: large }, { csrf: 'none' });
      assert.ok(tooLarge.status >= 400 && tooLarge.status < 500);
      const json = { 'Content-Type': 'application/json', Authorization: party.basic };
      const sent = { method: 'POST', path: '/oidc/token', headers: json, fields: { grant_type: 'x' } };
      assert.equal((await asks(portal(), sent)).status, 400);
    });

    it('gets no URL of somebody else’s by its Host, X-Forwarded-Host or an absolute form', async () => {
      const party = await RelyingParty.of(portal());
      for (const headers of [
        { Host: 'evil.example' },
        { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'http' },
        { Forwarded: 'host=evil.example;proto=http' },
        { 'X-Original-URL': 'https://evil.example/' },
      ] as const) {
        const path = '/oidc/.well-known/openid-configuration';
        const { text, body } = await asks(portal(), { method: 'GET', path, headers: { ...headers } });
        assert.ok(!text.includes('evil'), text);
        assert.equal(body['token_endpoint'], `${OPEN_ID_PORTAL}/oidc/token`);
        const { pathname, search } = new URL((await party.begins()).url);
        const answer = await send(portal().app, {
          method: 'GET',
          path: `${pathname}${search}`,
          headers: { ...headers },
        });
        assert.ok(!(answer.headers['location'] ?? '').includes('evil'));
      }
    });

    it('may be read by no script of another site', async () => {
      await RelyingParty.of(portal());
      for (const [method, path] of [
        ['GET', '/oidc/jwks'],
        ['GET', '/oidc/.well-known/openid-configuration'],
        ['POST', '/oidc/token'],
        ['GET', '/oidc/userinfo'],
      ] as const) {
        const headers = { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'POST' };
        for (const asked of [method, 'OPTIONS']) {
          const answer = await asks(portal(), { method: asked, path, headers });
          assert.equal(answer.headers['access-control-allow-origin'], undefined, `${asked} ${path}`);
          assert.equal(answer.headers['cache-control'], 'no-store');
        }
      }
    });

    it('signs nobody in by an ID token without a signature', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await newPerson();
      const { id_token } = await party.signsIn(ann);
      const [, payload] = (id_token ?? '').split('.');
      const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
      const forged = `${header}.${payload}.`;
      const page = await ann.visits((await party.begins({ id_token_hint: forged })).url);
      assert.match(page.headers['location'] ?? '', /error=invalid_request/);
      const { services } = portal();
      const read = await services.openId.readLogout({ id_token_hint: forged });
      assert.deepEqual(read, { kind: 'refused', fault: 'hint' });
    });

    it('goes on in the browser that began it alone, and as who is signed in there', async () => {
      const party = await RelyingParty.of(portal());
      const mallory = await newPerson();
      const begun = await party.begins({ prompt: 'login' });
      await mallory.visits(begun.url);
      const way = new URL(mallory.page.path, OPEN_ID_PORTAL).searchParams.values().next().value ?? '';
      const uid = new URL(way, OPEN_ID_PORTAL).searchParams.get('uid') ?? '';
      assert.ok(uid.length > 20);
      const victim = await newPerson();
      portal().wait(1000);
      await victim.visits(way);
      const next = await portal().services.openId.finish(uid, { isConsentAnswered: false });
      const elsewhere = await victim.visits(next);
      assert.equal(elsewhere.headers['location'], undefined);
      assert.ok(elsewhere.status >= 400 && elsewhere.status < 500);
      const own = await mallory.visits(next);
      assert.ok(!(own.headers['location'] ?? '').includes('code='), 'Mallory has not proven anything since');
    });

    it('is no session: the provider has no cookie that signs somebody in', async () => {
      const party = await RelyingParty.of(portal());
      const ann = await newPerson();
      await party.signsIn(ann);
      assert.deepEqual(
        [...ann.cookies.keys()].filter((name) => name.includes('oidc')),
        [],
      );
      const thief = ann.copy();
      thief.forgetsCookies();
      for (const name of ['postern-oidc-session', '_session', '__Secure-postern-oidc-session']) {
        const account = await portal().services.accounts.findByEmail('ann1@example.org');
        thief.cookies.set(name, account?.id ?? 'x');
      }
      const page = await thief.visits((await party.begins({ prompt: 'none' })).url);
      assert.match(page.headers['location'] ?? '', /error=login_required/);
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
