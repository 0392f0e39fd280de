import type { Request } from 'express';

declare global {
  namespace Express {
    interface Request {
      /** For an action without a page of its own: the page whose form leads to it. */
      formPath?: string;
    }
  }
}

/**
 * A path of this site to go on to, or "/" for anything else: other origins, "//host", "/\host", control characters
 * (ASVS 3.7.2). Comes from URLs and sessions, so it may be anything.
 */
export function ownPath(candidate: unknown): string {
  if (typeof candidate !== 'string' || candidate.length > 1000 || !candidate.startsWith('/')) return '/';
  // The WHATWG URL parser reads what browsers read: it drops tabs and line breaks and takes "\" for "/".
  const base = 'http://own.invalid';
  const url = URL.canParse(candidate, base) ? new URL(candidate, base) : undefined;
  return url?.origin === base && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/';
}

/** `path` with the address to come back to afterwards. */
export function withReturn(path: string, returnTo: string): string {
  return returnTo === '/' ? path : `${path}?return-to=${encodeURIComponent(returnTo)}`;
}

/** The page that the request is about: itself, or for an action the page with its form. */
export function pageOf(request: Request): string {
  if (request.method === 'GET' || request.method === 'HEAD') return request.originalUrl;
  return request.formPath ?? `${request.baseUrl}${request.path}`;
}

/** The path of an address alone: the query may hold a one-time token, which is kept nowhere. */
export function withoutQuery(address: string): string {
  return address.replace(/\?.*$/s, '');
}
