import assert from 'node:assert/strict';
import { CALLBACK } from './relying-party.ts';
import { answerAt, isAtPortal, type OpenIdSite } from './site.ts';

/** Requests at the authorization endpoint that get no code (ASVS 5.0 V10.4). */
export function refusesRequests(site: () => OpenIdSite): void {
  for (const uri of NEARLY) {
    it(`sends nobody to ${uri}`, async () => {
      const { apps, visitor } = site();
      const { url } = await apps.basic.asks({ redirect_uri: uri });
      const page = await visitor.visits(url);
      assert.ok(isAtPortal(visitor), visitor.url);
      assert.equal(page.status, 400, page.text);
    });
  }

  it('sends nobody anywhere for a client that it does not know, or without a redirect URI', async () => {
    const { apps, visitor } = site();
    const url = new URL((await apps.basic.asks()).url);
    for (const [name, value] of [
      ['client_id', 'nobody'],
      ['client_id', ''],
      ['redirect_uri', ''],
    ] as const) {
      const changed = new URL(url);
      if (value === '') changed.searchParams.delete(name);
      else changed.searchParams.set(name, value);
      const page = await visitor.visits(changed.href);
      assert.ok(isAtPortal(visitor), visitor.url);
      assert.equal(page.status, 400, page.text);
    }
  });

  for (const type of [
    'token',
    'id_token',
    'id_token token',
    'code id_token',
    'code token',
    'none',
    'code id_token token',
  ]) {
    it(`has no implicit and no hybrid flow: ${type}`, async () => {
      const answer = await refusal({ response_type: type });
      // Their answer belongs into a fragment, which is refused, too.
      assert.match(answer.error, /^(unsupported_response_type|unauthorized_client|invalid_request)$/);
    });
  }

  for (const mode of ['fragment', 'form_post', 'web_message', 'jwt', 'query.jwt']) {
    it(`gives a code in the query alone: ${mode}`, async () => {
      const { apps, visitor } = site();
      const { url } = await apps.basic.asks({ response_mode: mode });
      const page = await visitor.visits(url);
      const { search, hash } = new URL(visitor.url);
      assert.doesNotMatch(search + hash, /[?&#](code|response)=/);
      assert.equal(page.$('input[name=code], input[name=response]').length, 0, page.html);
    });
  }

  it('wants PKCE, and by S256 alone', async () => {
    const { apps } = site();
    const { verifier } = await apps.basic.asks();
    for (const given of [
      { code_challenge: undefined, code_challenge_method: undefined },
      { code_challenge: undefined },
      { code_challenge: verifier, code_challenge_method: 'plain' },
      { code_challenge: verifier, code_challenge_method: undefined },
      { code_challenge: 'short' },
    ]) {
      assert.equal((await refusal(given)).error, 'invalid_request', JSON.stringify(given));
    }
  });

  it('wants PKCE of a public client even if nobody asked for it', async () => {
    const { apps, visitor } = site();
    const { url } = await apps.none.asks({ code_challenge: undefined, code_challenge_method: undefined });
    await visitor.visits(url);
    assert.equal(answerAt(visitor).get('error'), 'invalid_request');
  });

  it('gives no scope that the app may not have', async () => {
    const { apps, visitor } = site();
    const tokens = await apps.post
      .signsIn(visitor, { scope: 'openid offline_access', prompt: 'consent' })
      .catch(String);
    if (typeof tokens === 'string') assert.equal(answerAt(visitor).get('error'), 'invalid_scope');
    else assert.equal(tokens.refresh_token, undefined);
    for (const scope of ['openid admin', 'openid address phone']) {
      const asked = await apps.basic.asks({ scope });
      await visitor.visits(asked.url);
      if (answerAt(visitor).has('error')) continue;
      const granted = (await apps.basic.tokens(asked, visitor.url)).scope;
      assert.equal(granted, 'openid', scope);
    }
  });

  for (const extra of [
    { request: 'eyJhbGciOiJub25lIn0.e30.' },
    { request_uri: 'https://elsewhere.example/request' },
    { registration: '{}' },
  ]) {
    it(`takes no request from elsewhere: ${Object.keys(extra)}`, async () => {
      const { apps, visitor } = site();
      await visitor.visits((await apps.basic.asks(extra)).url);
      assert.ok(!new URL(visitor.url).searchParams.has('code'), visitor.url);
    });
  }

  it('takes no parameter twice', async () => {
    const { apps, visitor } = site();
    const { url } = await apps.basic.asks();
    await visitor.visits(`${url}&scope=openid`);
    assert.ok(!new URL(visitor.url).searchParams.has('code'), visitor.url);
    await visitor.visits(`${url}&redirect_uri=https%3A%2F%2Felsewhere.example`);
    assert.ok(!new URL(visitor.url).searchParams.has('code'), visitor.url);
    assert.notEqual(new URL(visitor.url).host, 'elsewhere.example');
  });

  async function refusal(
    parameters: Readonly<Record<string, string | undefined>>,
  ): Promise<{ readonly error: string }> {
    const { apps, visitor } = site();
    const asked = await apps.basic.asks(parameters);
    await visitor.visits(asked.url);
    // Some answers about a wrong type go to the fragment.
    const { hash, search } = new URL(visitor.url);
    const answer = new URLSearchParams(hash === '' ? search : hash.slice(1));
    assert.ok(visitor.url.startsWith(CALLBACK), `${visitor.url} ${visitor.page.text}`);
    assert.ok(!answer.has('code') && !answer.has('id_token') && !answer.has('access_token'), visitor.url);
    assert.equal(answer.get('state'), asked.state);
    return { error: answer.get('error') ?? '' };
  }
}

/** Not the address that is registered, though nearly. */
const NEARLY = [
  `${CALLBACK}/`,
  `${CALLBACK}?more=1`,
  `${CALLBACK}#part`,
  `${CALLBACK}/../callback`,
  CALLBACK.replace('/callback', '/Callback'),
  CALLBACK.replace('/callback', '//callback'),
  CALLBACK.replace('/callback', '/c%61llback'),
  CALLBACK.replace('https:', 'http:'),
  CALLBACK.replace('.org', '.org:8443'),
  CALLBACK.replace('.org', '.org:443'),
  CALLBACK.replace('.org', '.org.'),
  CALLBACK.replace('.org', '.org.elsewhere.example'),
  CALLBACK.replace('wiki.', 'sub.wiki.'),
  CALLBACK.replace('https://', 'https://elsewhere.example@'),
  'https://elsewhere.example/callback',
  'javascript:alert(1)',
];
