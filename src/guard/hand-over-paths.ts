import type { RequestHandler } from 'express';
import { hashToken, newToken } from '../kernel/identifiers.ts';
import { originOf } from '../web/context.ts';
import { safeReturnPath } from '../web/paths.ts';
import { redirectToUrl } from './answers.ts';
import { forwardedHost } from './app-request.ts';
import { HAND_OVER_PATHS } from './checks.ts';
import type { Guard } from './guard.ts';

/** Turns in a row after which a browser that is sent to sign in, although it is, goes in circles. */
const MOST_DETOURS = 3;

const START = `${HAND_OVER_PATHS}start`;

/**
 * `/.postern/start/<path?query>`: leads to the portal, which hands the sign-in over. The nonce stays in this browser, and its hash
 * goes along: a code that somebody else asked for opens nothing here (session fixation).
 */
export function start(guard: Guard): RequestHandler {
  const { cookies, portal } = guard;
  return async (request, response) => {
    const host = forwardedHost(request.headers);
    if (!host.ok) return guard.malformed(request, response, host.header);
    const sent = request.headers.cookie;
    const cookie = cookies.app(sent);
    const checked = await guard.check(host.value, cookie);
    if (checked.kind === 'unknown host') return guard.unknownHost(request, response, host.value);
    const path = pathInApp(request.originalUrl.slice(START.length));
    if (checked.kind === 'allowed') {
      // Another tab has signed in meanwhile. Or the check never gets the cookie, and this would go on for ever.
      const detours = cookies.detours(sent) + 1;
      if (detours > MOST_DETOURS) return guard.goesInCircles(request, response, host.value);
      cookies.setDetours(response, detours);
      return redirectToUrl(response, `${checked.app.origin}${path}`);
    }
    if (cookie !== undefined && checked.kind === 'signed out') cookies.removeApp(response);
    const nonce = newToken();
    cookies.addNonce(response, sent, nonce);
    const query = new URLSearchParams({ host: host.value, nonce: hashToken(nonce), path });
    redirectToUrl(response, `${portal}/apps/open?${query}`);
  };
}

/**
 * `/.postern/finish?code=…`: spends the code, sets the app's cookie and goes on to the path. The value of the cookie is always a
 * new one. A code that is not accepted changes nothing.
 */
export function finish(guard: Guard): RequestHandler {
  const { cookies, portal } = guard;
  return async (request, response) => {
    const host = forwardedHost(request.headers);
    if (!host.ok) return guard.malformed(request, response, host.header);
    const { code } = request.query;
    const nonces = cookies.nonces(request.headers.cookie);
    if (typeof code === 'string' && /^[\w-]{16,128}$/.test(code) && nonces.length > 0) {
      const redeemed = await guard.redeem({ code, host: host.value, nonces }, originOf(request));
      if (redeemed.kind === 'unknown host') return guard.unknownHost(request, response, host.value);
      if (redeemed.kind === 'signed in') {
        cookies.setApp(response, redeemed.cookie);
        cookies.removeNonce(response, redeemed.nonce);
        return redirectToUrl(response, `${redeemed.app.origin}${pathInApp(redeemed.path)}`);
      }
    }
    redirectToUrl(response, `${portal}/apps/again?${new URLSearchParams({ host: host.value })}`);
  };
}

/** `/.postern/sign-out`: leads to the portal's page with the button. A GET ends nothing. */
export function signOut(guard: Guard): RequestHandler {
  return async (request, response) => {
    const host = forwardedHost(request.headers);
    if (!host.ok) return guard.malformed(request, response, host.header);
    redirectToUrl(response, `${guard.portal}/apps/sign-out?${new URLSearchParams({ host: host.value })}`);
  };
}

/** A path of the app; "/" for anything else, and for the hand-over's own paths, which lead nowhere. */
function pathInApp(path: string): string {
  const safe = safeReturnPath(path);
  return safe.startsWith(HAND_OVER_PATHS) ? '/' : safe;
}
