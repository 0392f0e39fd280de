import { argon2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { normalized } from '../kernel/unicode.ts';
import { type Asker, hashing, type Turn } from './hashing-queue.ts';
import { type Argon2Parameters, type PasswordHash, readHash, TODAYS_PARAMETERS } from './password-hashes.ts';

const TAG_LENGTH = 32;

const derive = promisify(argon2);

/** For the command line, whose process has no other callers. */
const ALONE: Asker = { lane: 'people', key: 'alone' };

/** For callers without a place in the queue: takes a place for each piece of work. */
const anyTurn: Turn = (cost, work) => hashing.admit(ALONE, (turn) => turn(cost, work));

/** Hashes passwords and other short secrets with argon2id. All new hashes have the same parameters. */
export class PasswordHasher {
  readonly #parameters: Argon2Parameters;
  readonly #nobodysHash: string;

  constructor(parameters: Argon2Parameters = TODAYS_PARAMETERS) {
    this.#parameters = parameters;
    this.#nobodysHash = this.#phc(Buffer.alloc(16, 1), Buffer.alloc(TAG_LENGTH));
  }

  /** Hashes a password into a PHC string. Throws `Overloaded` if the queue has no place for `asker`. */
  async hash(password: string, asker: Asker = ALONE): Promise<string> {
    return hashing.admit(asker, (turn) => this.hashInTurn(password, turn));
  }

  /** Like `hash`, for callers that have a place in the queue. */
  async hashInTurn(password: string, turn: Turn): Promise<string> {
    const nonce = randomBytes(16);
    return this.#phc(nonce, await this.#derivedTag(normal(password), nonce, turn));
  }

  /**
   * Whether the password matches the hash. Without a hash (no such account, no password yet) a dummy hash is checked, so that the
   * duration does not reveal who has an account (ASVS 6.3.8).
   */
  async verify(password: string, hash: string | null, turn: Turn = anyTurn): Promise<boolean> {
    const stored = this.#known(hash ?? this.#nobodysHash);
    const matches = await turn(stored.cost, () => matchesTyped(stored, password));
    return matches && hash !== null;
  }

  /** Whether the hash has another algorithm or other parameters than new hashes. */
  isOutdated(hash: string): boolean {
    return !this.#known(hash).isCurrent;
  }

  /** Slow hash of a secret that is too short for a fast one (ASVS 6.5.2), as base64url. `salt` has at least 8 bytes. */
  async slowHash(secret: string, salt: Buffer, turn: Turn = anyTurn): Promise<string> {
    return (await this.#derivedTag(secret, salt, turn)).toString('base64url');
  }

  #known(hash: string): PasswordHash {
    const stored = readHash(hash, this.#parameters);
    if (!stored) throw new Error('A stored password hash has an unknown format.');
    return stored;
  }

  #derivedTag(text: string, nonce: Buffer, turn: Turn): Promise<Buffer> {
    const message = Buffer.from(text);
    return turn(1, () => derive('argon2id', { ...this.#parameters, message, nonce, tagLength: TAG_LENGTH }));
  }

  #phc(nonce: Buffer, tag: Buffer): string {
    const { memory, passes, parallelism } = this.#parameters;
    return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
  }
}

/** Our own hashes are of the NFC form only. Imported ones may be of the characters as typed, so both forms are tried. */
export async function matchesTyped(stored: PasswordHash, password: string): Promise<boolean> {
  const forms = stored.isCurrent ? [normal(password)] : [normal(password), password];
  for (const typed of new Set(forms)) if (await stored.matches(typed)) return true;
  return false;
}

/** One form (NFC) for all ways to type the same characters (NIST SP 800-63B-4 §3.1.1.2). */
function normal(password: string): string {
  return normalized(password, 'NFC');
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
