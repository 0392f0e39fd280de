import { z } from 'zod';
import { type EmailFault, emailFault, hasForm, LONGEST_EMAIL, spelledEmail } from './email-address.ts';
import type { MessageKey, MessageValues } from './i18n.ts';
import { hasPiledMarks, normalized, showsSomething, withoutNeedlessUnseen } from './unicode.ts';

/** A message of a schema is a key of the catalogue: the compiler checks that it is one. */
const says = (key: MessageKey): { error: MessageKey } => ({ error: key });

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** A character is composed of four at most: "ᾂ" is a letter with three marks (UAX #15). */
const MOST_COMPOSED = 4;

/**
 * Trims the text and refuses what is too long or too expensive to normalise, before it is normalised: sorting combining
 * marks takes quadratic time.
 */
function bounded(text: z.ZodType<string>, longest: number) {
  return text
    .transform((typed) => typed.trim())
    .pipe(
      z
        .string()
        .check(({ value, issues }) => {
          if (value.length > MOST_COMPOSED * longest) issues.push(tooLong(value, longest));
        })
        .refine((typed) => !hasPiledMarks(typed), says('error.piled-marks')),
    );
}

/** The issue of `z.string().max(maximum)`, with the limit that people are told. */
function tooLong(input: string, maximum: number) {
  return {
    code: 'too_big',
    origin: 'string',
    maximum,
    inclusive: true,
    input,
    message: says('error.too-long').error,
  } as const;
}

/** What fills in the message of an issue: the limit that was passed, or what a check of ours has named. */
export function valuesOf(issue: z.core.$ZodIssue): MessageValues | undefined {
  if ('maximum' in issue && typeof issue.maximum === 'number') return { count: issue.maximum };
  return issue.code === 'custom' && issue.params ? filling.parse(issue.params) : undefined;
}
const filling = z.record(z.string(), z.union([z.string(), z.number()]));

/** Removes invisible characters that no script or emoji needs, then NFC. */
function withoutTricks(text: string): string {
  return normalized(withoutNeedlessUnseen(text), 'NFC').trim();
}

/**
 * One line of text: trimmed, NFC, without control characters (NUL ends strings in databases, a line break starts a mail
 * header, a direction override disguises a name) and without invisible characters, which make two names look alike. A text
 * with nothing visible in it is missing.
 */
export function lineOfText(missing: MessageKey, longest: number) {
  return bounded(z.string(says(missing)), longest)
    .refine((text) => !CONTROL.test(text), says('error.control-characters'))
    .transform(withoutTricks)
    .pipe(z.string().refine(showsSomething, says(missing)).max(longest, says('error.too-long')));
}

/** One line for a list that is separated by semicolons. */
export function nameInLists(missing: MessageKey, longest: number) {
  return lineOfText(missing, longest).refine((text) => !text.includes(';'), says('group.name-separator'));
}

/** One line of text; may be empty. */
export function optionalLine(longest: number) {
  return bounded(z.string(says('error.not-text')).default(''), longest)
    .refine((text) => !CONTROL.test(text), says('error.control-characters'))
    .transform(withoutTricks)
    .pipe(z.string().max(longest, says('error.too-long')));
}

/** Text of several lines, with the rules of `lineOfText` for each; line breaks become "\n" (browsers send CRLF). */
export function linesOfText(missing: MessageKey, longest: number) {
  return bounded(z.string(says(missing)), longest)
    .refine((text) => !CONTROL.test(text.replace(/[\t\r\n]/g, ' ')), says('error.invisible-characters'))
    .transform((text) => withoutTricks(text.replace(/\r\n?/g, '\n')))
    .pipe(z.string().refine(showsSomething, says(missing)).max(longest, says('error.too-long')));
}

/** A whole number from 0 to `most`, three digits at most; empty is 0. */
export function wholeNumber(most: number, fault: MessageKey) {
  return z
    .string(says(fault))
    .default('')
    .transform((text) => text.trim())
    .refine((text) => /^\d{0,3}$/.test(text) && Number(text) <= most, says(fault))
    .transform(Number);
}

/** A day of the calendar ("2030-01-31") as `<input type="date">` sends it; text browsers let people type it. May be empty. */
export function optionalDay() {
  return z
    .string(says('audit-log.date-form'))
    .default('')
    .transform((text) => text.trim())
    .refine((text) => text === '' || z.iso.date().safeParse(text).success, says('audit-log.date-form'))
    .transform((text) => (text === '' ? undefined : text));
}

/** A checkbox. */
export function tick() {
  return z.literal('on', says('policy.not-a-tick')).optional();
}

const EMAIL_FAULTS: Readonly<Record<EmailFault, MessageKey>> = {
  form: 'error.email-form',
  unseen: 'error.email-unseen',
  'too long': 'error.email-too-long',
};

/** An address for a new account, in the spelling that is stored. */
export function emailAddress(missing: MessageKey = 'error.email-missing') {
  return typedEmail(missing, (typed) => {
    const fault = emailFault(typed);
    return fault && EMAIL_FAULTS[fault];
  }).transform(spelledEmail);
}

/**
 * An address to find an account by, as typed. What is refused for a new account may exist from before, and the exact
 * spelling is looked up first.
 */
export function knownEmail(missing: MessageKey = 'error.email-missing') {
  return typedEmail(missing, (typed) => (hasForm(typed) ? undefined : EMAIL_FAULTS.form));
}

function typedEmail(missing: MessageKey, faultOf: (typed: string) => MessageKey | undefined) {
  return bounded(z.string(says(missing)), LONGEST_EMAIL).check(({ value, issues }) => {
    const spelled = spelledEmail(value);
    const control = CONTROL.test(spelled) ? 'error.control-characters' : undefined;
    const message = spelled === '' ? missing : (control ?? faultOf(value));
    if (message) issues.push({ code: 'custom', message, input: value });
  });
}

/** A password exactly as typed: neither trimmed nor truncated (ASVS 6.2.8). The domain has the rules for new ones. */
export function typedPassword(missing: MessageKey = 'error.password-missing') {
  return z.string(says(missing)).min(1, says(missing)).max(4096, says('error.password-too-long'));
}

/**
 * A code of six digits, however it was pasted: white space, hyphens and dots are removed; full-width, Arabic-Indic and
 * other decimal digits count.
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
        .refine((text) => !RECOVERY_CODE.test(text), says('error.code-is-recovery-code'))
        .refine((text) => !SETUP_KEY.test(text), says('error.code-is-setup-key'))
        .regex(/^\d{6}$/, says('error.code-form')),
    );
}

/**
 * A recovery code typed into the field for six digits, perhaps with its number in the list ("1. "). Spaces, hyphens and
 * dots are removed before.
 */
const RECOVERY_CODE = /^\d{0,2}\)?[\da-z]{16}$/i;
const SETUP_KEY = /^[a-z2-7]{32}$/i;

function foldDigits(text: string): string {
  return text
    .replace(/[\s\p{Pd}\p{Cf}.·]/gu, '')
    .replace(/\p{Nd}/gu, (digit) => String(decimalValue(digit.codePointAt(0) ?? 0)));
}

/** Decimal digits come in runs of ten, 0 to 9 (Unicode Standard §4.6); some runs are adjacent. */
function decimalValue(codePoint: number): number {
  let start = codePoint;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
  return (codePoint - start) % 10;
}
