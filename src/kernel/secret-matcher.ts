import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares texts with a secret in constant time: how long it takes reveals nothing about the secret, not even its length. */
export function secretMatcher(secret: string): (given: string) => boolean {
  const expected = digest(secret);
  return (given) => timingSafeEqual(digest(given), expected);
}

/** Fixed length, as `timingSafeEqual` requires. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
