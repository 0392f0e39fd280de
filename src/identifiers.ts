import { randomBytes } from 'node:crypto';
import type { Instant } from './time.ts';

const RANDOM_BITS = 80n;

let last = { now: Number.NaN, id: 0n };

/**
 * Makes the id of a new row: 26 characters of base32hex, the moment first, then 80 random bits.
 * Ids sort in the order in which they were made (within one moment each is the one before plus one), so that an index
 * stays compact, events of one moment keep their order, and a page of a list can start "after this id". An id names a
 * thing; it never opens one.
 */
export function newId(now: Instant): string {
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`);
  const id = now === last.now ? last.id + 1n : (BigInt(now) << RANDOM_BITS) | random;
  last = { now, id };
  return id.toString(32).padStart(26, '0');
}

/** A secret of 160 bits for a link or a cookie, safe in a URL (ASVS 11.5.1 asks for 128). */
export function newToken(): string {
  return randomBytes(20).toString('base64url');
}
