import assert from 'node:assert/strict';
import * as openid from 'openid-client';
import { GROUP, PORTAL } from '../chain.ts';
import { ISSUER } from './open-id-app.ts';
import { answerAt, type OpenIdSite } from './site.ts';

/** What any client may rely on. */
export function profile(site: () => OpenIdSite): void {
  it('says in its metadata all that a client needs, and nothing that it does not have', () => {
    const metadata = site().apps.basic.configuration.serverMetadata();
    assert.equal(metadata.issuer, ISSUER);
    const endpoints = {
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      userinfo_endpoint: `${ISSUER}/userinfo`,
      jwks_uri: `${ISSUER}/jwks`,
      revocation_endpoint: `${ISSUER}/revoke`,
      end_session_endpoint: `${ISSUER}/logout`,
    };
    for (const [name, url] of Object.entries(endpoints)) assert.equal(metadata[name], url, name);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.deepEqual(metadata.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(sorted(metadata.grant_types_supported), ['authorization_code', 'refresh_token']);
    const ways = ['client_secret_basic', 'client_secret_post', 'none'];
    assert.deepEqual(sorted(metadata.token_endpoint_auth_methods_supported), ways);
    assert.deepEqual(sorted(metadata.id_token_signing_alg_values_supported), ['ES256', 'RS256']);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.equal(metadata['backchannel_logout_supported'], true);
    assert.equal(metadata['backchannel_logout_session_supported'], true);
    const absent = Object.keys(metadata).filter((name) =>
      /registration_|introspect|device|pushed|frontchannel|check_session/.test(name),
    );
    assert.deepEqual(absent, []);
    const modes = new Set(metadata.response_modes_supported);
    for (const mode of ['fragment', 'jwt', 'web_message']) assert.ok(!modes.has(mode), mode);
  });

  it('says in the ID token who has signed in, and how', async () => {
    const { apps, ann, visitor } = site();
    const claims = (await apps.basic.signsIn(visitor)).claims();
    assert.ok(claims);
    const { email, email_verified, name, preferred_username, groups, acr, amr } = claims;
    assert.deepEqual(
      { email, email_verified, name, preferred_username, groups },
      {
        email: ann.email,
        email_verified: false,
        name: 'Ann Ōe',
        preferred_username: ann.email,
        groups: [GROUP],
      },
    );
    assert.equal(acr, 'urn:postern:acr:strong');
    assert.deepEqual(sorted(amr), ['mfa', 'otp', 'pwd']);
    assert.equal(typeof claims['sid'], 'string');
    assert.ok(Number(claims.auth_time) <= claims.iat && Number(claims.auth_time) > claims.iat - 600);
    assert.ok(!JSON.stringify(claims).includes('Whistleblowers'));
  });

  it('says the same at userinfo', async () => {
    const { apps, ann, visitor } = site();
    const tokens = await apps.basic.signsIn(visitor);
    const { sub = '' } = tokens.claims() ?? {};
    const told = await openid.fetchUserInfo(apps.basic.configuration, tokens.access_token, sub);
    assert.equal(told.email, ann.email);
    assert.equal(told.name, 'Ann Ōe');
    assert.deepEqual(told['groups'], [GROUP]);
  });

  it('tells no more than the scopes ask for', async () => {
    const { apps, visitor } = site();
    const tokens = await apps.basic.signsIn(visitor, { scope: 'openid' });
    const claims: object = tokens.claims() ?? {};
    for (const name of ['email', 'name', 'preferred_username', 'groups']) assert.ok(!(name in claims), name);
  });

  it('gives one app the same subject each time, and one session id as long as the sign-in lasts', async () => {
    const { apps, visitor } = site();
    const [one, other] = [await apps.basic.signsIn(visitor), await apps.basic.signsIn(visitor)];
    assert.equal(one.claims()?.sub, other.claims()?.sub);
    assert.equal(one.claims()?.['sid'], other.claims()?.['sid']);
  });

  it('gives access tokens that say nothing and last ten minutes, and no refresh token unasked', async () => {
    const { apps, visitor } = site();
    const tokens = await apps.basic.signsIn(visitor);
    assert.equal(tokens.expires_in, 600);
    assert.equal(tokens.token_type, 'bearer');
    assert.ok(!tokens.access_token.includes('.'));
    assert.equal(tokens.refresh_token, undefined);
  });

  for (const name of ['post', 'none', 'waived', 'elliptic', 'modest'] as const) {
    it(`signs in to a client of another kind: ${name}`, async () => {
      const { apps, ann, visitor } = site();
      const tokens = await apps[name].signsIn(visitor);
      assert.equal(tokens.claims()?.['email'], ann.email);
      const [head = ''] = tokens.id_token?.split('.') ?? [];
      const { alg } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { readonly alg: string };
      assert.equal(alg, name === 'elliptic' ? 'ES256' : 'RS256');
    });
  }

  it('gives state, nonce and its own name back', async () => {
    const { apps, visitor } = site();
    const asked = await apps.basic.asks();
    await visitor.visits(asked.url);
    const answer = answerAt(visitor);
    assert.deepEqual(sorted([...answer.keys()]), ['code', 'iss', 'state']);
    assert.equal(answer.get('iss'), ISSUER);
    assert.equal(answer.get('state'), asked.state);
    assert.equal((await apps.basic.tokens(asked, visitor.url)).claims()?.nonce, asked.nonce);
  });

  it('names no host but its own, whatever a visitor says', async () => {
    const { visitor } = site();
    const url = `${ISSUER}/.well-known/openid-configuration`;
    const headers = { 'X-Forwarded-Host': 'elsewhere.example', 'X-Forwarded-Proto': 'http' };
    const page = await visitor.sends({ url, headers });
    assert.equal(page.status, 200);
    assert.ok(!page.html.includes('elsewhere.example') && !page.html.includes('http://'), page.html);
    assert.ok(page.html.includes(PORTAL));
  });
}

function sorted(list: unknown): unknown[] {
  assert.ok(Array.isArray(list), String(list));
  return [...list].sort();
}
