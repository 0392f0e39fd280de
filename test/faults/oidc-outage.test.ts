import assert from 'node:assert/strict';
import { seconds } from '../../src/kernel/time.ts';
import { CREATION_TIMEOUT, POSTGRESQL } from '../support/databases.ts';
import type { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { asks, OPEN_ID_PORTAL, RelyingParty } from '../support/relying-party.ts';
import { type OwnServer, ownServer } from '../support/servers.ts';
import { signsIn } from '../support/steps.ts';
import { until } from '../support/until.ts';

/** Clients wait for longer than this, whatever the load of the machine. */
const PATIENCE = seconds(12);

describe('The OpenID Connect provider, while the database', () => {
  let server: OwnServer;
  let portal: TestPortal;
  let party: RelyingParty;
  let ann: Person;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    server = await ownServer('postgres');
    const { url } = await POSTGRESQL.createOn(server);
    portal = await openPortal('database', { DATABASE_URL: url, BASE_URL: OPEN_ID_PORTAL });
    party = await RelyingParty.of(portal, { client: { mayRefresh: true } });
    await portal.account('ann@example.org');
    ann = await signsIn(portal, 'ann@example.org', { origin: OPEN_ID_PORTAL });
  });
  after(async () => {
    await portal?.close();
    await server?.stop();
  });

  for (const [what, strikes, ends] of [
    ['hangs', () => server.signal('SIGSTOP'), () => server.signal('SIGCONT')],
    ['is killed', () => server.kill(), () => server.start()],
  ] as const) {
    it(`${what}, answers 503 within seconds, and what was issued before is good afterwards`, async function () {
      this.timeout(CREATION_TIMEOUT);
      const tokens = await party.signsIn(ann, { scope: 'openid offline_access' });
      const begun = await party.begins();
      const callback = party.callbackOf(await ann.visits(begun.url));
      const code = new URL(callback).searchParams.get('code') ?? '';
      const headers = { Authorization: `Bearer ${tokens.access_token}` };
      const userinfo = () => asks(portal, { method: 'GET', path: '/oidc/userinfo', headers });
      const request = new URL((await party.begins()).url);

      await strikes();
      const asked: Record<string, () => Promise<{ readonly status: number; readonly text: string }>> = {
        'a token request': () =>
          party.asksForTokens({ grant_type: 'authorization_code', code, redirect_uri: party.callback }),
        'user info': userinfo,
        'a revocation': () =>
          asks(portal, {
            ...{ method: 'POST', path: '/oidc/revoke', fields: { token: 'x' } },
            headers: { Authorization: party.basic },
          }),
        'an authorization': async () => {
          const { status, text, headers: received } = await ann.loads(`${request.pathname}${request.search}`);
          assert.equal(received['location'], undefined);
          return { status, text };
        },
      };
      try {
        await Promise.all(
          Object.entries(asked).map(async ([name, ask]) => {
            const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE, undefined));
            const answer = await Promise.race([ask(), late]);
            assert.equal(answer?.status, 503, `${name}: ${answer?.text.slice(0, 200)}`);
          }),
        );
      } finally {
        await ends();
      }
      await until('user info is answered again', async () => (await userinfo()).status === 200);
      assert.ok((await party.exchanges(callback, begun)).access_token);
      const renewed = await party.asksForTokens({
        ...{ grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' },
      });
      assert.equal(renewed.status, 200, renewed.text);
    });
  }
});
