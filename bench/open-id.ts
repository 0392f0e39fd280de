import { createHash, randomBytes } from 'node:crypto';
import { readConfig } from '../src/boot/config.ts';
import { createLogger } from '../src/boot/logging.ts';
import { systemRandom } from '../src/kernel/random.ts';
import { composePortal } from '../src/portal.ts';
import type { Client, Cookies } from './http.ts';
import { expect } from './subjects.ts';

const CALLBACK = 'http://127.0.0.1:9/callback';

/** A client of OpenID Connect, which asks nobody for their consent. */
export interface OpenIdApp {
  readonly id: string;
  readonly secret: string;
}

/** Adds an app to the portal with this environment. */
export async function addOpenIdApp(environment: NodeJS.ProcessEnv): Promise<OpenIdApp> {
  const outcome = readConfig(environment);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome));
  const logger = createLogger('error');
  const portal = await composePortal(outcome.config, { clock: Date.now, random: systemRandom, logger });
  const { apps, appSecrets } = portal.services;
  const origin = { requestId: 'bench', address: '', browser: '' };
  const actor = { party: { id: null, label: 'bench' }, origin };
  const created = await apps.create(
    {
      ...{ kind: 'oidc', name: 'Desk', origin: 'http://127.0.0.1:9', audience: 'everybody' },
      ...{ proof: 'second step', freshMinutes: null, confirmsEmail: false },
      client: {
        ...{ redirectUris: [CALLBACK], postLogoutUris: [], backchannelLogoutUri: null },
        ...{ authentication: 'post', requiresPkce: true, idTokenAlgorithm: 'RS256', asksConsent: false },
        ...{ mayRefresh: false, mayFormPost: false, toldGroups: [], startUrl: null },
      },
    },
    actor,
  );
  if (created.kind !== 'created') throw new Error(created.fault);
  const secret = await appSecrets.rotate(created.app, actor);
  await portal.close();
  return { id: created.app.id, secret };
}

/** One code flow of somebody who is signed in: code, tokens, claims. */
export async function codeFlow(client: Client, { id, secret }: OpenIdApp, cookies: Cookies): Promise<void> {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const asked = new URLSearchParams({
    ...{ client_id: id, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid email profile' },
    ...{ state: 'state', nonce: 'nonce', code_challenge: challenge, code_challenge_method: 'S256' },
  });
  const answer = expect(303, await client.get(`/oidc/authorize?${asked}`, cookies));
  const code = new URL(answer.headers.location ?? '', CALLBACK).searchParams.get('code');
  if (code === null) throw new Error(`no code: ${answer.headers.location}`);
  const fields = {
    ...{ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: verifier },
    ...{ client_id: id, client_secret: secret },
  };
  const { access_token: token } = JSON.parse(expect(200, await client.post('/oidc/token', fields)).text);
  expect(200, await client.get('/oidc/userinfo', undefined, { authorization: `Bearer ${token}` }));
}
