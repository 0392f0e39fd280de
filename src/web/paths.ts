import type { Request } from 'express';

declare global {
  namespace Express {
    interface Request {
      /** The page with the form, for an action without a page of its own. */
      formPath?: string;
    }
  }
}

/** In characters: longer paths are not returned to. */
export const LONGEST_RETURN = 1000;

/**
 * A path of this site to redirect to; "/" for anything else: other origins, "//host", "/\host", control characters
 * (ASVS 3.7.2: open redirect). The candidate comes from URLs and sessions, so it may be anything.
 */
export function safeReturnPath(candidate: unknown): string {
  if (typeof candidate !== 'string' || candidate.length > LONGEST_RETURN) return '/';
  if (!candidate.startsWith('/')) return '/';
  // The WHATWG URL parser does what browsers do: it drops tabs and line breaks and reads "\" as "/".
  const base = 'http://own.invalid';
  const url = URL.canParse(candidate, base) ? new URL(candidate, base) : undefined;
  return url?.origin === base && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}` : '/';
}

/** `path` with the path to return to afterwards. */
export function withReturn(path: string, returnTo: string): string {
  return returnTo === '/' ? path : `${path}?return-to=${encodeURIComponent(returnTo)}`;
}

/** The path to return to after the form of this request: from the page's query or, once it is sent, from its hidden field. */
export function returnPathOf({ method, query, body }: Request): string {
  return safeReturnPath(method === 'POST' ? body?.returnTo : query['return-to']);
}

/** The page of the request: its own, or the page with the form for an action. */
export function pageOf(request: Request): string {
  if (request.method === 'GET' || request.method === 'HEAD') return request.originalUrl;
  return request.formPath ?? `${request.baseUrl}${request.path}`;
}

/** The query with its question mark; empty if there is none. */
export function queryOf(address: string): string {
  return address.slice(withoutQuery(address).length);
}

/** The path without the query, which may contain a one-time token that must not be stored. */
export function withoutQuery(address: string): string {
  return address.replace(/\?.*$/s, '');
}
