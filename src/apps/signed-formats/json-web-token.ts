import { createHmac } from 'node:crypto';

/** The algorithms of the formats. The header is always ours, and nothing here reads a token: no algorithm can be confused. */
const HASHES = { HS256: 'sha256', HS512: 'sha512' } as const;

/**
 * A signed JSON Web Token in compact form (RFC 7515 §3.1, RFC 7519). The key is the secret as text, in UTF-8, as it is typed into
 * the app.
 */
export function jsonWebToken(
  algorithm: keyof typeof HASHES,
  claims: Readonly<Record<string, string | number>>,
  secret: string,
): string {
  const signed = `${encoded({ alg: algorithm, typ: 'JWT' })}.${encoded(claims)}`;
  return `${signed}.${createHmac(HASHES[algorithm], secret).update(signed).digest('base64url')}`;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
