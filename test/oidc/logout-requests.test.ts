import assert from 'node:assert/strict';
import { hours } from '../../src/kernel/time.ts';
import { onPortal } from '../support/portal.ts';
import { OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const BACK = 'https://wiki.example.com/bye?a=b';

onPortal(
  'A logout request of an OpenID Connect app',
  (portal) => {
    const read = (parameters: Parameters<ReturnType<typeof portal>['services']['openId']['readLogout']>[0]) =>
      portal().services.openId.readLogout(parameters);

    it('names the sign-in by a hint that was signed here, however old', async () => {
      const party = await RelyingParty.of(portal(), { client: { postLogoutUris: [BACK] } });
      const account = await portal().account(newEmail('ann'));
      const ann = await signsIn(portal(), account.email, { origin: OPEN_ID_PORTAL });
      const tokens = await party.signsIn(ann);
      const { id_token: hint = '' } = tokens;
      portal().wait(hours(20));
      const asked = await read({ id_token_hint: hint, post_logout_redirect_uri: BACK, state: 'a&b' });
      assert.ok(asked !== 'off' && asked.kind === 'logout');
      assert.equal(asked.app?.id, party.app.id);
      assert.equal(asked.returnTo, `${BACK}&state=a%26b`);
      assert.deepEqual(asked.hint, { accountId: account.id, sid: tokens.claims()?.['sid'] });
    });

    it('is refused with a hint that is no ID token of this app', async () => {
      const [party, other] = [await RelyingParty.of(portal()), await RelyingParty.of(portal())];
      const account = await portal().account(newEmail('ann'));
      const ann = await signsIn(portal(), account.email, { origin: OPEN_ID_PORTAL });
      const { id_token: hint = '' } = await party.signsIn(ann);
      const [head, payload, signature] = hint.split('.');
      const refused = { kind: 'refused', fault: 'hint' };
      assert.deepEqual(await read({ id_token_hint: hint, client_id: other.app.id }), refused);
      assert.deepEqual(await read({ id_token_hint: `${head}.${payload}.${signature}x` }), refused);
      assert.deepEqual(await read({ id_token_hint: `${head}.${payload}.` }), refused);
      for (const id_token_hint of ['', 'x', 'a.b.c', '..'])
        assert.deepEqual(await read({ id_token_hint }), refused);
    });

    it('leads only to a registered address of an app that is named', async () => {
      const party = await RelyingParty.of(portal(), { client: { postLogoutUris: [BACK] } });
      const named = { client_id: party.app.id };
      const there = await read({ ...named, post_logout_redirect_uri: BACK });
      assert.ok(there !== 'off' && there.kind === 'logout' && there.returnTo === BACK && !there.hint);
      const refused = { kind: 'refused', fault: 'address' };
      for (const address of [`${BACK}/`, 'https://evil.example/', '']) {
        assert.deepEqual(await read({ ...named, post_logout_redirect_uri: address }), refused);
      }
      const nobodys = await read({ post_logout_redirect_uri: BACK });
      assert.deepEqual(nobodys, { kind: 'logout', app: undefined, returnTo: undefined, hint: undefined });
      assert.deepEqual(await read({ client_id: 'nobody' }), { kind: 'refused', fault: 'client' });
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
