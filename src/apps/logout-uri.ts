import { isLoopback } from '../kernel/loopback.ts';

/** Names that no public name server knows (RFC 6762, RFC 8375, RFC 9476, and what networks at home and containers use). */
const LOCAL_NAME = /^[^.]+$|\.(?:local|internal|lan|home\.arpa|intranet|private)$/;

/** How `URL` writes each address of four bytes. */
const V4 = /^\d+(?:\.\d+){3}$/;
/** RFC 1918, RFC 6598 and RFC 4193. Without link-local addresses: clouds serve their credentials there. */
const PRIVATE_V4 =
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const PRIVATE_V6 = /^\[f[cd]/;

/** Whether an origin is on this machine or on a local network: a request to it needs no https, because nobody else can read it. */
export function isOnLocalNetwork(origin: string): boolean {
  if (isLoopback(origin)) return true;
  const { hostname } = new URL(origin);
  if (hostname.startsWith('[')) return PRIVATE_V6.test(hostname);
  return (V4.test(hostname) ? PRIVATE_V4 : LOCAL_NAME).test(hostname);
}

/**
 * Whether an app may be told of a logout at this address: by https anywhere, by http on this machine or the local network alone;
 * without a user name or a fragment (OpenID Connect Back-Channel Logout 1.0 §2.2).
 */
export function isLogoutUri(text: string): boolean {
  const url = URL.parse(text);
  if (!url || text.includes('#')) return false;
  if (url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && isOnLocalNetwork(url.origin));
}
