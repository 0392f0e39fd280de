import { argon2, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { isDeepStrictEqual, promisify } from 'node:util';

/** Memory in KiB, passes over it, and lanes (RFC 9106 §3.1). */
export interface Argon2Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

/** argon2id: 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet). */
export const TODAYS_PARAMETERS: Argon2Parameters = { memory: 19_456, passes: 2, parallelism: 1 };

/**
 * Limits of the work of one check. An imported hash sets its own parameters, so its author would otherwise decide how much work
 * each attempt causes here (ASVS 2.4.1). Enough for other systems: Django 6 has 1.2 million iterations, libsodium's "moderate"
 * 256 MiB and 3 passes.
 */
const MOST = {
  length: 255,
  memory: 262_144,
  memoryTimesPasses: 1_048_576,
  passes: 16,
  parallelism: 16,
  iterations: 2_000_000,
  bcryptCost: 14,
} as const;

/** A stored password hash of any supported format. */
export interface PasswordHash {
  /** Whether it is the hash of exactly these characters. */
  readonly matches: (password: string) => Promise<boolean>;
  /** Whether it has the algorithm and parameters of new hashes; any other is replaced at the next sign-in. */
  readonly isCurrent: boolean;
  /** The work of one check, as a multiple of a hash with the current parameters. */
  readonly cost: number;
}

/** The work of one hash with the current parameters (about 30 ms of a processor), in each format's own unit. */
const TODAYS_WORK = {
  memoryTimesPasses: TODAYS_PARAMETERS.memory * TODAYS_PARAMETERS.passes,
  bcryptRounds: 2 ** 9,
  iterations: 80_000,
} as const;

/**
 * Smallest cost of an imported hash: 1000 iterations of PBKDF2, 512 KiB of argon2 in one pass, or the equivalent. Less protects
 * nothing, and is a mistake in the imported file.
 */
const LEAST_COST = 1 / 80;

/** Like `readHash`, for an import: also undefined if the cost is too low. Stored hashes with a low cost still work. */
export function importableHash(text: string): PasswordHash | undefined {
  const hash = readHash(text);
  return hash && hash.cost >= LEAST_COST ? hash : undefined;
}

/**
 * Reads a hash: argon2id or argon2i as a PHC string, bcrypt ($2a$, $2b$, $2y$; $wp$2y$ of WordPress), PBKDF2 as Django,
 * passlib and Discourse write it; each with or without a prefix of `LABEL`. Undefined for anything else, and for hashes that
 * exceed `MOST`. `current`: the parameters of new hashes.
 */
export function readHash(
  text: string,
  current: Argon2Parameters = TODAYS_PARAMETERS,
): PasswordHash | undefined {
  if (text.length > MOST.length) return undefined;
  const hash = text.replace(LABEL, '');
  return (
    argon2Hash(hash, current) ??
    bcryptHash(hash) ??
    wordPressHash(hash) ??
    djangoHash(hash) ??
    pbkdf2Hash(hash)
  );
}

/** Whether the text marks an account without a password: Django's "unusable" ("!…"), and "*" of password files. */
export function isUnusable(text: string): boolean {
  return /^[!*]/.test(text);
}

/**
 * Prefixes by which programs tell formats apart; redundant here, as each hash names its own format: "argon2" and "bcrypt$"
 * (Django), "3|" (Nextcloud), "{bcrypt}" (Spring Security), "{ARGON2ID}" and "{BLF-CRYPT}" (Dovecot).
 */
const LABEL = /^(?:argon2(?=\$)|bcrypt\$(?=\$)|[1-3]\||\{[\w.@-]{1,40}\})/;

const deriveArgon2 = promisify(argon2);
const derivePbkdf2 = promisify(pbkdf2);

const PHC = /^\$(argon2id?)\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([\w+/]+)\$([\w+/]+)$/;

/** The PHC string format. Bounds: those of RFC 9106 §3.1, and `MOST`. */
function argon2Hash(text: string, current: Argon2Parameters): PasswordHash | undefined {
  const [, algorithm, m, t, p, salt = '', hash = ''] = PHC.exec(text) ?? [];
  if (algorithm !== 'argon2id' && algorithm !== 'argon2i') return undefined;
  const [memory, passes, parallelism] = [Number(m), Number(t), Number(p)];
  const nonce = Buffer.from(salt, 'base64');
  const tag = Buffer.from(hash, 'base64');
  const isBearable =
    memory >= 8 * parallelism &&
    isWithin(memory * passes, 1, MOST.memoryTimesPasses) &&
    isWithin(memory, 1, MOST.memory) &&
    isWithin(passes, 1, MOST.passes) &&
    isWithin(parallelism, 1, MOST.parallelism);
  if (!isBearable || nonce.length < 8 || tag.length < 16) return undefined;
  const parameters = { memory, passes, parallelism };
  return {
    isCurrent: algorithm === 'argon2id' && isDeepStrictEqual(parameters, current),
    cost: (memory * passes) / TODAYS_WORK.memoryTimesPasses,
    async matches(password) {
      const message = Buffer.from(password);
      const own = { ...parameters, message, nonce, tagLength: tag.length };
      return timingSafeEqual(await deriveArgon2(algorithm, own), tag);
    },
  };
}

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z\d]{53}$/;

/**
 * bcrypt uses only the first 72 bytes of a password; the hash that replaces it uses all of them. The library hashes on worker
 * threads, not on the main thread. It takes 8 MB, and so is loaded only with the first bcrypt hash.
 */
function bcryptHash(text: string): PasswordHash | undefined {
  const [, cost] = BCRYPT.exec(text) ?? [];
  if (cost === undefined || !isWithin(Number(cost), 4, MOST.bcryptCost)) return undefined;
  return {
    isCurrent: false,
    cost: 2 ** Number(cost) / TODAYS_WORK.bcryptRounds,
    async matches(password) {
      const { compare } = await import('@node-rs/bcrypt');
      return compare(password, text);
    },
  };
}

/** WordPress 6.8: bcrypt of an HMAC, so that all of a long password counts (wp-includes/pluggable.php, `wp_hash_password`). */
function wordPressHash(text: string): PasswordHash | undefined {
  const inner = text.startsWith('$wp$2y$') ? bcryptHash(text.slice('$wp'.length)) : undefined;
  return inner && { ...inner, matches: (password) => inner.matches(wordPressDigest(password)) };
}

function wordPressDigest(password: string): string {
  // Exactly the characters that PHP's trim removes.
  const trimmed = password.replace(/^[ \t\n\r\0\v]+|[ \t\n\r\0\v]+$/g, '');
  return createHmac('sha384', 'wp-sha384').update(trimmed).digest('base64');
}

const DJANGO = /^pbkdf2_sha256\$(\d{1,9})\$([^$\s]{1,128})\$([\w+/]{43}=)$/;

/** Django's PBKDF2PasswordHasher: PBKDF2-HMAC-SHA256 over the salt as text, 32 bytes. */
function djangoHash(text: string): PasswordHash | undefined {
  const [, iterations, salt = '', hash = ''] = DJANGO.exec(text) ?? [];
  return pbkdf2Of('sha256', Number(iterations), Buffer.from(salt), Buffer.from(hash, 'base64'));
}

const PBKDF2 =
  /^\$pbkdf2-(sha256|sha512)\$(?:i=)?(\d{1,9})(?:,l=\d{1,3})?\$([\w+/.]{1,128})\$([\w+/.]{22,128})$/;

/**
 * passlib's format ("$29000$", base64 with "." for "+"), the PHC string format ("$i=29000,l=32$"), and Discourse's: its columns
 * password_algorithm, salt and password_hash joined, with the salt as text and the hash in hexadecimal digits.
 */
function pbkdf2Hash(text: string): PasswordHash | undefined {
  const [, digest, iterations, salt = '', hash = ''] = PBKDF2.exec(text) ?? [];
  if (digest === undefined) return undefined;
  if (/^[\da-f]{64}$/.test(hash)) {
    return pbkdf2Of(digest, Number(iterations), Buffer.from(salt), Buffer.from(hash, 'hex'));
  }
  const [nonce, tag] = [salt, hash].map((part) => Buffer.from(part.replaceAll('.', '+'), 'base64'));
  return nonce && tag && pbkdf2Of(digest, Number(iterations), nonce, tag);
}

/** Length of a PBKDF2 block, in bytes. */
const DIGEST_LENGTH: Readonly<Record<string, number>> = { sha256: 32, sha512: 64 };

/** PBKDF2 with HMAC (RFC 8018 §5.2). The iterations are done for each block of the tag. */
function pbkdf2Of(digest: string, iterations: number, salt: Buffer, tag: Buffer): PasswordHash | undefined {
  const work = iterations * Math.ceil(tag.length / (DIGEST_LENGTH[digest] ?? 1));
  if (!isWithin(iterations, 1, MOST.iterations) || work > MOST.iterations || tag.length < 16)
    return undefined;
  return {
    isCurrent: false,
    cost: work / TODAYS_WORK.iterations,
    async matches(password) {
      return timingSafeEqual(await derivePbkdf2(password, salt, iterations, tag.length, digest), tag);
    },
  };
}

function isWithin(number: number, least: number, most: number): boolean {
  return number >= least && number <= most;
}
