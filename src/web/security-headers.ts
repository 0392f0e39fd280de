import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';

/** Headers of every response: only what the pages use is allowed (ASVS 3.4). `secure`: the site is served over https. */
export function securityHeaders(secure: boolean): RequestHandler[] {
  return [
    helmet({
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          // Icons and QR codes are inlined, to save a request each.
          imgSrc: ['data:'],
          formAction: ["'self'"],
          baseUri: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      strictTransportSecurity: secure ? { maxAge: 63_072_000, includeSubDomains: true } : false,
      referrerPolicy: { policy: 'no-referrer' },
      xFrameOptions: { action: 'deny' },
      crossOriginOpenerPolicy: { policy: 'same-origin' },
      crossOriginResourcePolicy: { policy: 'same-origin' },
    }),
    (_request, response, next) => {
      // Pages are personal: no cache may keep them (ASVS 14.3.2). Assets set their own.
      response.set('Cache-Control', 'no-store');
      response.set('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()');
      next();
    },
  ];
}

const OWN_FORMS = "form-action 'self'";

/**
 * What an origin may consist of. A URL's host may contain ";" and "," (WHATWG URL §3.5), which end a directive or a policy, and
 * "*", which matches every host.
 */
const ORIGIN = /^https?:\/\/(?:[a-z\d._-]+|\[[a-f\d:]+\])(?::\d+)?$/;

/**
 * Allows the forms of this page to redirect to another origin. Browsers apply `form-action` to redirects after a POST, too:
 * without this, a sign-in for an app would end on an empty page.
 *
 * @param origin such as "https://wiki.example.org", from the configuration of an app, never from a request
 * @throws TypeError if it is no http(s) origin: anything else could add directives to the header
 */
export function allowFormsTo(response: Response, origin: string): void {
  if (!ORIGIN.test(origin) || new URL(origin).origin !== origin) throw new TypeError('This is no origin.');
  const policy = String(response.getHeader('Content-Security-Policy') ?? '');
  if (!policy.includes(OWN_FORMS)) throw new TypeError('There is no policy to widen.');
  response.set('Content-Security-Policy', policy.replace(OWN_FORMS, `${OWN_FORMS} ${origin}`));
}
