import { generateSecret, generateURI, verifySync } from 'otplib';
import { type Instant, seconds } from '../../../kernel/time.ts';

/** RFC 6238 with the parameters that every authenticator app supports: SHA-1, 6 digits, 30 s. */
const STEP = seconds(30);
const DIGITS = 6;
/** RFC 4226 §4 R6: 160 bits. */
const SECRET_BYTES = 20;

/** A new secret: 160 random bits in Base32 without padding. */
export function newSecret(): string {
  return generateSecret({ length: SECRET_BYTES });
}

/**
 * The time step of a six-digit code: the step of `now`, the one before or the one after (RFC 6238 §5.2). Undefined if the code
 * is of none of them.
 */
export function matchingStep(secret: string, code: string, now: Instant): number | undefined {
  const result = verifySync({
    secret,
    token: code,
    epoch: Math.floor(now / 1000),
    epochTolerance: STEP / 1000,
    period: STEP / 1000,
    digits: DIGITS,
    algorithm: 'sha1',
  });
  return result.valid && 'timeStep' in result ? result.timeStep : undefined;
}

/**
 * The `otpauth://` URI that apps read from the QR code. Spaces become %20, because apps show a "+" unchanged. Colons in
 * the issuer become spaces, because a colon would end it early.
 */
export function keyUri(issuer: string, label: string, secret: string): string {
  return generateURI({ issuer: issuer.replaceAll(':', ' '), label, secret });
}

/** "ABCDEFGH" as "ABCD EFGH", which is easier to type. */
export function inGroups(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? '';
}
