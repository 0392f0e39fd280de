import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, type Socket } from 'node:net';
import { secretMatcher } from '../kernel/secret-matcher.ts';
import { canonicalAddress } from '../limits/client-address.ts';
import { connectionAddress } from '../web/client-address.ts';

/** Who may ask: addresses and subnets, or who has the token. */
export interface CallerRules {
  readonly proxies: readonly string[];
  readonly token: string | undefined;
}

/** The header in which a proxy sends `GUARD_TOKEN`. */
export const TOKEN_HEADER = 'x-postern-guard';

/**
 * Tells whether a request comes from a proxy of the operator's: by the address of its connection, never by X-Forwarded-For, or by
 * the token. Without rules nobody is known.
 */
export function knownCallers({ proxies, token }: CallerRules): (request: IncomingMessage) => boolean {
  const addresses = blockListOf(proxies);
  const isToken = token === undefined ? undefined : secretMatcher(token);
  /** A proxy sends many checks on one connection, whose address stays the same. */
  const connections = new WeakMap<Socket, boolean>();
  function isListed({ socket }: IncomingMessage): boolean {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const address = connectionAddress({ socket });
    const listed = address !== '' && addresses.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
    connections.set(socket, listed);
    return listed;
  }
  return (request) => {
    const given = request.headers[TOKEN_HEADER];
    return (typeof given === 'string' && isToken?.(given) === true) || isListed(request);
  };
}

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    if (bits === undefined) {
      const canonical = canonicalAddress(address);
      list.addAddress(canonical, isIP(canonical) === 4 ? 'ipv4' : 'ipv6');
    } else list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return list;
}
