import assert from 'node:assert/strict';
import { onPortal } from '../support/portal.ts';
import { asks, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onPortal(
  'An administrator who connects an OpenID Connect app',
  (portal) => {
    it('learns why it was refused, and what was sent as a secret is kept nowhere', async () => {
      const party = await RelyingParty.of(portal());
      const fields = { grant_type: 'authorization_code', code: 'c0de', redirect_uri: party.callback };
      await party.asksForTokens({ ...fields, client_id: party.app.id, client_secret: 'not-the-secret' }, {});
      await party.asksForTokens(fields);
      const ann = await signsIn(portal(), (await portal().account(newEmail('ann'))).email, {
        origin: OPEN_ID_PORTAL,
      });
      await ann.visits((await party.begins({ redirect_uri: 'https://evil.example/' })).url);
      await ann.visits((await party.begins({ scope: 'openid', code_challenge_method: 'plain' })).url);
      // The answer to what a person has not done is no error of the app.
      await ann.visits((await party.begins({ prompt: 'none', max_age: '0' })).url);
      const errors = portal().services.clientErrors.of(party.app.id);
      assert.deepEqual(
        errors.map(({ endpoint, error, detail }) => `${endpoint} ${error} ${detail}`),
        [
          'authorize invalid_request not supported value of code_challenge_method',
          "authorize invalid_redirect_uri redirect_uri did not match any of the client's registered redirect_uris",
          'token invalid_grant grant request is invalid: authorization code not found',
          'token invalid_client client authentication failed: invalid secret provided',
        ],
      );
      assert.ok(!portal().log().includes('not-the-secret'));
      assert.match(portal().log(), /refused a request to the OpenID Connect provider/);
    });

    it('finds unknown clients in the log', async () => {
      await RelyingParty.of(portal());
      const fields = { grant_type: 'authorization_code', client_id: 'nobody', client_secret: 'x' };
      const { status, body } = await asks(portal(), { method: 'POST', path: '/oidc/token', fields });
      assert.deepEqual([status, body['error']], [401, 'invalid_client']);
      assert.match(portal().log(), /"client":"nobody".*client not found/);
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);

onPortal(
  'A person who takes the access of an app back',
  (portal) => {
    it('ends what it has got at once, and it has to ask again', async () => {
      const party = await RelyingParty.of(portal(), { client: { asksConsent: true, mayRefresh: true } });
      const account = await portal().account(newEmail('ann'));
      const ann = await signsIn(portal(), account.email, { origin: OPEN_ID_PORTAL });
      const actor = {
        party: { id: account.id, label: account.email },
        origin: { requestId: '', address: '', browser: '' },
      };
      const { consents } = portal().services;
      await consents.give(account, party.app, ['openid', 'offline_access'], actor);
      const tokens = await party.signsIn(ann, { scope: 'openid offline_access' });
      assert.equal((await party.userinfo(tokens.access_token, account.id)).sub, account.id);
      assert.ok(await consents.takeBack(account, party.app, actor));
      await assert.rejects(party.userinfo(tokens.access_token, account.id));
      const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
      assert.equal((await party.asksForTokens(refresh)).body['error'], 'invalid_grant');
      const silent = await ann.visits((await party.begins({ prompt: 'none' })).url);
      assert.match(silent.headers['location'] ?? '', /error=consent_required/);
    });

    it('has not given what a claim by name would tell', async () => {
      const party = await RelyingParty.of(portal(), { client: { asksConsent: true } });
      const account = await portal().account(newEmail('ann'));
      const ann = await signsIn(portal(), account.email, { origin: OPEN_ID_PORTAL });
      const actor = {
        party: { id: account.id, label: account.email },
        origin: { requestId: '', address: '', browser: '' },
      };
      await portal().services.consents.give(account, party.app, ['openid'], actor);
      const claims = JSON.stringify({ userinfo: { email: null } });
      const page = await ann.visits((await party.begins({ prompt: 'none', claims })).url);
      assert.match(page.headers['location'] ?? '', /error=consent_required/);
      assert.ok((await party.signsIn(ann, { prompt: 'none' })).access_token);
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
