import { createHmac, randomBytes } from 'node:crypto';
import { jwtVerify } from 'jose';
import type { SignedFormat } from '../../src/apps/signed-hand-over.ts';

/** Who an app has signed in, by what it was told. */
export interface DeskUser {
  readonly email: string;
  readonly id?: string;
  readonly name?: string;
  /** Everything that it was told. */
  readonly told: Readonly<Record<string, unknown>>;
}

/** What an app knows. */
export interface Desk {
  readonly origin: string;
  readonly secret: string;
  /** What an administrator has typed in as the sign-in URL. */
  readonly signInUrl: string;
  /** Nonces that wait for an answer, with the browser that began. */
  readonly nonces: Map<string, string>;
  readonly usedIds: Set<string>;
  readonly now: () => number;
}

export interface DeskAnswer {
  readonly status?: number;
  readonly text?: string;
  readonly goTo?: string;
  readonly user?: DeskUser;
  /** The browser's cookie from here on. */
  readonly browser?: string;
}

interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly form: URLSearchParams;
  readonly browser: string;
}

interface FakeFormat {
  readonly destination: string;
  /** Where somebody is sent who is not signed in and has asked for this page. */
  start(desk: Desk, page: string): string;
  /** Undefined: a page of the app that wants somebody to be signed in. */
  answer(desk: Desk, asked: Asked): Promise<DeskAnswer | undefined>;
}

const REFUSED = { status: 403, text: 'Refused.' };

/**
 * Zendesk. "iat": within three minutes; "jti": once. The token is in the body of a POST.
 * support.zendesk.com articles 4408845838874, 4408881965722; zendesk/zendesk_jwt_sso_examples, form_submission.
 */
const zendesk: FakeFormat = {
  destination: '/access/jwt',
  start: (desk, page) => {
    const asked = {
      brand_id: '360000123',
      locale_id: '8',
      return_to: `${desk.origin}${page}`,
      timestamp: '1',
    };
    return `${desk.signInUrl}?${new URLSearchParams(asked)}`;
  },
  async answer(desk, { method, url, form }) {
    if (url.pathname !== '/access/jwt') return undefined;
    if (method !== 'POST' || url.searchParams.has('jwt')) return { status: 405, text: 'No token in a URL.' };
    const told = await verified(desk, form.get('jwt') ?? '', 'HS256');
    const { iat, jti, email, name, external_id: id } = told ?? {};
    const isFresh = typeof iat === 'number' && Math.abs(desk.now() / 1000 - iat) < 180;
    if (!told || !isFresh || typeof jti !== 'string' || desk.usedIds.has(jti)) return REFUSED;
    if (typeof email !== 'string' || typeof name !== 'string' || typeof id !== 'string') return REFUSED;
    desk.usedIds.add(jti);
    const page = url.searchParams.get('return_to') ?? `${desk.origin}/`;
    return page.startsWith(`${desk.origin}/`) ? { goTo: page, user: { email, name, id, told } } : REFUSED;
  },
};

/** Deskpro. support.deskpro.com "JSON Web Token setup"; deskpro/deskpro-jwt-example: the URL in "return", with "jwt" added. */
const deskpro: FakeFormat = {
  destination: '/login/authenticate-callback/3',
  start: (desk) => {
    const callback = `${desk.origin}/login/authenticate-callback/3?context=user`;
    return `${desk.signInUrl}?${new URLSearchParams({ return: callback })}`;
  },
  async answer(desk, { url }) {
    if (url.pathname !== '/login/authenticate-callback/3') return undefined;
    const told = await verified(desk, url.searchParams.get('jwt') ?? '', 'HS256');
    const { id, email, name, exp } = told ?? {};
    if (!told || exp === undefined || typeof email !== 'string') return REFUSED;
    if (typeof id !== 'string' || typeof name !== 'string') return REFUSED;
    return { goTo: '/', user: { email, id, name, told } };
  },
};

/** Help Scout Docs. developer.helpscout.com/docs-api/restricted-docs; helpscout/restricted-docs-examples: HS512, "sub" is the email. */
const helpScout: FakeFormat = {
  destination: '/authcallback',
  start: (desk, page) => `${desk.signInUrl}?${new URLSearchParams({ returnTo: page })}`,
  async answer(desk, { url }) {
    if (url.pathname !== '/authcallback') return undefined;
    const told = await verified(desk, url.searchParams.get('token') ?? '', 'HS512');
    if (typeof told?.sub !== 'string' || told.exp === undefined) return REFUSED;
    const page = url.searchParams.get('returnTo') ?? '/';
    return page.startsWith('/') ? { goTo: page, user: { email: told.sub, told } } : REFUSED;
  },
};

/**
 * Discourse. meta.discourse.org/t/13045; discourse/discourse, lib/discourse_connect_base.rb (`parse`, `sign`),
 * app/models/discourse_connect.rb (`generate_sso`, `nonce_valid?`), session_controller.rb (`sso_login`).
 */
const discourse: FakeFormat = {
  destination: '/session/sso_login',
  start: ({ origin }) => `${origin}/session/sso`,
  async answer(desk, { url, browser }) {
    if (url.pathname === '/session/sso') return beginsSso(desk, browser);
    if (url.pathname !== '/session/sso_login') return undefined;
    const [sso, sig] = [url.searchParams.get('sso') ?? '', url.searchParams.get('sig') ?? ''];
    if (/[^a-zA-Z0-9=\r\n/+]/.test(sso)) return { status: 422, text: 'Not base64.' };
    if (hmac(desk.secret, sso) !== sig) return { status: 422, text: 'Bad signature.' };
    const told = Object.fromEntries(new URLSearchParams(Buffer.from(sso, 'base64').toString()));
    const { nonce = '', external_id: id = '', email = '', name = '' } = told;
    if (desk.nonces.get(nonce) !== browser) return { status: 419, text: 'Nonce has expired.' };
    desk.nonces.delete(nonce);
    if (id === '' || email === '') return REFUSED;
    return { goTo: '/', user: { id, email, name, told } };
  },
};

function beginsSso(desk: Desk, browser: string): DeskAnswer {
  const nonce = randomBytes(16).toString('hex');
  const session = browser === '' ? randomBytes(9).toString('hex') : browser;
  desk.nonces.set(nonce, session);
  const { sso, sig } = signedRequest(desk, { nonce, return_sso_url: `${desk.origin}/session/sso_login` });
  return { goTo: `${desk.signInUrl}?${new URLSearchParams({ sso, sig })}`, browser: session };
}

/** A request of Discourse with these values. */
export function signedRequest(
  { secret }: Pick<Desk, 'secret'>,
  values: Readonly<Record<string, string>>,
): { readonly sso: string; readonly sig: string } {
  const sso = Buffer.from(String(new URLSearchParams(values))).toString('base64');
  return { sso, sig: hmac(secret, sso) };
}

function hmac(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

export const FAKES: Readonly<Record<SignedFormat, FakeFormat>> = {
  zendesk,
  deskpro,
  'help-scout': helpScout,
  discourse,
};

/** The claims of a token, if it is signed with the secret by this algorithm and has not expired. */
async function verified({ secret, now }: Desk, token: string, algorithm: 'HS256' | 'HS512') {
  const options = { algorithms: [algorithm], currentDate: new Date(now()) };
  const key = new TextEncoder().encode(secret);
  return jwtVerify(token, key, options).then(
    ({ payload }) => payload,
    () => undefined,
  );
}
