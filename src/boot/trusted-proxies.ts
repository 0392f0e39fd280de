import { BlockList, isIP } from 'node:net';
import { InvalidValue } from '../kernel/invalid-value.ts';

/** A CDN, a load balancer and a proxy are three. */
export const MOST_HOPS = 10;

/** Prefix length of the widest plausible subnet: 10.0.0.0/8, and no public IPv6 network is larger than /16. */
const FEWEST_BITS = { 4: 8, 6: 16 } as const;

/** Largest share of all addresses that the subnets may cover together: more cannot be the operator's own proxies. */
const LARGEST_SHARE = 1 / 8;

/** Names that Express knows. */
const NAMES: ReadonlySet<string> = new Set(['loopback', 'linklocal', 'uniquelocal']);

/** Private ranges may be wider: nobody outside has such an address. */
const INNER = new BlockList();
INNER.addSubnet('fc00::', 7, 'ipv6');
INNER.addSubnet('fe80::', 10, 'ipv6');

/**
 * Parses whose X-Forwarded-For is trusted, as in Express's `trust proxy`: a number of proxies, or addresses, subnets and names.
 * Undefined for anything else.
 *
 * @throws InvalidValue if it trusts so many that clients could claim any address and get around every limit per client
 */
export function parseTrustProxy(text: string): number | readonly string[] | false | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= MOST_HOPS ? Number(text) || false : undefined;
  return narrowRanges(text);
}

/**
 * Parses the addresses and subnets of proxies, separated by commas. Undefined for anything else.
 *
 * @throws InvalidValue if the subnets are too wide to be the operator's own
 */
export function parseAddresses(text: string): readonly string[] | undefined {
  const ranges = narrowRanges(text);
  return ranges?.some((range) => NAMES.has(range)) ? undefined : ranges;
}

function narrowRanges(text: string): readonly string[] | undefined {
  const ranges = text.split(',').map((range) => range.trim());
  const shares = ranges.map(shareOf);
  if (shares.includes(undefined)) return undefined;
  if (shares.reduce((sum: number, share = 0) => sum + share, 0) >= LARGEST_SHARE) throw tooMany();
  return ranges;
}

/** The share of all addresses of its kind; undefined if it is no address, subnet or name. */
function shareOf(range: string): number | undefined {
  if (NAMES.has(range)) return 0;
  const [address = '', length, ...more] = range.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return undefined;
  if (length === undefined) return 0;
  if (!/^\d{1,3}$/.test(length) || Number(length) > (family === 4 ? 32 : 128)) return undefined;
  return family === 4 ? share(4, Number(length)) : shareOfIpv6(address, Number(length));
}

function shareOfIpv6(address: string, bits: number): number {
  if (INNER.check(address, 'ipv6') && bits >= (/^fe/i.test(address) ? 10 : 7)) return 0;
  // IPv4-mapped: the last 32 bits count.
  const isMapped = bits >= 96 && /^::ffff:/.test(new URL(`http://[${address}]`).hostname.slice(1));
  return isMapped ? share(4, bits - 96) : share(6, bits);
}

function share(family: 4 | 6, bits: number): number {
  if (bits < FEWEST_BITS[family]) throw tooMany();
  return 2 ** -bits;
}

function tooMany(): InvalidValue {
  return new InvalidValue(
    'only the addresses of your own proxies (subnets of /8 or smaller; IPv6: /16 or smaller): a trusted proxy decides where a request comes from',
  );
}
