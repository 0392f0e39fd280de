import { argon2, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { hashing } from './hashing-queue.ts';
import { readHash, TODAYS_PARAMETERS } from './password-hashes.ts';

export const SHORTEST_PASSWORD = 12;
export const LONGEST_PASSWORD = 256;

const TAG_LENGTH = 32;

const derive = promisify(argon2);

/** Hashes a password into a PHC string with the current parameters. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  return phc(nonce, await derivedTag(normal(password), nonce));
}

/**
 * Whether the password is the one that was hashed. Without a hash (no such account, no password yet) the work of a
 * hash of ours is done for nothing, so that the time taken tells nobody who has an account (ASVS 6.3.8).
 */
export async function verifyPassword(password: string, hash: string | null): Promise<boolean> {
  const stored = known(hash ?? NOBODYS_HASH);
  return hashing.run(async () => {
    // Hashes from elsewhere may have been made of the characters as they were typed.
    for (const typed of new Set([normal(password), password])) {
      if (await stored.matches(typed)) return hash !== null;
    }
    return false;
  });
}

/** Whether the hash was made in another way than hashes are made today. */
export function isOutdated(hash: string): boolean {
  return !known(hash).isCurrent;
}

function known(hash: string) {
  const stored = readHash(hash);
  if (!stored) throw new Error('A stored password hash has a format that is not known.');
  return stored;
}

/** A slow hash of a secret that is too short for a fast one; `salt` has at least 8 bytes (ASVS 6.5.2). Base64url. */
export async function slowHash(secret: string, salt: Buffer): Promise<string> {
  return (await derivedTag(secret, salt)).toString('base64url');
}

function derivedTag(text: string, nonce: Buffer): Promise<Buffer> {
  const message = Buffer.from(text);
  return hashing.run(() =>
    derive('argon2id', { ...TODAYS_PARAMETERS, message, nonce, tagLength: TAG_LENGTH }),
  );
}

export type PasswordFault = 'too short' | 'too long' | 'common' | 'own words';

/**
 * What is wrong with a new password; undefined when it will do. Any characters are welcome and none are demanded
 * (ASVS 6.2.5); `ownWords` are the person's and the site's names and addresses (ASVS 6.2.11).
 */
export function passwordFault(password: string, ownWords: readonly string[]): PasswordFault | undefined {
  const length = [...password].length;
  if (length < SHORTEST_PASSWORD) return 'too short';
  if (length > LONGEST_PASSWORD) return 'too long';
  const folded = password.normalize('NFC').toLowerCase();
  if (isCommon(folded)) return 'common';
  return isMadeOf(folded, ownWords) ? 'own words' : undefined;
}

/** How many characters a new password has to have at least, or may have at most, by what is wrong with it. */
export function lengthAskedBy(fault: PasswordFault): number {
  return fault === 'too short' ? SHORTEST_PASSWORD : LONGEST_PASSWORD;
}

/** NIST SP 800-63B-4 §3.1.1.2: one form for all ways of typing the same characters. */
function normal(password: string): string {
  return password.normalize('NFC');
}

function phc(nonce: Buffer, tag: Buffer): string {
  const { memory, passes, parallelism } = TODAYS_PARAMETERS;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(tag)}`;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

const NOBODYS_HASH = phc(Buffer.alloc(16, 1), Buffer.alloc(TAG_LENGTH));

/** Passwords seen in breaches; only those that are long enough to be chosen here matter (ASVS 6.2.4, 6.2.12). */
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

/** "aaaaaaaaaaaa", "abcabcabcabc", "passwordpassword": a short thing said again. */
function isRepetition(folded: string): boolean {
  return /^(.{1,4})\1+$/su.test(folded) || /^(.+)\1+$/su.test(folded);
}

/** "abcdefghijkl", "210987654321": each character the neighbour of the last, digits going round. */
function isSequence(folded: string): boolean {
  const codes = [...folded].map((character) => character.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  return [1, -1].some((direction) => steps.every((step) => step === direction || step === -9 * direction));
}

/** Whether too little is left of the password once the words are taken out. */
function isMadeOf(folded: string, ownWords: readonly string[]): boolean {
  const words = ownWords
    .flatMap((text) =>
      text
        .normalize('NFC')
        .toLowerCase()
        .split(/[^\p{L}\p{N}]+/u),
    )
    .filter((word) => word.length >= 3)
    .sort((a, b) => b.length - a.length);
  const rest = words.reduce((text, word) => text.replaceAll(word, ''), folded);
  return rest !== folded && [...rest].length < 8;
}
