import { timingSafeEqual } from 'node:crypto';
import type { AllClientMetadata } from 'oidc-provider';
import type { OidcApp } from '../apps/app.ts';
import type { AppSecrets } from '../apps/app-secrets.ts';
import type { ClientAuthentication } from '../apps/oidc-client.ts';
import { hashToken, newToken } from '../kernel/identifiers.ts';
import { isLoopback } from '../kernel/loopback.ts';

const METHODS: Readonly<Record<ClientAuthentication, 'client_secret_basic' | 'client_secret_post' | 'none'>> =
  {
    basic: 'client_secret_basic',
    post: 'client_secret_post',
    none: 'none',
  };

/**
 * The provider wants a secret for each client and keeps what it is given in memory. It gets this one, which nobody knows and no
 * client is compared with (`isSecretOf`).
 */
const UNUSED_SECRET = newToken(256);

/** An app as the provider sees it (OpenID Connect Dynamic Client Registration 1.0 §2). */
export function clientMetadata({ id, name, client }: OidcApp): AllClientMetadata {
  const { authentication, backchannelLogoutUri, mayFormPost, mayRefresh } = client;
  return {
    client_id: id,
    client_name: name,
    ...(authentication !== 'none' && { client_secret: UNUSED_SECRET }),
    token_endpoint_auth_method: METHODS[authentication],
    application_type: 'web',
    redirect_uris: client.redirectUris.filter(isProtected),
    post_logout_redirect_uris: [...client.postLogoutUris],
    response_types: ['code'],
    response_modes: ['query', ...(mayFormPost ? ['form_post'] : [])],
    grant_types: ['authorization_code', ...(mayRefresh ? ['refresh_token'] : [])],
    id_token_signed_response_alg: client.idTokenAlgorithm,
    ...(backchannelLogoutUri !== null && {
      backchannel_logout_uri: backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
  };
}

/** A code that travels unencrypted is anybody's: http is for programs on the person's own machine (RFC 8252 §7.3). */
function isProtected(uri: string): boolean {
  const url = URL.parse(uri);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(uri));
}

/** Whether this is one of the app's secrets: while one is rotated, there are two. In constant time. */
export async function isSecretOf(
  appSecrets: Pick<AppSecrets, 'of'>,
  id: string,
  actual: string,
): Promise<boolean> {
  const secrets = await appSecrets.of({ id });
  const given = Buffer.from(hashToken(actual));
  // All are compared, so that the time does not say which one it is.
  return secrets.map((secret) => timingSafeEqual(Buffer.from(hashToken(secret)), given)).includes(true);
}
