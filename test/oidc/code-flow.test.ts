import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { asks, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { givesPassword } from '../support/steps.ts';

onPortal(
  'An OpenID Connect app',
  (portal) => {
    it('signs a person in, who gives the password on the way, and learns who they are', async () => {
      const party = await RelyingParty.of(portal());
      const account = await portal().account('ann@example.org');
      const ann = new Person(portal().app, { origin: OPEN_ID_PORTAL });
      const begun = await party.begins({ scope: 'openid email profile' });
      await ann.visits(begun.url);
      await givesPassword(ann, 'ann@example.org');
      await ann.follow('Not now');
      const tokens = await party.exchanges(party.callbackOf(ann.page), begun);
      const claims = tokens.claims();
      assert.equal(claims?.sub, account.id);
      assert.equal(claims['email'], 'ann@example.org');
      const userinfo = await party.userinfo(tokens.access_token, account.id);
      assert.deepEqual(userinfo, {
        sub: account.id,
        email: 'ann@example.org',
        email_verified: account.emailConfirmedAt !== null,
        name: 'Ann Example',
        preferred_username: 'ann@example.org',
      });
      const again = await party.signsIn(ann);
      assert.equal(again.claims()?.sub, account.id);
      assert.equal(again.claims()?.['sid'], claims['sid']);
    });

    it('finds everything by discovery', async () => {
      const { body } = await asks(portal(), {
        method: 'GET',
        path: '/oidc/.well-known/openid-configuration',
      });
      const at = (path: string) => `${OPEN_ID_PORTAL}/oidc${path}`;
      assert.deepEqual(body, {
        issuer: at(''),
        authorization_endpoint: at('/authorize'),
        token_endpoint: at('/token'),
        userinfo_endpoint: at('/userinfo'),
        jwks_uri: at('/jwks'),
        revocation_endpoint: at('/revoke'),
        end_session_endpoint: at('/logout'),
        response_types_supported: ['code'],
        response_modes_supported: ['query', 'form_post'],
        grant_types_supported: ['authorization_code', 'refresh_token'],
        code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        id_token_signing_alg_values_supported: ['ES256', 'RS256'],
        scopes_supported: ['openid', 'email', 'profile', 'groups', 'offline_access'],
        claims_supported: [
          ...['sub', 'acr', 'amr', 'auth_time', 'email', 'email_verified', 'name', 'preferred_username'],
          ...['locale', 'groups', 'sid', 'iss'],
        ],
        claims_parameter_supported: true,
        claim_types_supported: ['normal'],
        acr_values_supported: [
          'urn:postern:acr:password',
          'urn:postern:acr:second-step',
          'urn:postern:acr:strong',
        ],
        subject_types_supported: ['public'],
        authorization_response_iss_parameter_supported: true,
        request_uri_parameter_supported: false,
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
      });
    });
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
