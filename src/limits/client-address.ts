import { isIP } from 'node:net';

/** Longer than any address with a zone, brackets and a port. */
const LONGEST = 100;

/** IPv4-mapped addresses (RFC 4291 §2.5.5.2) and the well-known prefix of NAT64 (RFC 6052 §2.1): 32 bits of IPv4 follow. */
const IPV4_PREFIXES: ReadonlySet<string> = new Set(['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0']);

/**
 * The canonical form of a network address for logs, lists and mails. IPv4 is dotted, also when it arrives as IPv6; IPv6 is
 * compressed and in lower case (RFC 5952). Brackets, port and zone, which some proxies add, are removed. Returns "" if it is
 * no address: text of a client's own must not get into a log or a list.
 */
export function canonicalAddress(text: string | undefined): string {
  if (text === undefined || text.length > LONGEST) return '';
  const bare = withoutPort(text.trim()).replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 4) return bare;
  if (family !== 6) return '';
  const groups = groupsOf(bare);
  return IPV4_PREFIXES.has(groups.slice(0, 6).join(':')) ? dotted(groups.slice(6)) : compressed(bare);
}

/**
 * The key under which a client is counted: the whole IPv4 address, or the first 64 bits of IPv6, because a subscriber has at
 * least a whole /64 (RFC 6177). Everything that is no address shares one key, so that it gets around no limit.
 */
export function clientKey(address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === '') return 'unknown';
  return isIP(canonical) === 4 ? canonical : `${groupsOf(canonical).slice(0, 4).join(':')}::/64`;
}

function withoutPort(text: string): string {
  const bracketed = /^\[([^[\]]*)\](?::\d{1,5})?$/.exec(text);
  if (bracketed?.[1] !== undefined) return isIP(bracketed[1]) === 6 ? bracketed[1] : '';
  // More than one colon is IPv6, where a port without brackets is ambiguous.
  return /^[^:]*:\d{1,5}$/.test(text) ? text.replace(/:.*$/, '') : text;
}

/** By the URL parser: lower-case hexadecimal, the longest run of zeros as "::". */
function compressed(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

/** The eight groups of 16 bits, without leading zeros. */
function groupsOf(address: string): readonly string[] {
  const [before = [], after = []] = compressed(address)
    .split('::')
    .map((half) => half.split(':').filter(Boolean));
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => '0'), ...after];
}

function dotted(groups: readonly string[]): string {
  const bytes = groups.flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 255];
  });
  return bytes.join('.');
}
