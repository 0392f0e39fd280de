import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { normalized } from '../kernel/unicode.ts';

export const SHORTEST_PASSWORD = 12;
export const LONGEST_PASSWORD = 256;

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
