import assert from 'node:assert/strict';
import { decodeProtectedHeader } from 'jose';
import * as client from 'openid-client';
import { NO_GRACE } from '../../src/settings/grace.ts';
import type { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { asks, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { signsIn } from '../support/steps.ts';

type Tokens = Awaited<ReturnType<RelyingParty['signsIn']>>;

function claimsOf(tokens: Tokens): Readonly<Record<string, unknown>> {
  return tokens.claims() ?? {};
}

const SITE = { BASE_URL: OPEN_ID_PORTAL };

onPortal(
  'The profile of OpenID Connect',
  (portal) => {
    let ann: Person;
    let sub: string;
    before(async () => {
      ({ id: sub } = await portal().account('ann@example.org'));
      ann = await signsIn(portal(), 'ann@example.org', { origin: OPEN_ID_PORTAL });
    });

    for (const authentication of ['basic', 'post', 'none'] as const) {
      it(`lets a client prove itself by "${authentication}"`, async () => {
        const party = await RelyingParty.of(portal(), { client: { authentication } });
        assert.equal((await party.signsIn(ann)).claims()?.sub, sub);
      });
    }

    for (const idTokenAlgorithm of ['RS256', 'ES256'] as const) {
      it(`signs ID tokens by ${idTokenAlgorithm}, with a key that is published`, async () => {
        const party = await RelyingParty.of(portal(), { client: { idTokenAlgorithm } });
        const tokens = await party.signsIn(ann);
        const { kid, alg } = decodeProtectedHeader(tokens.id_token ?? '');
        assert.equal(alg, idTokenAlgorithm);
        const { body } = await asks(portal(), { method: 'GET', path: '/oidc/jwks' });
        const keys = body['keys'] as readonly Record<string, string>[];
        assert.equal(keys.find((key) => key['kid'] === kid)?.['alg'], idTokenAlgorithm);
        assert.ok(keys.every((key) => !('d' in key || 'p' in key)));
        assert.equal(keys.length, 4);
      });
    }

    it('takes a new secret at once, and the former one beside it for a week', async () => {
      const party = await RelyingParty.of(portal());
      const fresh = await portal().services.appSecrets.rotate(party.app, OPERATOR);
      const fields = { grant_type: 'authorization_code', code: 'none', redirect_uri: party.callback };
      const errorWith = async (secret: string) => {
        const given = { ...fields, client_id: party.app.id, client_secret: secret };
        return (await party.asksForTokens(given, {})).body['error'];
      };
      assert.equal(await errorWith(fresh), 'invalid_grant');
      assert.equal(await errorWith(party.secret), 'invalid_grant');
      assert.equal(await errorWith(`${fresh}x`), 'invalid_client');
      await portal().services.appSecrets.rotate(party.app, OPERATOR);
      assert.equal(await errorWith(party.secret), 'invalid_client');
    });

    it('tells claims by scope, in the ID token and as user info, and an address as unconfirmed until it was shown', async () => {
      const { services } = portal();
      const rule = { rule: 'off', methods: [], grace: NO_GRACE } as const;
      const staff = await services.groups.create({ name: 'Staff, night', ...rule }, OPERATOR);
      const secret = await services.groups.create({ name: 'Secret', ...rule }, OPERATOR);
      assert.ok(staff && secret);
      const account = await services.accounts.find(sub);
      assert.ok(account);
      for (const group of [staff, secret]) await services.groups.add(group, account, OPERATOR);
      const party = await RelyingParty.of(portal(), { client: { toldGroups: [staff.id] } });
      const tokens = await party.signsIn(ann, { scope: 'openid profile email groups unknown' });
      const claims = {
        email: 'ann@example.org',
        email_verified: false,
        name: 'Ann Example',
        preferred_username: 'ann@example.org',
        groups: ['Staff, night'],
      };
      const { email, email_verified, name, preferred_username, groups } = claimsOf(tokens);
      assert.deepEqual({ email, email_verified, name, preferred_username, groups }, claims);
      assert.deepEqual(await party.userinfo(tokens.access_token, sub), { sub, ...claims });
      const less = await party.signsIn(ann);
      assert.deepEqual(await party.userinfo(less.access_token, sub), { sub });
      assert.equal(less.claims()?.['email'], undefined);
    });

    it('says what was done, with the time, and never what was asked for', async () => {
      const party = await RelyingParty.of(portal());
      const { acr, amr, auth_time, sid } = claimsOf(await party.signsIn(ann));
      assert.deepEqual({ acr, amr }, { acr: 'urn:postern:acr:password', amr: ['pwd'] });
      assert.ok(Math.abs(Number(auth_time) - portal().now() / 1000) < 60);
      assert.match(String(sid), /^[\da-v]{26}$/);
    });

    it('tells single claims that are asked for by name', async () => {
      const party = await RelyingParty.of(portal());
      const claims = JSON.stringify({ id_token: { email: null }, userinfo: { name: { essential: true } } });
      const tokens = await party.signsIn(ann, { claims });
      assert.equal(tokens.claims()?.['email'], 'ann@example.org');
      assert.deepEqual(await party.userinfo(tokens.access_token, sub), { sub, name: 'Ann Example' });
    });

    it('renews a sign-in where the app may, by a refresh token that changes each time', async () => {
      const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      const tokens = await party.signsIn(ann, { scope: 'openid email offline_access' });
      assert.ok(tokens.refresh_token);
      const renewed = await client.refreshTokenGrant(party.config, tokens.refresh_token);
      assert.ok(renewed.refresh_token && renewed.refresh_token !== tokens.refresh_token);
      assert.equal(renewed.claims()?.sub, sub);
      assert.equal((await party.userinfo(renewed.access_token, sub)).email, 'ann@example.org');
    });

    it('gives no refresh token where the app may not have one, or has not asked for it', async () => {
      const never = await RelyingParty.of(portal());
      const tokens = await never.signsIn(ann, { scope: 'openid offline_access', prompt: 'consent' });
      assert.equal(tokens.refresh_token, undefined);
      const may = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      assert.equal((await may.signsIn(ann)).refresh_token, undefined);
    });

    it('revokes an access token, and with a refresh token all that belongs to it', async () => {
      const party = await RelyingParty.of(portal(), { client: { mayRefresh: true } });
      const tokens = await party.signsIn(ann, { scope: 'openid offline_access' });
      const renewed = await client.refreshTokenGrant(party.config, tokens.refresh_token ?? '');
      await client.tokenRevocation(party.config, renewed.refresh_token ?? '');
      await assert.rejects(party.userinfo(renewed.access_token, sub));
      await assert.rejects(party.userinfo(tokens.access_token, sub));
      await assert.rejects(client.refreshTokenGrant(party.config, renewed.refresh_token ?? ''));
    });

    it('needs PKCE unless it is waived for the app, which a public client cannot have', async () => {
      const request = async (party: RelyingParty) => {
        const url = new URL((await party.begins()).url);
        url.searchParams.delete('code_challenge');
        url.searchParams.delete('code_challenge_method');
        const page = await ann.visits(url.href);
        return new URL(page.headers['location'] ?? 'about:blank').searchParams.get('error');
      };
      assert.equal(await request(await RelyingParty.of(portal())), 'invalid_request');
      assert.equal(await request(await RelyingParty.of(portal(), { client: { requiresPkce: false } })), null);
    });

    it('ignores parameters that it does not know, and select_account', async () => {
      const party = await RelyingParty.of(portal());
      const unknown = { prompt: 'select_account', resource: 'https://a.example', vtr: '["P1"]', 'a b': '1' };
      assert.equal((await party.signsIn(ann, unknown)).claims()?.sub, sub);
    });

    it('takes an authorization request by POST, too', async () => {
      const party = await RelyingParty.of(portal());
      const begun = await party.begins();
      const { pathname, searchParams } = new URL(begun.url);
      const answer = await ann.submitsRaw('POST', pathname, Object.fromEntries(searchParams), {
        csrf: 'none',
      });
      const tokens = await party.exchanges(party.callbackOf(answer), begun);
      assert.equal(tokens.claims()?.sub, sub);
    });

    it('keeps codes for a minute, and access tokens for ten', async () => {
      const party = await RelyingParty.of(portal());
      const begun = await party.begins();
      const callback = party.callbackOf(await ann.visits(begun.url));
      portal().wait(61_000);
      await assert.rejects(party.exchanges(callback, begun), { error: 'invalid_grant' });
      const tokens = await party.signsIn(ann);
      assert.equal(tokens.expires_in, 600);
      portal().wait(9 * 60_000);
      assert.equal((await party.userinfo(tokens.access_token, sub)).sub, sub);
      portal().wait(61_000);
      await assert.rejects(party.userinfo(tokens.access_token, sub));
    });

    it('answers unknown paths and methods without the provider', async () => {
      for (const path of [
        '/oidc',
        '/oidc/',
        '/oidc/session/end',
        '/oidc/reg',
        '/oidc/TOKEN',
        '/oidc/introspect',
      ]) {
        assert.equal((await asks(portal(), { method: 'GET', path })).status, 404, path);
      }
      const refused = await asks(portal(), { method: 'GET', path: '/oidc/token' });
      assert.deepEqual([refused.status, refused.headers['allow']], [405, 'POST']);
      assert.equal((await asks(portal(), { method: 'OPTIONS', path: '/oidc/token' })).status, 405);
      assert.equal((await asks(portal(), { method: 'HEAD', path: '/oidc/authorize' })).status, 405);
    });
  },
  SITE,
);

onPortal(
  'A portal without an OpenID Connect app',
  (portal) => {
    it('has no provider', async () => {
      for (const path of [
        '/oidc/.well-known/openid-configuration',
        '/oidc/jwks',
        '/oidc/authorize?client_id=x',
      ]) {
        assert.equal((await asks(portal(), { method: 'GET', path })).status, 404, path);
      }
      assert.equal((await asks(portal(), { method: 'POST', path: '/oidc/token', fields: {} })).status, 404);
    });
  },
  SITE,
);
