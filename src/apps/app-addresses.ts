import { z } from 'zod';
import type { MessageKey } from '../kernel/i18n.ts';
import { isLoopback } from '../kernel/loopback.ts';
import { isOnLocalNetwork } from './logout-uri.ts';

/** In characters. */
export const LONGEST_ADDRESS = 500;

/** Addresses of one purpose that an app may have. */
export const MOST_ADDRESSES = 10;

/** What URLs are written in (RFC 3986 §2): no white space, no control character, no backslash, nothing beyond ASCII. */
const WRITTEN = /^[!#$%&'()*+,\-./\d:;=?@A-Z[\]_a-z~]+$/;

/** Where plain http will do, and what is said about other places. */
interface PlainHttp {
  readonly isSafe: (origin: string) => boolean;
  readonly fault: MessageKey;
}

/** Browsers go there: the person's own machine (RFC 8252 §7.3). */
const FOR_BROWSERS: PlainHttp = { isSafe: isLoopback, fault: 'app-address.not-https' };
/** This server goes there: this machine, or its network. */
const FOR_THIS_SERVER: PlainHttp = { isSafe: isOnLocalNetwork, fault: 'app-address.not-https-local' };

/** Why text is no address of an app; the message has `{{address}}`. Undefined if it is one. */
function faultOf(address: string, plainHttp: PlainHttp): MessageKey | undefined {
  const url = /^https?:\/\//.test(address) && WRITTEN.test(address) ? URL.parse(address) : null;
  if (url === null) return 'app-address.form';
  if (address.includes('#')) return 'app-address.fragment';
  if (address.includes('*')) return 'app-address.wildcard';
  if (url.username !== '' || url.password !== '' || address.includes('@')) return 'app-address.credentials';
  // Compared character by character with what the app sends: another spelling of the host would never match.
  if (!isBelow(address, url.origin)) return 'app-address.form';
  return url.protocol === 'https:' || plainHttp.isSafe(url.origin) ? undefined : plainHttp.fault;
}

function isBelow(address: string, origin: string): boolean {
  return address === origin || [`${origin}/`, `${origin}?`].some((start) => address.startsWith(start));
}

/**
 * An address that browsers are sent to: https, or http on the person's own machine. No fragment, no wildcard and no user name (RFC
 * 9700 §2.1). Kept as it is typed.
 */
export function appAddress(plainHttp = FOR_BROWSERS) {
  return z
    .string({ error: 'app-address.form' satisfies MessageKey })
    .transform((text) => text.trim())
    .pipe(
      z
        .string()
        .max(LONGEST_ADDRESS, { error: 'error.too-long' satisfies MessageKey })
        .check(({ value, issues }) => {
          const message = value.length > LONGEST_ADDRESS ? undefined : faultOf(value, plainHttp);
          if (message) issues.push(refused(value, message, { address: value }));
        }),
    );
}

/** The address that an app is told of sign-outs at: the same, but http is allowed on the local network, too. */
export function logoutAddress() {
  return appAddress(FOR_THIS_SERVER);
}

/** A list of them, each once. */
export function appAddresses() {
  return z.array(appAddress()).check(({ value, issues }) => {
    const twice = value.find((address, index) => value.indexOf(address) !== index);
    if (value.length > MOST_ADDRESSES) {
      issues.push(refused(value, 'app-address.too-many', { count: MOST_ADDRESSES }));
    } else if (twice !== undefined) {
      issues.push(refused(value, 'app-address.twice', { address: twice }));
    }
  });
}

function refused(input: unknown, message: MessageKey, params: Readonly<Record<string, string | number>>) {
  return { code: 'custom', input, message, params } as const;
}
