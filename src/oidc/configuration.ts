import type { Configuration } from 'oidc-provider';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import { ACR_VALUES } from '../apps/assurance-claims.ts';
import { CLAIMS_OF_SCOPE } from '../apps/identity-claims.ts';
import { ID_TOKEN_ALGORITHMS } from '../apps/oidc-client.ts';
import { hours, minutes, seconds } from '../kernel/time.ts';
import { COOKIE_NAMES } from './cookies.ts';

const inSeconds = (time: number) => time / seconds(1);

const off = { enabled: false } as const;
const on = { enabled: true } as const;

/** How long a person may take on the way, as for a pending sign-in, in milliseconds. */
export const INTERACTION_LIMIT = hours(1);

/**
 * The part of the profile that is data (docs/decisions/0057): the code flow, and nothing that no client of ours needs. Lifetimes
 * are those of ASVS 5.0 V10; whatever its own lifetime, nothing is worth more than the sign-in that it rests on.
 */
export const PROFILE = {
  acrValues: ACR_VALUES,
  allowOmittingSingleRegisteredRedirectUri: false,
  // In the ID token, what was done is always said, and not only to those who ask.
  claims: { ...CLAIMS_OF_SCOPE, openid: ['sub', 'acr', 'amr', 'auth_time'], sid: null, iss: null },
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
  clientBasedCORS: () => false,
  // How far the clocks of two instances may differ.
  clockTolerance: 5,
  // Half of all clients read the ID token alone.
  conformIdTokenClaims: false,
  cookies: { names: COOKIE_NAMES, long: { sameSite: 'none' }, short: {} },
  enabledJWA: { idTokenSigningAlgValues: ID_TOKEN_ALGORITHMS },
  // OpenID Connect Core 1.0 §3.1.2.1 wants POST beside GET.
  enableHttpPostMethods: true,
  expiresWithSession: () => false,
  features: {
    backchannelLogout: on,
    claimsParameter: on,
    devInteractions: off,
    dPoP: off,
    pushedAuthorizationRequests: off,
    resourceIndicators: off,
    revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
    rpInitiatedLogout: on,
    userinfo: on,
  },
  issueRefreshToken: async (_ctx, client, source) =>
    client.grantTypeAllowed('refresh_token') && source.scopes.has('offline_access'),
  pkce: { required: () => true },
  responseTypes: ['code'],
  revokeGrantPolicy: () => true,
  rotateRefreshToken: true,
  routes: {
    authorization: '/authorize',
    token: '/token',
    userinfo: '/userinfo',
    jwks: '/jwks',
    revocation: '/revoke',
    end_session: '/logout',
  },
  scopes: Object.keys(CLAIMS_OF_SCOPE),
  subjectTypes: ['public'],
  ttl: {
    AccessToken: inSeconds(minutes(10)),
    AuthorizationCode: inSeconds(seconds(60)),
    IdToken: inSeconds(minutes(10)),
    RefreshToken: inSeconds(ABSOLUTE_LIMIT),
    Grant: inSeconds(ABSOLUTE_LIMIT),
    Session: inSeconds(minutes(1)),
    Interaction: inSeconds(INTERACTION_LIMIT),
  },
} satisfies Configuration;
