import { argon2, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import bcrypt from 'bcryptjs';

/** argon2id: 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet). */
export const TODAYS_PARAMETERS = { memory: 19_456, passes: 2, parallelism: 1 } as const;

/**
 * What a hash may ask of this machine: it may come from elsewhere, and whoever wrote it decides how much work each try
 * of a password is (ASVS 2.4.1). Ample for what other systems make: Django 6 has 1.2 million iterations, libsodium's
 * "moderate" 256 MiB and 3 passes.
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

/** So little work that the hash protects nothing is a mistake in what is imported, not a password hash. */
const FEWEST_ITERATIONS = 1000;

/** A stored hash of a password, in whichever format. */
export interface PasswordHash {
  /** Whether it was made of exactly these characters. */
  readonly matches: (password: string) => Promise<boolean>;
  /** Whether it was made as hashes are made today; any other is replaced at the next sign-in. */
  readonly isCurrent: boolean;
}

/**
 * Reads a hash: argon2id or argon2i as a PHC string, bcrypt ($2a$, $2b$, $2y$), PBKDF2 as Django writes it, and the
 * first two also with Django's prefix. Undefined for everything else, and for what would be too much work to check.
 */
export function readHash(text: string): PasswordHash | undefined {
  if (text.length > MOST.length) return undefined;
  return argon2Hash(text) ?? bcryptHash(text) ?? djangoHash(text);
}

const deriveArgon2 = promisify(argon2);
const derivePbkdf2 = promisify(pbkdf2);

const PHC = /^(?:argon2)?\$(argon2id?)\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$([\w+/]+)\$([\w+/]+)$/;

/** The PHC string format; the bounds below are those of RFC 9106 §3.1 besides our own. */
function argon2Hash(text: string): PasswordHash | undefined {
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
    isCurrent: algorithm === 'argon2id' && isToday(parameters),
    async matches(password) {
      const message = Buffer.from(password);
      const own = { ...parameters, message, nonce, tagLength: tag.length };
      return timingSafeEqual(await deriveArgon2(algorithm, own), tag);
    },
  };
}

function isToday({ memory, passes, parallelism }: Record<keyof typeof TODAYS_PARAMETERS, number>): boolean {
  const today = TODAYS_PARAMETERS;
  return memory === today.memory && passes === today.passes && parallelism === today.parallelism;
}

const BCRYPT = /^(?:bcrypt\$)?(\$2[aby]\$(\d\d)\$[./A-Za-z\d]{53})$/;

/** bcrypt looks at the first 72 bytes alone; the hash that takes its place looks at all that was typed. */
function bcryptHash(text: string): PasswordHash | undefined {
  const [, hash, cost] = BCRYPT.exec(text) ?? [];
  if (hash === undefined || !isWithin(Number(cost), 4, MOST.bcryptCost)) return undefined;
  return { isCurrent: false, matches: (password) => bcrypt.compare(password, hash) };
}

const DJANGO = /^pbkdf2_sha256\$(\d{1,9})\$([^$\s]{1,128})\$([\w+/]{43}=)$/;

/** Django's PBKDF2PasswordHasher: PBKDF2-HMAC-SHA256 over the salt as text, 32 bytes (RFC 8018 §5.2). */
function djangoHash(text: string): PasswordHash | undefined {
  const [, count, salt = '', hash = ''] = DJANGO.exec(text) ?? [];
  const iterations = Number(count);
  if (!isWithin(iterations, FEWEST_ITERATIONS, MOST.iterations)) return undefined;
  const tag = Buffer.from(hash, 'base64');
  return {
    isCurrent: false,
    async matches(password) {
      return timingSafeEqual(await derivePbkdf2(password, salt, iterations, tag.length, 'sha256'), tag);
    },
  };
}

function isWithin(number: number, least: number, most: number): boolean {
  return number >= least && number <= most;
}
