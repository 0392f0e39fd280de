import assert from 'node:assert/strict';
import { createLocalJWKSet, exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { logoutTokensBy } from '../../src/apps/logout-tokens.ts';
import type { SigningKey } from '../../src/apps/signing-keys.ts';
import { newClient } from '../storage/suites/apps.ts';
import { NOW } from '../storage/suites/people.ts';

describe('A logout token', () => {
  const published: SigningKey[] = [];
  const jwks = () =>
    createLocalJWKSet({
      keys: published.map(({ jwk: { kty, n, e, crv, x, y, kid, alg } }) =>
        strip({ kty, n, e, crv, x, y, kid, alg }),
      ),
    });
  const tokens = logoutTokensBy({
    keys: { published: async () => published },
    issuer: 'https://help.example.org/oidc',
    clock: () => NOW,
  });

  before('keys', async () => {
    for (const alg of ['RS256', 'ES256'] as const) {
      for (const state of ['retired', 'current', 'next'] as const) {
        const { privateKey } = await generateKeyPair(alg, { extractable: true });
        published.push({ state, jwk: { ...(await exportJWK(privateKey)), kid: `${alg} ${state}`, alg } });
      }
    }
  });

  for (const algorithm of ['RS256', 'ES256'] as const) {
    it(`is signed by the current key for ${algorithm}, and says which sign-in is over`, async () => {
      const app = newClient({ name: 'Desk', idTokenAlgorithm: algorithm });
      const token = await tokens.sign(app, { sub: 'ann', sid: 'sid' });
      const { payload, protectedHeader } = await jwtVerify(token, jwks(), {
        ...{ issuer: 'https://help.example.org/oidc', audience: app.id, typ: 'logout+jwt' },
        currentDate: new Date(NOW),
      });
      assert.deepEqual(protectedHeader, { alg: algorithm, kid: `${algorithm} current`, typ: 'logout+jwt' });
      const { jti, ...claims } = payload;
      const now = Math.floor(NOW / 1000);
      assert.deepEqual(claims, {
        ...{ iss: 'https://help.example.org/oidc', aud: app.id, sub: 'ann', sid: 'sid' },
        ...{ iat: now, exp: now + 120 },
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      });
      assert.match(String(jti), /^[\w-]{27}$/);
    });
  }

  it('is another one each time', async () => {
    const sign = () => tokens.sign(newClient(), { sub: 'ann', sid: 'sid' });
    assert.notEqual(await sign(), await sign());
  });
});

function strip(jwk: Readonly<Record<string, unknown>>) {
  return JSON.parse(JSON.stringify(jwk));
}
