import { argon2, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { normalized } from '../kernel/unicode.ts';
import { type Asker, hashing, type Turn } from './hashing-queue.ts';
import { type PasswordHash, readHash, TODAYS_PARAMETERS } from './password-hashes.ts';

export const SHORTEST_PASSWORD = 12;
export const LONGEST_PASSWORD = 256;

const TAG_LENGTH = 32;

const derive = promisify(argon2);

/** For the command line, whose process has no other callers. */
const ALONE: Asker = { lane: 'people', key: 'alone' };

/** For callers without a place in the queue: takes a place for each piece of work. */
const anyTurn: Turn = (cost, work) => hashing.admit(ALONE, (turn) => turn(cost, work));

/** Hashes a password into a PHC string with the current parameters. Throws `Overloaded` if the queue has no place for `asker`. */
export async function hashPassword(password: string, asker: Asker = ALONE): Promise<string> {
  return hashing.admit(asker, (turn) => hashInTurn(password, turn));
}

/** Like `hashPassword`, for callers that have a place in the queue. */
export async function hashInTurn(password: string, turn: Turn): Promise<string> {
  const nonce = randomBytes(16);
  return phc(nonce, await derivedTag(normal(password), nonce, turn));
}

/**
 * Whether the password matches the hash. Without a hash (no such account, no password yet) a dummy hash is checked, so that the
 * duration does not reveal who has an account (ASVS 6.3.8).
 */
export async function verifyPassword(
  password: string,
  hash: string | null,
  turn: Turn = anyTurn,
): Promise<boolean> {
  const stored = known(hash ?? NOBODYS_HASH);
  const matches = await turn(stored.cost, () => matchesTyped(stored, password));
  return matches && hash !== null;
}

/** Our own hashes are of the NFC form only. Imported ones may be of the characters as typed, so both forms are tried. */
export async function matchesTyped(stored: PasswordHash, password: string): Promise<boolean> {
  const forms = stored.isCurrent ? [normal(password)] : [normal(password), password];
  for (const typed of new Set(forms)) if (await stored.matches(typed)) return true;
  return false;
}

/** Whether the hash has another algorithm or other parameters than new hashes. */
export function isOutdated(hash: string): boolean {
  return !known(hash).isCurrent;
}

function known(hash: string) {
  const stored = readHash(hash);
  if (!stored) throw new Error('A stored password hash has an unknown format.');
  return stored;
}

/** Slow hash of a secret that is too short for a fast one (ASVS 6.5.2), as base64url. `salt` has at least 8 bytes. */
export async function slowHash(secret: string, salt: Buffer, turn: Turn = anyTurn): Promise<string> {
  return (await derivedTag(secret, salt, turn)).toString('base64url');
}

function derivedTag(text: string, nonce: Buffer, turn: Turn): Promise<Buffer> {
  const message = Buffer.from(text);
  return turn(1, () => derive('argon2id', { ...TODAYS_PARAMETERS, message, nonce, tagLength: TAG_LENGTH }));
}

export type PasswordFault = 'too short' | 'too long' | 'common' | 'own words';

/**
 * Why a new password is refused; undefined if it is accepted. All characters are allowed and none are required (ASVS 6.2.5).
 * `ownWords`: names and addresses of the person and the site (ASVS 6.2.11).
 */
export function passwordFault(password: string, ownWords: readonly string[]): PasswordFault | undefined {
  const length = [...password].length;
  if (length < SHORTEST_PASSWORD) return 'too short';
  if (length > LONGEST_PASSWORD) return 'too long';
  const folded = normalized(password, 'NFC').toLowerCase();
  if (isCommon(folded)) return 'common';
  return isMadeOf(folded, ownWords) ? 'own words' : undefined;
}

/** The length limit for the error message: the minimum for "too short", otherwise the maximum. In characters. */
export function lengthAskedBy(fault: PasswordFault): number {
  return fault === 'too short' ? SHORTEST_PASSWORD : LONGEST_PASSWORD;
}

/** One form (NFC) for all ways to type the same characters (NIST SP 800-63B-4 §3.1.1.2). */
function normal(password: string): string {
  return normalized(password, 'NFC');
}

function phc(nonce: Buffer, tag: Buffer): string {
  const { memory, passes, parallelism } = TODAYS_PARAMETERS;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

const NOBODYS_HASH = phc(Buffer.alloc(16, 1), Buffer.alloc(TAG_LENGTH));

/** Passwords from breaches (ASVS 6.2.4, 6.2.12), without those shorter than the minimum. */
let commonPasswords: ReadonlySet<string> | undefined;

function readCommonPasswords(): string[] {
  const file = createRequire(import.meta.url).resolve('@zxcvbn-ts/language-common/src/passwords.json');
  const passwords: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(passwords)) throw new Error('The list of common passwords is not a list.');
  return passwords.filter((password) => typeof password === 'string' && password.length >= SHORTEST_PASSWORD);
}

function isCommon(folded: string): boolean {
  commonPasswords ??= new Set(readCommonPasswords());
  return commonPasswords.has(folded) || isRepetition(folded) || isSequence(folded);
}

/** Repetitions: "aaaaaaaaaaaa", "abcabcabcabc", "passwordpassword". */
function isRepetition(folded: string): boolean {
  return /^(.{1,4})\1+$/su.test(folded) || /^(.+)\1+$/su.test(folded);
}

/** Sequences: "abcdefghijkl", "210987654321". After "9" comes "0", and the reverse. */
function isSequence(folded: string): boolean {
  const codes = [...folded].map((character) => character.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  return [1, -1].some((direction) => steps.every((step) => step === direction || step === -9 * direction));
}

/** Whether fewer than 8 characters are left of the password without the words. */
function isMadeOf(folded: string, ownWords: readonly string[]): boolean {
  const words = ownWords
    .flatMap((text) =>
      normalized(text, 'NFC')
        .toLowerCase()
        .split(/[^\p{L}\p{N}]+/u),
    )
    .filter((word) => word.length >= 3)
    .sort((a, b) => b.length - a.length);
  const rest = words.reduce((text, word) => text.replaceAll(word, ''), folded);
  return rest !== folded && [...rest].length < 8;
}
