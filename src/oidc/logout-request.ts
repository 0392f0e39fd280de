import { createLocalJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import type { App } from '../apps/app.ts';
import type { SigningKeys } from '../apps/signing-keys.ts';
import { oidcAppOf } from './client-lookup.ts';
import type { LogoutParameters, LogoutRequest } from './logout-parameters.ts';

interface LogoutRequestServices {
  readonly apps: { find(id: string): Promise<App | undefined> };
  readonly signingKeys: Pick<SigningKeys, 'published'>;
  readonly issuer: string;
}

/** Reads and checks what an app asks for when a person signs out there. Ends nothing. */
export async function readLogoutRequest(
  services: LogoutRequestServices,
  parameters: LogoutParameters,
): Promise<LogoutRequest> {
  const { id_token_hint: token, client_id: named, post_logout_redirect_uri: address, state } = parameters;
  const hint = token === undefined ? undefined : await readHint(services, token);
  if (token !== undefined && !hint) return { kind: 'refused', fault: 'hint' };
  if (hint && named !== undefined && named !== hint.aud) return { kind: 'refused', fault: 'hint' };
  const id = hint?.aud ?? named;
  const app = id === undefined ? undefined : await oidcAppOf(services.apps, id);
  if (id !== undefined && !app) return { kind: 'refused', fault: 'client' };
  // Without an app there is no list of addresses: the person stays here.
  if (app && address !== undefined && !app.client.postLogoutUris.includes(address)) {
    return { kind: 'refused', fault: 'address' };
  }
  return {
    kind: 'logout',
    app,
    returnTo: app && address !== undefined ? withState(address, state) : undefined,
    hint: hint && { accountId: hint.sub, sid: hint.sid },
  };
}

const claims = z.object({ sub: z.string(), aud: z.string(), sid: z.string().optional() });

/** An ID token that was signed here, however old: its app keeps it for as long as the sign-in lasts. */
async function readHint(
  { signingKeys, issuer }: LogoutRequestServices,
  token: string,
): Promise<z.output<typeof claims> | undefined> {
  const keys = (await signingKeys.published()).map(({ jwk }) => publicPart(jwk));
  // Without this a token that has ended would be refused before its signature is looked at.
  const issuedAt = issuedAtOf(token);
  if (issuedAt === undefined) return undefined;
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys }), {
      issuer,
      algorithms: ['RS256', 'ES256'],
      currentDate: new Date(issuedAt * 1000),
    });
    // A logout token is signed with the same keys and is no hint.
    return protectedHeader.typ === 'logout+jwt' ? undefined : claims.safeParse(payload).data;
  } catch {
    return undefined;
  }
}

function issuedAtOf(token: string): JWTPayload['iat'] {
  try {
    return decodeJwt(token).iat;
  } catch {
    return undefined;
  }
}

const PUBLIC = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg', 'use'];

function publicPart(jwk: Readonly<Record<string, unknown>>) {
  const kept = Object.entries(jwk).filter(([name]) => PUBLIC.includes(name));
  return { kty: '', ...Object.fromEntries(kept) };
}

function withState(address: string, state: string | undefined): string {
  if (state === undefined) return address;
  const url = new URL(address);
  url.searchParams.append('state', state);
  return url.href;
}
