import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';
import { listenForLogouts } from '../support/logout-listener.ts';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { asks, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { givesPassword } from '../support/steps.ts';

const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string() })) });

onPortal(
  'A sign-out from an OpenID Connect app',
  (portal) => {
    for (const idTokenAlgorithm of ['RS256', 'ES256'] as const) {
      it(`arrives there with the sid of its ID token, signed by a published key (${idTokenAlgorithm})`, async () => {
        const listener = await listenForLogouts();
        try {
          await portal().deliver();
          const settings = { backchannelLogoutUri: listener.uri, idTokenAlgorithm };
          const party = await RelyingParty.of(portal(), { client: settings });
          const { id, email } = await portal().account(`ann-${idTokenAlgorithm}@example.org`);
          const ann = new Person(portal().app, { origin: OPEN_ID_PORTAL });
          await ann.visits('/sign-in');
          await givesPassword(ann, email);
          const sid = (await party.signsIn(ann)).claims()?.['sid'];
          assert.ok(sid);
          await ann.visits('/profile');
          await ann.presses('Sign out');
          await portal().delivered();
          const [token, ...others] = listener.tokens;
          assert.deepEqual(others, []);
          const { body } = await asks(portal(), { method: 'GET', path: '/oidc/jwks' });
          const keys = createLocalJWKSet(jwks.parse(body));
          const { payload } = await jwtVerify(token ?? '', keys, {
            ...{ issuer: `${OPEN_ID_PORTAL}/oidc`, audience: party.app.id, typ: 'logout+jwt' },
            algorithms: [idTokenAlgorithm],
          });
          assert.deepEqual([payload.sub, payload['sid'], payload['nonce']], [id, sid, undefined]);
          await ann.visits('/signed-out');
          assert.match(ann.page.text, new RegExp(`also signed out of ${party.app.name}\\.`));
        } finally {
          await listener.close();
        }
      });
    }
  },
  { BASE_URL: OPEN_ID_PORTAL },
);
