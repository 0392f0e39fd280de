import { seconds } from '../../kernel/time.ts';
import type { SignedFormatRules } from './format.ts';
import { jsonWebToken } from './json-web-token.ts';
import { ownUrl } from './own-url.ts';

/** How long Deskpro accepts the token, in seconds. */
const LIFETIME = 60;

/**
 * Deskpro: a JWT with HS256 ("Decrypt Algorithm" of its app "JWT Auth"), in the parameter `jwt` of the URL that Deskpro has sent as
 * `return`. That is a callback, such as `/login/authenticate-callback/<number>` for users and `/agent/login/…` for agents, and not
 * always the same; only its origin is ours to check. Without `return` the person comes from Postern, and the app's destination is
 * the callback.
 *
 * Source: support.deskpro.com, guide "JSON Web Token setup"; deskpro/deskpro-jwt-example, AuthSystem.php and jwt_login.php.
 */
export const deskpro: SignedFormatRules = {
  parameters: ['return'],
  returns: 'return',
  sign({ app, person, query, secrets, now, tokenId }) {
    const callback = ownUrl(query['return'] ?? app.signed.destination, app.origin);
    if (!callback) return { kind: 'fault', fault: query['return'] === undefined ? 'settings' : 'elsewhere' };
    const iat = Math.floor(now / seconds(1));
    const claims = {
      ...{ iat, exp: iat + LIFETIME, jti: tokenId },
      ...{ id: person.id, email: person.email, name: person.name },
    };
    callback.searchParams.set('jwt', jsonWebToken('HS256', claims, secrets[0]));
    return { kind: 'redirect', url: callback.href };
  },
};
