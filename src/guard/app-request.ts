import type { IncomingHttpHeaders } from 'node:http';

/** A request to an app, as its proxy describes it. */
export interface AppRequest {
  /** In lower case; not looked up yet. */
  readonly host: string;
  /** Path and query as they were sent, in ASCII: "/page?a=b". Decides nothing: it is where the person returns to. */
  readonly target: string;
  /** Whether a person opens a page, so that a redirect to the sign-in makes sense. */
  readonly isNavigation: boolean;
}

/** The request, or the header that is missing, given twice or malformed. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly header: string };

/** A host with or without a port. That it is an app's is for the lookup to say. */
const HOST = /^(?:[a-z\d._-]{1,253}|\[[a-f\d:.]{2,45}\])(?::\d{1,5})?$/;
/**
 * No browser sends a fragment, white space or control characters. Header values given twice are joined by ", ", which no pattern
 * here allows.
 */
const TARGET = /^\/[\x21\x22\x24-\x7e\x80-\xff]*$/;
const METHOD = /^[A-Z][A-Z-]{0,30}$/;
const PROTOCOLS: ReadonlySet<string> = new Set(['http', 'https', 'ws', 'wss']);
const WHOLE_URL = /^([a-z]{2,5}):\/\/([^/?#]*)(.*)$/is;

/** The request that nginx's `auth_request` is about: X-Original-URL and X-Original-Method. */
export function originalRequest(headers: IncomingHttpHeaders): Parsed<AppRequest> {
  const [, protocol, host, target] = WHOLE_URL.exec(single(headers, 'x-original-url') ?? '') ?? [];
  const method = single(headers, 'x-original-method');
  return requestOf({ protocol, host, target, method }, headers, {
    ...{ protocol: 'X-Original-URL', host: 'X-Original-URL', target: 'X-Original-URL' },
    method: 'X-Original-Method',
  });
}

/** The request that Caddy, Traefik and others ask about: X-Forwarded-Method, -Proto, -Host and -Uri. */
export function forwardedRequest(headers: IncomingHttpHeaders): Parsed<AppRequest> {
  const sent = {
    protocol: single(headers, 'x-forwarded-proto'),
    host: single(headers, 'x-forwarded-host'),
    target: single(headers, 'x-forwarded-uri'),
    method: single(headers, 'x-forwarded-method'),
  };
  return requestOf(sent, headers, {
    ...{ protocol: 'X-Forwarded-Proto', host: 'X-Forwarded-Host' },
    ...{ target: 'X-Forwarded-Uri', method: 'X-Forwarded-Method' },
  });
}

/** The app's host of a request that its proxy passes on: X-Forwarded-Host. */
export function forwardedHost(headers: IncomingHttpHeaders): Parsed<string> {
  const host = single(headers, 'x-forwarded-host')?.toLowerCase();
  return host !== undefined && HOST.test(host)
    ? { ok: true, value: host }
    : { ok: false, header: 'X-Forwarded-Host' };
}

type Part = 'protocol' | 'host' | 'target' | 'method';

function requestOf(
  sent: Readonly<Record<Part, string | undefined>>,
  headers: IncomingHttpHeaders,
  names: Readonly<Record<Part, string>>,
): Parsed<AppRequest> {
  const { target = '', method = '' } = sent;
  const host = sent.host?.toLowerCase() ?? '';
  const protocol = sent.protocol?.toLowerCase() ?? '';
  if (!PROTOCOLS.has(protocol)) return { ok: false, header: names.protocol };
  if (!HOST.test(host)) return { ok: false, header: names.host };
  if (!TARGET.test(target)) return { ok: false, header: names.target };
  if (!METHOD.test(method)) return { ok: false, header: names.method };
  const isNavigation = opensPage(method, headers) && !protocol.startsWith('ws');
  return { ok: true, value: { host, target: inAscii(target), isNavigation } };
}

/**
 * Whether the request opens a page: GET or HEAD, by no script (X-Requested-With, Sec-Fetch-Mode), not for an image or data alone
 * (Accept), no WebSocket. What a browser does not say speaks for a page: old ones and text browsers say little.
 */
function opensPage(method: string, headers: IncomingHttpHeaders): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const mode = single(headers, 'sec-fetch-mode') ?? 'navigate';
  if (mode !== 'navigate' || headers['x-requested-with'] !== undefined) return false;
  return headers.upgrade === undefined && acceptsPages(headers.accept ?? '');
}

/** HTML, or the wildcard in the first place, as text browsers write it. Scripts and images put the wildcard last. */
function acceptsPages(accept: string): boolean {
  const types = accept.split(',').map((type) => type.replace(/;.*$/s, '').trim().toLowerCase());
  const [first = ''] = types;
  return (
    ['', '*/*', 'text/*'].includes(first) ||
    types.some((type) => type === 'text/html' || type === 'application/xhtml+xml')
  );
}

/** Bytes above ASCII, which old browsers send unencoded in a path, as %XX. */
function inAscii(target: string): string {
  return target.replace(
    /[\x80-\xff]/g,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** Undefined if missing or empty. */
function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
