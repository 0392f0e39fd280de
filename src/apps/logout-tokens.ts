import { newToken } from '../kernel/identifiers.ts';
import { type Clock, minutes, seconds } from '../kernel/time.ts';
import type { OidcApp } from './app.ts';
import type { LogoutTokens } from './logouts.ts';
import type { SigningKeys } from './signing-keys.ts';

/** How long a logout token is valid, in milliseconds (OpenID Connect Back-Channel Logout 1.0 §2.4: two minutes at most). */
const LIFETIME = minutes(2);

/** What makes a token a logout token (§2.4). */
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

interface LogoutTokenServices {
  readonly keys: Pick<SigningKeys, 'published'>;
  /** Of the provider: `BASE_URL/oidc`. */
  readonly issuer: string;
  readonly clock: Clock;
}

/**
 * Logout tokens by the keys of the provider, with the app's algorithm. `typ` keeps them from being taken for ID tokens (RFC 8725
 * §3.11); there is no nonce, which §2.4 prohibits for the same reason.
 */
export function logoutTokensBy({ keys, issuer, clock }: LogoutTokenServices): LogoutTokens {
  return {
    async sign(app: OidcApp, { sub, sid }) {
      const algorithm = app.client.idTokenAlgorithm;
      const published = await keys.published();
      const key = published.find(({ state, jwk }) => state === 'current' && jwk.alg === algorithm);
      if (!key) throw new Error(`There is no key for ${algorithm}.`);
      // Loaded on first use: most installations have no app that is told.
      const { importJWK, SignJWT } = await import('jose');
      const now = Math.floor(clock() / seconds(1));
      return new SignJWT({ sub, sid, events: { [EVENT]: {} } })
        .setProtectedHeader({ alg: algorithm, kid: key.jwk.kid, typ: 'logout+jwt' })
        .setIssuer(issuer)
        .setAudience(app.id)
        .setIssuedAt(now)
        .setExpirationTime(now + LIFETIME / seconds(1))
        .setJti(newToken())
        .sign(await importJWK(key.jwk, algorithm));
    },
  };
}
