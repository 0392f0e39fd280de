import { minutes, seconds } from '../../kernel/time.ts';
import type { SignedFormatRules } from './format.ts';
import { jsonWebToken } from './json-web-token.ts';
import { ownPath, ownUrl } from './own-url.ts';

/**
 * How long a visitor reads the site before it asks again. The token is all that Help Scout knows of a sign-in: so long an ended one
 * may still read. While the sign-in to Postern lasts, asking again is two redirects.
 */
const LIFETIME = minutes(5);

/**
 * Help Scout Docs ("Restricted Docs"): a JWT with HS512, whose `sub` is the address, in the parameter `token` of the site's
 * `/authcallback`. `returnTo`, the path that the visitor asked for, goes back as it came.
 *
 * Source: developer.helpscout.com/docs-api/restricted-docs; helpscout/restricted-docs-examples,
 * custom-callback-sso-example/index.js.
 */
export const helpScout: SignedFormatRules = {
  parameters: ['returnTo'],
  returns: 'returnTo',
  sign({ app, person, query: { returnTo }, secrets, now, tokenId }) {
    const callback = ownUrl(app.signed.destination, app.origin);
    if (!callback) return { kind: 'fault', fault: 'settings' };
    const page = ownPath(returnTo ?? '/', app.origin);
    if (page === undefined) return { kind: 'fault', fault: 'elsewhere' };
    const iat = Math.floor(now / seconds(1));
    const claims = { iat, exp: iat + LIFETIME / seconds(1), jti: tokenId, sub: person.email };
    callback.searchParams.set('token', jsonWebToken('HS512', claims, secrets[0]));
    callback.searchParams.set('returnTo', page);
    return { kind: 'redirect', url: callback.href };
  },
};
