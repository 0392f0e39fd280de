import { domainToASCII, domainToUnicode } from 'node:url';
import { foldedWidth, hasUnseen, normalized, withoutUnseen, withoutUnseenEnds } from './unicode.ts';

/** RFC 5321 §4.5.3.1.3: a path is no longer than 256 characters, its brackets included. */
export const LONGEST_EMAIL = 254;

/** A longer text cannot be an address in any normal form, so it is compared unchanged. */
const MOST_TYPED = 4 * LONGEST_EMAIL;

/**
 * The spelling that is stored, shown and mailed to: surrounding white space, invisible characters and a final dot are
 * removed; NFC; full-width characters become ASCII. An internationalised domain is normalised by UTS #46 and kept in its
 * own script. Case stays as typed.
 */
export function spelledEmail(typed: string): string {
  const { local, domain } = partsOf(typed);
  return domain === undefined ? local : `${local}@${hasOtherThanAscii(domain) ? known(domain) : domain}`;
}

/**
 * The key that all spellings of one address share: it ignores case, invisible characters and the form of the domain
 * (punycode or its own script). Other compatibility forms before the "@" stay different: they may be another mailbox.
 */
export function emailKey(typed: string): string {
  const { local, domain } = partsOf(typed);
  const name = caseless(withoutUnseen(local));
  return domain === undefined ? name : `${name}@${caseless(known(domain.toLowerCase()))}`;
}

/** Lower case, with one form of sigma: its final form depends on the next letter. */
function caseless(text: string): string {
  return normalized(text.toLowerCase(), 'NFC').replaceAll('ς', 'σ');
}

/**
 * The keys to look up an account by, exact spelling first. Two accounts may exist for two spellings that once counted as
 * different; the newer one is then found by its exact spelling only.
 */
export function emailKeys(typed: string): readonly string[] {
  const [exact, key] = [formerEmailKey(typed), emailKey(typed)];
  return exact === key || emailKey(exact) !== key ? [key] : [exact, key];
}

/** The key that accounts had before all spellings shared one. */
export function formerEmailKey(typed: string): string {
  return typed.length > MOST_TYPED ? typed : normalized(typed.trim(), 'NFC').toLowerCase();
}

/** The parts of an address for a search by part: the local part and the forms of the domain. */
export function emailParts(typed: string): readonly string[] {
  const part = emailKey(typed);
  return part.includes('@') ? [part] : [...new Set([part, emailKey(`@${typed}`).slice(1)])];
}

export type EmailFault = 'form' | 'unseen' | 'too long';

/** Why an address cannot be used for a new account; undefined if it can. */
export function emailFault(typed: string): EmailFault | undefined {
  const { local, domain } = partsOf(typed);
  if (domain === undefined || !hasForm(typed)) return 'form';
  // Joiners are valid in some domains; UTS #46 decides.
  if (hasUnseen(local) || hasUnseen(domain.replace(/[\u200C\u200D]/g, ''))) return 'unseen';
  if (!isPlain(domain) && inAscii(domain) === '') return 'form';
  return spelledEmail(typed).length > LONGEST_EMAIL || emailKey(typed).length > LONGEST_EMAIL
    ? 'too long'
    : undefined;
}

/** Whether it looks like an address: enough to search for one. */
export function hasForm(typed: string): boolean {
  return /^[^\s@<>(),;:"\\[\]]+@[^\s@<>(),;:"\\[\]]+$/u.test(spelledEmail(typed));
}

/** Without "@" the domain is undefined. */
function partsOf(typed: string): { readonly local: string; readonly domain?: string } {
  if (typed.length > MOST_TYPED) return { local: typed };
  const text = normalized(foldedWidth(withoutUnseenEnds(typed)), 'NFC');
  const at = text.lastIndexOf('@');
  if (at < 0) return { local: text };
  return { local: text.slice(0, at), domain: withoutDotsAtEnd(text.slice(at + 1)) };
}

/** A final dot is the DNS root; some input methods type an ideographic one. */
function withoutDotsAtEnd(domain: string): string {
  const bare = withoutUnseenEnds(domain.replace(/[.\u3002\uFF61]+$/, ''));
  return bare === domain ? domain : withoutDotsAtEnd(bare);
}

/** The domain in its own script, normalised by UTS #46; unchanged where that fails. */
function known(domain: string): string {
  return isPlain(domain) ? domain : domainToUnicode(inAscii(domain)) || domain;
}

function isPlain(domain: string): boolean {
  return !hasOtherThanAscii(domain) && !/xn--/i.test(domain);
}

/** The domain by UTS #46; empty if it is none. Other characters have a meaning in a URL: "%2E" would be a dot. */
function inAscii(domain: string): string {
  return /^[\w.\-\u0080-\u{10FFFF}]+$/u.test(domain) ? domainToASCII(domain) : '';
}

function hasOtherThanAscii(text: string): boolean {
  return /[^\p{ASCII}]/u.test(text);
}

/** "ann@example.org" as "a•••@example.org": enough to recognise, too little to learn. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf('@');
  const [first = ''] = email;
  return `${first}•••${email.slice(at)}`;
}
