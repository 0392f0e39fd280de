import assert from 'node:assert/strict';
import * as openid from 'openid-client';
import { loadWords } from '../../../src/kernel/i18n.ts';
import { PORTAL } from '../chain.ts';
import { WIKI } from '../names.ts';
import type { Visitor } from '../visitor.ts';
import { ISSUER } from './open-id-app.ts';
import { CALLBACK, type Tokens } from './relying-party.ts';
import { isAtPortal, type OpenIdSite } from './site.ts';
import { isRefused } from './tokens.ts';

const { t } = loadWords().for('en');
const LEFT = `${WIKI}/left`;

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

  describe('when an app signs somebody out', () => {
    let visitor: Visitor;
    let tokens: Tokens;
    beforeEach(async () => {
      const { chain, apps, signsInOnTheWay } = site();
      visitor = await signsInOnTheWay(await chain.member('Yann'));
      tokens = await apps.basic.signsIn(visitor);
    });

    const signOut = (parameters: Readonly<Record<string, string>>) =>
      openid.buildEndSessionUrl(site().apps.basic.configuration, parameters).href;
    const isSignedIn = async () => (await site().apps.basic.userinfoStatus(tokens.access_token)) === 200;
    const hint = () => ({ id_token_hint: tokens.id_token ?? '' });

    it('asks nothing where the ID token names this sign-in, and goes back', async () => {
      await visitor.visits(signOut({ ...hint(), post_logout_redirect_uri: LEFT, state: 'abc' }));
      assert.equal(visitor.url, `${LEFT}?state=abc`);
      assert.equal(await isSignedIn(), false);
      await visitor.visits(`${PORTAL}/profile`);
      assert.ok(visitor.url.startsWith(`${PORTAL}/sign-in`), visitor.url);
    });

    it('asks where nothing names this sign-in, and does nothing before the answer', async () => {
      const other = await site().apps.basic.signsIn(site().visitor);
      for (const parameters of [{}, { id_token_hint: other.id_token ?? '' }]) {
        await visitor.visits(signOut(parameters));
        assert.ok(isAtPortal(visitor), visitor.url);
        assert.equal(await isSignedIn(), true);
      }
      await visitor.visits(signOut({}));
      await visitor.presses(t('apps.sign-out-button'));
      assert.equal(await isSignedIn(), false);
    });

    it('sends nobody to an address that is not registered', async () => {
      for (const uri of [`${LEFT}/`, `${LEFT}?x=1`, WIKI, 'https://elsewhere.example/left']) {
        const page = await visitor.visits(signOut({ ...hint(), post_logout_redirect_uri: uri }));
        assert.ok(isAtPortal(visitor), visitor.url);
        assert.ok(!page.html.includes('elsewhere.example'), page.html);
      }
    });

    it('takes no forged ID token for a hint', async () => {
      const [head = '', claims = ''] = tokens.id_token?.split('.') ?? [];
      const none = Buffer.from('{"alg":"none"}').toString('base64url');
      for (const forged of [`${none}.${claims}.`, `${head}.${claims}.AAAA`, 'x']) {
        await visitor.visits(`${ISSUER}/logout?${new URLSearchParams({ id_token_hint: forged })}`);
        assert.ok(isAtPortal(visitor), visitor.url);
        assert.equal(await isSignedIn(), true);
      }
    });
  });
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
