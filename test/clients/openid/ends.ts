import assert from 'node:assert/strict';
import { PORTAL } from '../chain.ts';
import type { Visitor } from '../visitor.ts';
import { CALLBACK } from './relying-party.ts';
import type { OpenIdSite } from './site.ts';
import { isRefused } from './tokens.ts';

/** Everything that rests on a sign-in ends with it. */
export function ends(site: () => OpenIdSite): void {
  const scope = { scope: 'openid email offline_access', prompt: 'consent' };

  for (const [how, end] of Object.entries(ENDS)) {
    it(`answers for no token, code or refresh token once the sign-in has ended: ${how}`, async () => {
      const { chain, apps, signsInOnTheWay } = site();
      const member = await chain.member('Zoe');
      const visitor = await signsInOnTheWay(member);
      const tokens = await apps.basic.signsIn(visitor, scope);
      const { code, verifier } = await apps.basic.code(visitor);
      assert.equal(await apps.basic.userinfoStatus(tokens.access_token), 200);
      await end(site(), visitor, member.email);
      assert.equal(await apps.basic.userinfoStatus(tokens.access_token), 401);
      const { refresh_token = '' } = tokens;
      await isRefused(apps.basic.posts({ grant_type: 'refresh_token', refresh_token }), 'invalid_grant');
      const spent = {
        grant_type: 'authorization_code',
        redirect_uri: CALLBACK,
        code,
        code_verifier: verifier,
      };
      await isRefused(apps.basic.posts(spent), 'invalid_grant');
      await visitor.visits((await apps.basic.asks({ prompt: 'none' })).url);
      assert.equal(new URL(visitor.url).searchParams.get('error'), 'login_required', visitor.url);
    });
  }
}

const ENDS: Readonly<Record<string, (site: OpenIdSite, visitor: Visitor, email: string) => Promise<void>>> = {
  'they sign out at the portal': async (_site, visitor) => {
    await visitor.visits(`${PORTAL}/`);
    await visitor.presses('Sign out');
  },
  'the account is disabled': async ({ chain }, _visitor, email) => {
    await chain.operator(['user', 'disable', email]);
  },
};
