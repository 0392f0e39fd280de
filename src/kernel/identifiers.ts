import { hash, randomBytes } from 'node:crypto';
import type { Instant } from './time.ts';

const RANDOM_BITS = 80n;

let last = { now: Number.NaN, id: 0n };

/**
 * Makes the id of a new row: 26 characters of base32hex, the time first, then 80 random bits.
 * Ids sort in the order in which they were made; within a millisecond each is the previous one plus one. So an index stays
 * compact, events keep their order, and a page of a list can start "after this id". An id is no secret.
 */
export function newId(now: Instant): string {
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`);
  const id = now === last.now ? last.id + 1n : (BigInt(now) << RANDOM_BITS) | random;
  last = { now, id };
  return id.toString(32).padStart(26, '0');
}

/** A secret for a link or a cookie, safe in a URL; by default of 160 bits (ASVS 11.5.1 asks for 128). */
export function newToken(bits = 160): string {
  return randomBytes(bits / 8).toString('base64url');
}

/** The hash that is stored instead of a token. That many random bits cannot be searched, so a plain fast hash is enough. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}
