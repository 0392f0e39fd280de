import { z } from 'zod';
import type { MessageKey } from './words.ts';

/** A message of a schema is a key of the catalogue: the compiler checks that it is one. */
const says = (key: MessageKey): { error: MessageKey } => ({ error: key });

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/**
 * One line of text: trimmed, NFC, without control characters (a NUL ends strings in databases, a line break starts
 * headers in mails, a direction override makes names lie).
 */
export function lineOfText(missing: MessageKey, longest: number) {
  return z
    .string(says(missing))
    .transform((text) => text.trim().normalize('NFC'))
    .pipe(
      z
        .string()
        .min(1, says(missing))
        .max(longest, says('error.too-long'))
        .refine((text) => !CONTROL.test(text), says('error.control-characters')),
    );
}

/** One line that may stand in a list of such, which semicolons separate. */
export function nameInLists(missing: MessageKey, longest: number) {
  return lineOfText(missing, longest).refine((text) => !text.includes(';'), says('group.name-separator'));
}

/** One line of text that may be left empty. */
export function optionalLine(longest: number) {
  return z
    .string(says('error.not-text'))
    .default('')
    .transform((text) => text.trim().normalize('NFC'))
    .pipe(
      z
        .string()
        .max(longest, says('error.too-long'))
        .refine((text) => !CONTROL.test(text), says('error.control-characters')),
    );
}

/** Text of several lines: trimmed, NFC, its line breaks as "\n", for browsers send CRLF. */
export function linesOfText(missing: MessageKey, longest: number) {
  return z
    .string(says(missing))
    .transform((text) => text.replace(/\r\n?/g, '\n').trim().normalize('NFC'))
    .pipe(
      z
        .string()
        .min(1, says(missing))
        .max(longest, says('error.too-long'))
        .refine((text) => !CONTROL.test(text.replace(/[\t\n]/g, ' ')), says('error.invisible-characters')),
    );
}

/** A whole number from 0 to `most`, of three digits at most; left empty it is 0. */
export function wholeNumber(most: number, fault: MessageKey) {
  return z
    .string(says(fault))
    .default('')
    .transform((text) => text.trim())
    .refine((text) => /^\d{0,3}$/.test(text) && Number(text) <= most, says(fault))
    .transform(Number);
}

/** The first moment (UTC) of a day as `<input type="date">` sends it; text browsers let people type it. May be empty. */
export function optionalDay() {
  return z
    .string(says('audit-log.date-form'))
    .default('')
    .transform((text) => text.trim())
    .refine((text) => text === '' || z.iso.date().safeParse(text).success, says('audit-log.date-form'))
    .transform((text) => (text === '' ? undefined : Date.parse(text)));
}

/** A box that is ticked, or left empty. */
export function tick() {
  return z.literal('on', says('policy.not-a-tick')).optional();
}

/** RFC 5321 §4.5.3.1.3: a path is no longer than 256 characters, its brackets included. */
const LONGEST_EMAIL = 254;

export function emailAddress(missing: MessageKey = 'error.email-missing') {
  return lineOfText(missing, LONGEST_EMAIL).pipe(
    z.string().regex(/^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/u, says('error.email-form')),
  );
}

/** A password as it was typed: neither trimmed nor cut (ASVS 6.2.8). Rules for new ones are the domain's. */
export function typedPassword(missing: MessageKey = 'error.password-missing') {
  return z.string(says(missing)).min(1, says(missing)).max(4096, says('error.password-too-long'));
}

/**
 * A code of six digits, however it was pasted: white space, hyphens and dots go, full-width, Arabic-Indic and other
 * decimal digits count as digits.
 */
export function sixDigits() {
  return z
    .string(says('error.code-missing'))
    .max(200, says('error.code-form'))
    .transform((text) => foldDigits(text))
    .pipe(
      z
        .string()
        .min(1, says('error.code-missing'))
        .regex(/^\d{6}$/, says('error.code-form')),
    );
}

function foldDigits(text: string): string {
  return text
    .replace(/[\s\p{Pd}\p{Cf}.·]/gu, '')
    .replace(/\p{Nd}/gu, (digit) => String(decimalValue(digit.codePointAt(0) ?? 0)));
}

/** Decimal digits stand in runs of ten, 0 to 9 (Unicode Standard §4.6), some of the runs side by side. */
function decimalValue(codePoint: number): number {
  let start = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
  return (codePoint - start) % 10;
}
