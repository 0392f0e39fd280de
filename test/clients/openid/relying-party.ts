import * as openid from 'openid-client';
import type { Surroundings } from '../chain.ts';
import { WIKI } from '../names.ts';
import type { Visitor } from '../visitor.ts';
import { type Credentials, ISSUER } from './open-id-app.ts';
import { portalFetch } from './portal-fetch.ts';

export const CALLBACK = `${WIKI}/callback`;

/** A request for a sign-in, and what the app keeps of it until the answer comes. */
export interface Asked {
  readonly url: string;
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

export type Tokens = Awaited<ReturnType<typeof openid.authorizationCodeGrant>>;

const AUTHENTICATION = {
  basic: openid.ClientSecretBasic,
  post: openid.ClientSecretPost,
  none: openid.None,
} as const;

/** An app by openid-client, which is certified for what it checks. */
export class RelyingParty {
  readonly configuration: openid.Configuration;
  readonly credentials: Credentials;
  readonly #fetch: typeof fetch;

  private constructor(configuration: openid.Configuration, credentials: Credentials, way: typeof fetch) {
    this.configuration = configuration;
    this.credentials = credentials;
    this.#fetch = way;
  }

  /** Reads the metadata, which are all that it is told besides its credentials. */
  static async discovers(
    surroundings: Pick<Surroundings, 'network' | 'authority'>,
    credentials: Credentials,
    authentication: keyof typeof AUTHENTICATION = 'basic',
  ): Promise<RelyingParty> {
    const { clientId, clientSecret } = credentials;
    const way = portalFetch(surroundings);
    const configuration = await openid.discovery(
      new URL(ISSUER),
      clientId,
      undefined,
      AUTHENTICATION[authentication](clientSecret),
      { [openid.customFetch]: (url, options) => way(url, options as RequestInit) },
    );
    return new RelyingParty(configuration, credentials, way);
  }

  /** Begins a sign-in. `parameters` come in addition; undefined leaves one out. */
  async asks(parameters: Readonly<Record<string, string | undefined>> = {}): Promise<Asked> {
    const [verifier, state, nonce] = [
      openid.randomPKCECodeVerifier(),
      openid.randomState(),
      openid.randomNonce(),
    ];
    const all = {
      redirect_uri: CALLBACK,
      scope: 'openid profile email groups',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...{ state, nonce, ...parameters },
    };
    const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const { href } = openid.buildAuthorizationUrl(this.configuration, Object.fromEntries(given));
    return { url: href, verifier, state, nonce };
  }

  /** Turns the answer, with which the person came back, into tokens; checks all that a client has to check. */
  tokens(
    { verifier, state, nonce }: Asked,
    landing: string,
    checks: openid.AuthorizationCodeGrantChecks = {},
  ): Promise<Tokens> {
    return openid.authorizationCodeGrant(this.configuration, new URL(landing), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
      ...checks,
    });
  }

  /** The whole way of somebody who is signed in to the portal. */
  async signsIn(visitor: Visitor, parameters: Parameters<RelyingParty['asks']>[0] = {}): Promise<Tokens> {
    const asked = await this.asks(parameters);
    await visitor.visits(asked.url);
    return this.tokens(asked, visitor.url);
  }

  /** A code that nobody has used. */
  async code(visitor: Visitor, parameters: Parameters<RelyingParty['asks']>[0] = {}) {
    const asked = await this.asks(parameters);
    await visitor.visits(asked.url);
    return { ...asked, code: new URL(visitor.url).searchParams.get('code') ?? '', landing: visitor.url };
  }

  /** Sends a form to the token endpoint, as no library would. */
  async posts(
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = basic(this.credentials),
  ): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
    const answer = await this.#fetch(`${ISSUER}/token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: '*/*', ...headers },
      body: new URLSearchParams(fields),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }

  /** The status of userinfo for an access token. */
  async userinfoStatus(token: string): Promise<number> {
    return (await this.#fetch(`${ISSUER}/userinfo`, { headers: { Authorization: `Bearer ${token}` } }))
      .status;
  }
}

/** HTTP Basic, with both parts encoded as forms are (RFC 6749 §2.3.1). */
export function basic({ clientId, clientSecret }: Credentials): Record<string, string> {
  const pair = [clientId, clientSecret].map((part) => encodeURIComponent(part)).join(':');
  return { Authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}
