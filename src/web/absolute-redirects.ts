import type { RequestHandler } from 'express';

/**
 * Makes redirects absolute for requests to the public origin: Lynx pauses for several seconds at each relative one, with a
 * message. Requests by another name (a local address, a test) keep relative redirects, and a forged Host header is never echoed.
 * Patches `location`, because express-session and Express redirect through it, too.
 */
export function absoluteRedirects(baseUrl: string): RequestHandler {
  const { host } = new URL(baseUrl);
  return (request, response, next) => {
    if (request.get('host') === host) {
      const relative = response.location.bind(response);
      response.location = (target) => relative(target.startsWith('/') ? `${baseUrl}${target}` : target);
    }
    next();
  };
}
