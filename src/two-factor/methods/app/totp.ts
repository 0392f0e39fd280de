import { generateSecret, generateURI, verifySync } from 'otplib';
import { type Instant, seconds } from '../../../time.ts';

/** RFC 6238 with what every authenticator app understands: SHA-1, 6 digits, 30 s. */
const STEP = seconds(30);
const DIGITS = 6;
/** RFC 4226 §4 R6: 160 bits. */
const SECRET_BYTES = 20;

/** A new secret: 160 random bits in Base32 without padding. */
export function newSecret(): string {
  return generateSecret({ length: SECRET_BYTES });
}

/**
 * The time step whose code (six digits) this is: the one of `now`, the one before or the one after (RFC 6238 §5.2).
 * Undefined when it is none of theirs.
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
 * The `otpauth://` address that apps read from the QR code. Spaces become %20, for apps show a "+" as it is; a colon
 * would end the issuer early, so there is none in it.
 */
export function keyUri(issuer: string, label: string, secret: string): string {
  return generateURI({ issuer: issuer.replaceAll(':', ' '), label, secret });
}

/** "ABCDEFGH" as "ABCD EFGH": what a person can type without losing the place. */
export function inGroups(secret: string): string {
  return secret.match(/.{1,4}/g)?.join(' ') ?? '';
}
