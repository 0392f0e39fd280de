import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { decodeProtectedHeader, type JWTPayload, jwtVerify } from 'jose';
import type { SigningRequest } from '../../src/apps/signed-formats/format.ts';
import { SIGNED_FORMAT_RULES } from '../../src/apps/signed-formats/registry.ts';
import { SIGNED_FORMATS, type SignedFormat } from '../../src/apps/signed-hand-over.ts';

const ORIGIN = 'https://desk.example.org';
const SECRET = 'x'.repeat(43);
const OTHER = 'y'.repeat(43);
const NOW = Date.UTC(2026, 0, 2, 3, 4, 5) + 678;
const IAT = Math.floor(NOW / 1000);

const ANN: SigningRequest['person'] = {
  ...{ id: '0ann', email: 'ann@example.org', name: 'Änn "Bé" 山田', isConfirmed: true },
  ...{ groups: [], otherGroups: [] },
};

const DESTINATIONS: Readonly<Record<SignedFormat, string>> = {
  zendesk: '/access/jwt',
  deskpro: '/login/authenticate-callback/3',
  'help-scout': '/authcallback',
  discourse: '/session/sso_login',
};

function requestFor(format: SignedFormat, changes: Partial<SigningRequest> = {}): SigningRequest {
  const signed = { format, destination: `${ORIGIN}${DESTINATIONS[format]}`, toldGroups: [], startUrl: null };
  const query = format === 'discourse' ? asked({ nonce: 'n1', return_sso_url: signed.destination }) : {};
  return {
    ...{ app: { origin: ORIGIN, signed }, person: ANN, query, secrets: [SECRET], now: NOW, tokenId: 'id-1' },
    ...changes,
  };
}

const sign = (format: SignedFormat, changes?: Partial<SigningRequest>) =>
  SIGNED_FORMAT_RULES[format].sign(requestFor(format, changes));

const hmac = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('hex');

/** A sign-in request of Discourse. */
function asked(values: Readonly<Record<string, string>>, secret = SECRET) {
  const sso = Buffer.from(String(new URLSearchParams(values))).toString('base64');
  return { sso, sig: hmac(secret, sso) };
}

/** The URL that is gone to, and the form's fields, if there are any. */
function wayOf(signing: ReturnType<typeof sign>) {
  assert.ok(signing.kind === 'redirect' || signing.kind === 'form', JSON.stringify(signing));
  return { url: new URL(signing.url), fields: signing.kind === 'form' ? signing.fields : {} };
}

/** What a token says, verified with the secret. */
async function claimsIn(token: string | null | undefined, algorithm: string): Promise<JWTPayload> {
  assert.deepEqual(decodeProtectedHeader(token ?? ''), { alg: algorithm, typ: 'JWT' });
  const key = new TextEncoder().encode(SECRET);
  const options = { algorithms: [algorithm], currentDate: new Date(NOW) };
  return (await jwtVerify(token ?? '', key, options)).payload;
}

function answerIn(url: URL) {
  const sso = url.searchParams.get('sso') ?? '';
  return {
    sig: url.searchParams.get('sig'),
    sso,
    told: Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString())),
  };
}

describe('Each format of a signed hand-over', () => {
  for (const format of SIGNED_FORMATS) {
    describe(`(${format})`, () => {
      it('takes the sign-in to the app’s own destination', () => {
        const { url } = wayOf(sign(format));
        assert.equal(`${url.origin}${url.pathname}`, `${ORIGIN}${DESTINATIONS[format]}`);
      });

      it('depends on nothing but its request', () => {
        assert.deepEqual(sign(format), sign(format));
      });

      it('signs with the secret', () => {
        const query = format === 'discourse' ? asked({ nonce: 'n', return_sso_url: ORIGIN }, OTHER) : {};
        assert.notDeepEqual(sign(format, { secrets: [OTHER], query }), sign(format));
      });

      it('puts the secret nowhere', () => {
        const { url, fields } = wayOf(sign(format));
        assert.ok(!JSON.stringify([url.href, fields]).includes(SECRET));
      });

      it('hands nobody over to another origin, whatever its settings are', () => {
        const other = 'https://evil.example/access';
        const app = { origin: ORIGIN, signed: { ...requestFor(format).app.signed, destination: other } };
        const query =
          format === 'discourse' ? asked({ nonce: 'n', return_sso_url: other }) : requestFor(format).query;
        assert.equal(sign(format, { app, query }).kind, 'fault');
      });
    });
  }
});

describe('The hand-over to Zendesk', () => {
  it('is a form with a token that names the person', async () => {
    const { fields } = wayOf(sign('zendesk'));
    assert.deepEqual(Object.keys(fields), ['jwt']);
    assert.deepEqual(await claimsIn(fields['jwt'], 'HS256'), {
      ...{ iat: IAT, jti: 'id-1', name: ANN.name, email: ANN.email, external_id: ANN.id },
    });
  });

  it('gives back the page, the brand and the language that Zendesk has sent', () => {
    const query = { return_to: `${ORIGIN}/hc/en-us/requests?page=2&x=é`, brand_id: '42', locale_id: '8' };
    const { searchParams } = wayOf(sign('zendesk', { query })).url;
    assert.deepEqual(Object.fromEntries(searchParams), {
      return_to: `${ORIGIN}/hc/en-us/requests?page=2&x=%C3%A9`,
      ...{ brand_id: '42', locale_id: '8' },
    });
  });

  it('gives back no brand or language that is no number', () => {
    const query = { brand_id: '1&jwt=x', locale_id: '-1' };
    assert.equal(wayOf(sign('zendesk', { query })).url.search, '');
  });

  it('does not return to another origin', () => {
    const query = { return_to: 'https://evil.example/' };
    assert.deepEqual(sign('zendesk', { query }), { kind: 'fault', fault: 'elsewhere' });
  });
});

describe('The hand-over to Deskpro', () => {
  it('adds a token for one minute to the callback', async () => {
    const { url } = wayOf(sign('deskpro'));
    assert.deepEqual(await claimsIn(url.searchParams.get('jwt'), 'HS256'), {
      ...{ iat: IAT, exp: IAT + 60, jti: 'id-1', id: ANN.id, email: ANN.email, name: ANN.name },
    });
  });

  it('goes to the callback that Deskpro has sent, and keeps its parameters', () => {
    const query = { return: `${ORIGIN}/agent/login/authenticate-callback/7?a=b&jwt=old#x` };
    const { url } = wayOf(sign('deskpro', { query }));
    assert.equal(url.pathname, '/agent/login/authenticate-callback/7');
    assert.equal(url.searchParams.get('a'), 'b');
    assert.equal(url.searchParams.getAll('jwt').length, 1);
    assert.equal(url.hash, '');
  });

  it('goes to no other origin', () => {
    const query = { return: 'https://desk.example.org.evil.example/login/authenticate-callback/7' };
    assert.deepEqual(sign('deskpro', { query }), { kind: 'fault', fault: 'elsewhere' });
  });
});

describe('The hand-over to Help Scout', () => {
  it('names the address as the subject, for five minutes', async () => {
    const { url } = wayOf(sign('help-scout'));
    assert.deepEqual(await claimsIn(url.searchParams.get('token'), 'HS512'), {
      ...{ iat: IAT, exp: IAT + 300, jti: 'id-1', sub: ANN.email },
    });
    assert.equal(url.searchParams.get('returnTo'), '/');
  });

  it('gives back the path that the visitor asked for', () => {
    const { url } = wayOf(sign('help-scout', { query: { returnTo: '/article/1-é?q=a b' } }));
    assert.equal(url.searchParams.get('returnTo'), '/article/1-%C3%A9?q=a%20b');
  });

  it('gives back no path that leads elsewhere', () => {
    for (const returnTo of [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      '/.//evil.example',
    ]) {
      const signing = sign('help-scout', { query: { returnTo } });
      assert.deepEqual(signing, { kind: 'fault', fault: 'elsewhere' }, returnTo);
    }
  });
});

describe('The hand-over to Discourse', () => {
  it('answers the nonce, signed', () => {
    const { told, sso, sig } = answerIn(wayOf(sign('discourse')).url);
    assert.deepEqual(told, { nonce: 'n1', external_id: ANN.id, email: ANN.email, name: ANN.name });
    assert.equal(sig, hmac(SECRET, sso));
  });

  it('verifies the example of its documentation, with the line break in it', () => {
    const query = {
      sso: 'bm9uY2U9Y2I2ODI1MWVlZmI1MjExZTU4YzAwZmYxMzk1ZjBjMGI=\n',
      sig: '2828aa29899722b35a2f191d34ef9b3ce695e0e6eeec47deb46d588d70c7cb56',
    };
    const { url } = wayOf(sign('discourse', { query, secrets: ['d836444a9e4084d5b224a60c208dce14'] }));
    assert.equal(url.pathname, '/session/sso_login');
    assert.equal(answerIn(url).told['nonce'], 'cb68251eefb5211e58c00ff1395f0c0b');
  });

  it('asks Discourse to confirm an address that was not shown', () => {
    const person = { ...ANN, isConfirmed: false };
    assert.equal(answerIn(wayOf(sign('discourse', { person })).url).told['require_activation'], 'true');
  });

  it('names the told groups that the person is in, and those to leave', () => {
    const person = { ...ANN, groups: ['staff', 'night'], otherGroups: ['board'] };
    const { told } = answerIn(wayOf(sign('discourse', { person })).url);
    assert.equal(told['add_groups'], 'staff,night');
    assert.equal(told['remove_groups'], 'board');
  });

  it('claims no rank: no administrator, moderator or user name', () => {
    const { told } = answerIn(wayOf(sign('discourse')).url);
    for (const name of ['admin', 'moderator', 'username']) assert.equal(told[name], undefined, name);
  });

  it('signs with the one of two secrets that has verified', () => {
    const query = asked({ nonce: 'n', return_sso_url: `${ORIGIN}/session/sso_login` }, OTHER);
    const { sso, sig } = answerIn(wayOf(sign('discourse', { query, secrets: [SECRET, OTHER] })).url);
    assert.equal(sig, hmac(OTHER, sso));
  });

  it('refuses a request that no secret has signed, or that was changed', () => {
    const right = requestFor('discourse').query;
    const changed = Buffer.from('nonce=n1&return_sso_url=https%3A%2F%2Fevil.example').toString('base64');
    for (const query of [
      asked({ nonce: 'n', return_sso_url: ORIGIN }, OTHER),
      { ...right, sso: changed },
      { ...right, sig: '' },
      { ...right, sig: 'é'.repeat(32) },
      { ...right, sig: `${right['sig']?.slice(0, -1)}` },
      { ...right, sig: `${right['sig']?.toUpperCase()}0` },
    ]) {
      assert.deepEqual(sign('discourse', { query }), { kind: 'fault', fault: 'bad signature' });
    }
  });

  it('refuses a signed request without a nonce, or with an endless one', () => {
    for (const nonce of ['', 'n'.repeat(201)]) {
      const query = asked({ nonce, return_sso_url: `${ORIGIN}/session/sso_login` });
      assert.deepEqual(sign('discourse', { query }), { kind: 'fault', fault: 'malformed' });
    }
    const { sso } = requestFor('discourse').query;
    assert.deepEqual(sign('discourse', { query: { sso } }), { kind: 'fault', fault: 'malformed' });
  });

  it('returns to no other origin, even if the request is signed', () => {
    for (const url of ['https://evil.example/', '', 'desk.example.org', `${ORIGIN}@evil.example/`]) {
      const query = asked({ nonce: 'n', return_sso_url: url });
      assert.deepEqual(sign('discourse', { query }), { kind: 'fault', fault: 'elsewhere' }, url);
    }
  });

  it('begins at Discourse if nobody has asked, and signs out if Discourse asks for that', () => {
    assert.deepEqual(sign('discourse', { query: {} }), { kind: 'begin' });
    const query = asked({ logout: 'true', nonce: 'n', return_sso_url: ORIGIN });
    assert.deepEqual(sign('discourse', { query }), { kind: 'sign out' });
  });
});
