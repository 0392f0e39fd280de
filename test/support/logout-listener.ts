import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, type JWTPayload, jwtVerify } from 'jose';
import type { OidcApp } from '../../src/apps/app.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import { type ClientInput, newClient } from './oidc-apps.ts';
import type { TestPortal } from './portal.ts';

/** An app that listens for back-channel logouts, as a client of OpenID Connect does. */
export interface LogoutListener {
  /** Its logout address. */
  readonly uri: string;
  /** The logout tokens that it was sent, in their order. */
  readonly tokens: string[];
  /** How it answers; 200 unless it is set. */
  answer: RequestListener;
  readonly close: () => Promise<void>;
}

/** Listens on a port of this machine. `port`: one that it had before. */
export async function listenForLogouts(port = 0): Promise<LogoutListener> {
  const tokens: string[] = [];
  const listener = { tokens, answer: (_, response) => void response.end() } as LogoutListener;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      tokens.push(form.get('logout_token') ?? '');
      listener.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: taken } = server.address() as AddressInfo;
  return Object.assign(listener, {
    uri: `http://127.0.0.1:${taken}/backchannel`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** A client that is told at this listener. */
export function clientAt(
  portal: TestPortal,
  { uri }: Pick<LogoutListener, 'uri'>,
  changes: ClientInput = {},
): Promise<OidcApp> {
  return newClient(portal, { name: `Desk ${newId(Date.now())}`, backchannelLogoutUri: uri, ...changes });
}

/** The claims of a logout token, verified as an app does that has read the keys of the provider. */
export async function claimsOf(portal: TestPortal, app: OidcApp, token: string): Promise<JWTPayload> {
  const published = await portal.services.signingKeys.published();
  const keys = published.map(({ jwk: { kty, n, e, crv, x, y, kid, alg } }) =>
    JSON.parse(JSON.stringify({ kty, n, e, crv, x, y, kid, alg })),
  );
  const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), {
    ...{ issuer: `${portal.services.site.baseUrl}/oidc`, audience: app.id, typ: 'logout+jwt' },
    currentDate: new Date(portal.now()),
    requiredClaims: ['iat', 'exp', 'jti', 'sid', 'sub', 'events'],
  });
  return payload;
}
