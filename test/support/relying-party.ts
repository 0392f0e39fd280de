import assert from 'node:assert/strict';
import * as client from 'openid-client';
import type { OidcApp } from '../../src/apps/app.ts';
import type { OidcAppInput } from '../../src/apps/apps.ts';
import type { OidcClient } from '../../src/apps/oidc-client.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import type { Page } from './page.ts';
import type { Person } from './person.ts';
import { OPERATOR, type TestPortal } from './portal.ts';
import { type Sent, send } from './sending.ts';

/** The address of the portals that these apps belong to. */
export const OPEN_ID_PORTAL = 'https://account.example.org';

export interface AppChanges extends Omit<Partial<OidcAppInput>, 'client'> {
  readonly client?: Partial<OidcClient>;
}

/** An OpenID Connect app with a name and an address of its own. */
export function oidcAppInput({ client: settings, ...changes }: AppChanges = {}): OidcAppInput {
  const name = newId(Date.now());
  const origin = `https://${name}.example.com`;
  return {
    ...{ name, origin, audience: 'everybody', proof: 'none', freshMinutes: null },
    ...{ confirmsEmail: false, kind: 'oidc' },
    ...changes,
    client: {
      ...{ redirectUris: [`${origin}/callback`], postLogoutUris: [], backchannelLogoutUri: null },
      ...{ authentication: 'basic', requiresPkce: true, idTokenAlgorithm: 'RS256', asksConsent: false },
      ...{ mayRefresh: false, mayFormPost: false, toldGroups: [], startUrl: null },
      ...settings,
    },
  };
}

/** A client of the portal, as a program of somebody else's sees it: it knows the issuer, its id and its secret. */
export class RelyingParty {
  readonly app: OidcApp;
  readonly secret: string;
  readonly config: client.Configuration;
  readonly #portal: TestPortal;

  private constructor(portal: TestPortal, app: OidcApp, secret: string, config: client.Configuration) {
    this.#portal = portal;
    this.app = app;
    this.secret = secret;
    this.config = config;
  }

  /** Registers an app and discovers the portal. */
  static async of(portal: TestPortal, changes?: AppChanges): Promise<RelyingParty> {
    const created = await portal.services.apps.create(oidcAppInput(changes), OPERATOR);
    assert.ok(created.kind === 'created' && created.app.kind === 'oidc', JSON.stringify(created));
    const { app } = created;
    const isPublic = app.client.authentication === 'none';
    const secret = isPublic ? '' : await portal.services.appSecrets.rotate(app, OPERATOR);
    return new RelyingParty(portal, app, secret, await discovered(portal, app, secret));
  }

  /** The registered address that codes are sent to. */
  get callback(): string {
    return this.app.client.redirectUris[0] ?? '';
  }

  /** The first step of a sign-in: where to lead the browser, and what to check later. */
  async begins(parameters: Readonly<Record<string, string>> = {}): Promise<Begun> {
    const verifier = client.randomPKCECodeVerifier();
    const state = client.randomState();
    const nonce = client.randomNonce();
    const url = client.buildAuthorizationUrl(this.config, {
      redirect_uri: this.callback,
      scope: 'openid',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...parameters,
    });
    return { url: url.href, verifier, state, nonce };
  }

  /** Exchanges the code of the address that the browser came back to, with every check of the library. */
  async exchanges(callback: string, { verifier, state, nonce }: Begun) {
    return client.authorizationCodeGrant(this.config, new URL(callback), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
  }

  /** Signs a person in who needs no page on the way, and returns the tokens. */
  async signsIn(person: Person, parameters?: Readonly<Record<string, string>>) {
    const begun = await this.begins(parameters);
    const page = await person.visits(begun.url);
    return this.exchanges(this.callbackOf(page), begun);
  }

  /** The address at this app that a page redirects to. */
  callbackOf(page: Page): string {
    const location = page.headers['location'] ?? '';
    assert.ok(
      location.startsWith(`${this.callback}?`),
      `${page.status} ${page.path} ${location} ${page.text}`,
    );
    return location;
  }

  async userinfo(accessToken: string, sub: string) {
    return client.fetchUserInfo(this.config, accessToken, sub);
  }

  /** Sends a request to the token endpoint as this client, however wrong, and returns the raw answer. */
  async asksForTokens(
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = { Authorization: this.basic },
  ) {
    return asks(this.#portal, { method: 'POST', path: '/oidc/token', fields, headers });
  }

  /** Its HTTP Basic credentials (RFC 6749 §2.3.1). */
  get basic(): string {
    return `Basic ${Buffer.from(`${this.app.id}:${this.secret}`).toString('base64')}`;
  }
}

/** What a client keeps while a person signs in. */
export interface Begun {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** A request without a browser, and its answer with its parsed body. */
export async function asks(
  { app }: TestPortal,
  sent: Omit<Sent, 'headers'> & Partial<Pick<Sent, 'headers'>>,
) {
  const answer = await send(app, { headers: {}, ...sent });
  const text = answer.body.toString();
  return { status: answer.status, headers: answer.headers, text, body: parsed(text) };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

async function discovered(portal: TestPortal, { id, client: settings }: OidcApp, secret: string) {
  const methods = {
    basic: () => client.ClientSecretBasic(secret),
    post: () => client.ClientSecretPost(secret),
    none: () => client.None(),
  };
  const metadata = { id_token_signed_response_alg: settings.idTokenAlgorithm };
  const issuer = new URL(`${OPEN_ID_PORTAL}/oidc`);
  return client.discovery(issuer, id, metadata, methods[settings.authentication](), {
    [client.customFetch]: fetchFrom(portal),
  });
}

/** Sends the client's requests to the portal, wherever it listens. */
function fetchFrom({ app }: TestPortal): client.CustomFetch {
  return async (address, { method, headers, body }) => {
    const { origin, pathname, search } = new URL(address);
    assert.equal(origin, OPEN_ID_PORTAL);
    const fields = body ? Object.fromEntries(new URLSearchParams(String(body))) : undefined;
    const sent = { ...headers };
    delete sent['content-length'];
    const answer = await send(app, { method, path: `${pathname}${search}`, headers: sent, fields });
    const received = Object.entries(answer.headers).map(([name, value]) => [name, String(value)] as const);
    return new Response(new Uint8Array(answer.body), {
      status: answer.status,
      headers: Object.fromEntries(received),
    });
  };
}
