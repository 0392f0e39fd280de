import { isLoopback } from '../kernel/loopback.ts';

/** Names that no public name server knows (RFC 6762, RFC 8375, RFC 9476, and what networks at home and containers use). */
const LOCAL_NAME = /^[^.]+$|\.(?:local|internal|lan|home\.arpa|intranet|private)$/;

/** How `URL` writes each address of four bytes. */
const V4 = /^\d+(?:\.\d+){3}$/;
/** RFC 1918, RFC 6598 and RFC 4193. Without link-local addresses: clouds serve their credentials there. */
const PRIVATE_V4 =
  /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/;
const PRIVATE_V6 = /^\[f[cd]/;

/**
 * The address that an app is told of a logout at, as it was typed: https anywhere, http on this machine or the local network
 * alone. Undefined if it is none of these, or has a user name or a fragment (OpenID Connect Back-Channel Logout 1.0 §2.2).
 */
export function parseLogoutUri(text: string): string | undefined {
  const url = URL.parse(text.trim());
  if (!url || text.includes('#')) return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  if (url.protocol === 'https:') return url.href;
  return url.protocol === 'http:' && isLocal(url) ? url.href : undefined;
}

function isLocal({ origin, hostname }: URL): boolean {
  if (isLoopback(origin)) return true;
  if (hostname.startsWith('[')) return PRIVATE_V6.test(hostname);
  return (V4.test(hostname) ? PRIVATE_V4 : LOCAL_NAME).test(hostname);
}
