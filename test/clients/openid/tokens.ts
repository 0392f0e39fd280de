import assert from 'node:assert/strict';
import * as openid from 'openid-client';
import { basic, CALLBACK, type RelyingParty } from './relying-party.ts';
import type { OpenIdSite } from './site.ts';

type Code = Awaited<ReturnType<RelyingParty['code']>>;

const REFRESHING = { scope: 'openid email offline_access', prompt: 'consent' };

/** Codes and tokens are each used once, by the client that they are for (ASVS 5.0 V10.4). */
export function spendsTokensOnce(site: () => OpenIdSite): void {
  const exchange = ({ code, verifier }: Code, changed: Readonly<Record<string, string>> = {}) => ({
    ...{ grant_type: 'authorization_code', redirect_uri: CALLBACK, code, code_verifier: verifier },
    ...changed,
  });

  it('takes a code once; when it comes again, what it has given is taken back', async () => {
    const { apps, visitor } = site();
    const got = await apps.basic.code(visitor, REFRESHING);
    const { status, body } = await apps.basic.posts(exchange(got));
    assert.equal(status, 200);
    assert.equal(await apps.basic.userinfoStatus(String(body['access_token'])), 200);
    await isRefused(apps.basic.posts(exchange(got)), 'invalid_grant');
    assert.equal(await apps.basic.userinfoStatus(String(body['access_token'])), 401);
    const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
    await isRefused(apps.basic.posts(refresh), 'invalid_grant');
  });

  it('takes a code once, even if it comes twenty times at once', async () => {
    const { apps, visitor } = site();
    const got = await apps.basic.code(visitor);
    const answers = await Promise.all(Array.from({ length: 20 }, () => apps.basic.posts(exchange(got))));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(answers.filter(({ body }) => body['error'] === 'invalid_grant').length, 19);
  });

  it('takes no code without the verifier that belongs to it', async () => {
    const { apps, visitor } = site();
    const other = openid.randomPKCECodeVerifier();
    for (const verifier of [other, '']) {
      const got = await apps.basic.code(visitor);
      const { code_verifier: _left, ...without } = exchange(got);
      const sent = verifier === '' ? without : { ...without, code_verifier: verifier };
      await isRefused(apps.basic.posts(sent), 'invalid_grant');
    }
  });

  it('wants the verifier of a client without PKCE, too, once that has sent a challenge', async () => {
    const { apps, visitor } = site();
    const got = await apps.waived.code(visitor);
    const { code_verifier: _left, ...without } = exchange(got);
    await isRefused(apps.waived.posts(without), 'invalid_grant');
    const none = { code_challenge: undefined, code_challenge_method: undefined };
    const plain = await apps.waived.code(visitor, none);
    const { code_verifier: _none, ...bare } = exchange(plain);
    assert.equal((await apps.waived.posts(bare)).status, 200);
    const late = await apps.waived.code(visitor, none);
    await isRefused(apps.waived.posts(exchange(late)), 'invalid_grant');
  });

  it('takes no code whose time is over', async () => {
    const { chain, apps, visitor } = site();
    const [late, early] = [await apps.basic.code(visitor), await apps.basic.code(visitor)];
    assert.equal((await apps.basic.posts(exchange(early))).status, 200);
    const isCode = { type: 'AuthorizationCode', consumed_at: null };
    await chain.inDatabase((db) => db('oidc_models').where(isCode).update({ expires_at: 1 }));
    await isRefused(apps.basic.posts(exchange(late)), 'invalid_grant');
  });

  it('takes no code of another client, and none for another address', async () => {
    const { apps, visitor } = site();
    await isRefused(apps.waived.posts(exchange(await apps.basic.code(visitor))), 'invalid_grant');
    for (const redirect_uri of [`${CALLBACK}/`, 'https://elsewhere.example/callback']) {
      const got = await apps.basic.code(visitor);
      await isRefused(apps.basic.posts(exchange(got, { redirect_uri })), 'invalid_grant');
    }
  });

  it('takes no client without its own secret', async () => {
    const { apps, visitor } = site();
    const { credentials } = apps.basic;
    const { clientId: client_id, clientSecret } = credentials;
    const got = await apps.basic.code(visitor);
    const wrong = { ...credentials, clientSecret: `${clientSecret}x` };
    const foreign = { ...credentials, clientSecret: apps.waived.credentials.clientSecret };
    for (const headers of [basic(wrong), basic(foreign)])
      await isRefused(apps.basic.posts(exchange(got), headers), 'invalid_client', 401);
    await isRefused(apps.basic.posts(exchange(got, { client_id }), {}), 'invalid_client', 401);
    const client_secret = `${clientSecret}x`;
    await isRefused(apps.basic.posts(exchange(got, { client_id, client_secret }), {}), 'invalid_client', 401);
    await isRefused(
      apps.basic.posts(exchange(got), basic({ clientId: 'nobody', clientSecret: 'x' })),
      'invalid_client',
      401,
    );
    assert.equal((await apps.basic.posts(exchange(got))).status, 200, 'a stranger has not spent it');
  });

  for (const grant of ['password', 'client_credentials', 'implicit', ...FOREIGN_GRANTS]) {
    it(`has no other grant: ${grant}`, async () => {
      const { apps, ann } = site();
      const fields = { grant_type: grant, username: ann.email, password: 'x', scope: 'openid' };
      const { status, body } = await apps.basic.posts(fields);
      assert.equal(status, 400);
      assert.ok(
        ['unsupported_grant_type', 'unauthorized_client'].includes(String(body['error'])),
        String(body['error']),
      );
    });
  }

  it('gives a new refresh token for each; when an old one comes again, all are taken back', async () => {
    const { apps, visitor } = site();
    const { configuration } = apps.basic;
    const first = await apps.basic.signsIn(visitor, REFRESHING);
    assert.ok(first.refresh_token);
    const second = await openid.refreshTokenGrant(configuration, first.refresh_token);
    assert.ok(second.refresh_token && second.refresh_token !== first.refresh_token);
    assert.equal(second.claims()?.sub, first.claims()?.sub);
    assert.equal(await apps.basic.userinfoStatus(second.access_token), 200);
    const refresh = (token: string) =>
      apps.basic.posts({ grant_type: 'refresh_token', refresh_token: token });
    await isRefused(refresh(first.refresh_token), 'invalid_grant');
    await isRefused(refresh(second.refresh_token), 'invalid_grant');
    assert.equal(await apps.basic.userinfoStatus(second.access_token), 401);
  });

  it('takes a refresh token once, even if it comes twenty times at once', async () => {
    const { apps, visitor } = site();
    const { refresh_token = '' } = await apps.basic.signsIn(visitor, REFRESHING);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => apps.basic.posts({ grant_type: 'refresh_token', refresh_token })),
    );
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });

  it('takes a refresh token from its own client alone, and for no more than it was given for', async () => {
    const { apps, visitor } = site();
    const { refresh_token = '' } = await apps.basic.signsIn(visitor, REFRESHING);
    const fields = { grant_type: 'refresh_token', refresh_token };
    const { clientId: client_id } = apps.none.credentials;
    await isRefused(apps.none.posts({ ...fields, client_id }, {}), 'invalid_grant');
    await isRefused(apps.basic.posts({ ...fields, scope: 'openid groups' }), 'invalid_scope');
  });

  it('answers for no token that its client has revoked, and lets nobody else revoke it', async () => {
    const { apps, visitor } = site();
    const tokens = await apps.basic.signsIn(visitor, REFRESHING);
    await openid.tokenRevocation(apps.post.configuration, tokens.access_token).catch(() => {});
    assert.equal(await apps.basic.userinfoStatus(tokens.access_token), 200);
    await openid.tokenRevocation(apps.basic.configuration, tokens.access_token);
    assert.equal(await apps.basic.userinfoStatus(tokens.access_token), 401);
    const { refresh_token = '' } = await apps.basic.signsIn(visitor, REFRESHING);
    await openid.tokenRevocation(apps.basic.configuration, refresh_token);
    await isRefused(apps.basic.posts({ grant_type: 'refresh_token', refresh_token }), 'invalid_grant');
  });

  it('takes nothing for an access token that is none', async () => {
    const { apps, visitor } = site();
    const tokens = await apps.basic.signsIn(visitor, REFRESHING);
    for (const token of [
      tokens.id_token ?? '',
      tokens.refresh_token ?? '',
      `${tokens.access_token}x`,
      'x',
      '',
    ])
      assert.ok([400, 401].includes(await apps.basic.userinfoStatus(token)), token);
  });
}

const FOREIGN_GRANTS = [
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:openid:params:grant-type:ciba',
];

export async function isRefused(
  answer: ReturnType<RelyingParty['posts']>,
  error: string,
  status = 400,
): Promise<void> {
  const { status: got, body } = await answer;
  assert.deepEqual({ status: got, error: body['error'] }, { status, error });
}
