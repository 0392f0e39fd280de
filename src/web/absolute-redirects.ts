import type { RequestHandler } from 'express';

/**
 * Makes redirects absolute for those who came by the public origin: Lynx stops for several seconds at each relative one
 * to say so. Who came by another name (an address on the local network, a test) is not sent away from it, and a forged
 * Host header is never repeated.
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
