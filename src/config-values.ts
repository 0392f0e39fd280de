import { isIP } from 'node:net';
import { z } from 'zod';
import { Misfit } from './addresses/misfit.ts';
import { MINIMUM_SECRET_LENGTH } from './secrets.ts';
import { seconds } from './time.ts';

/** A mail address with the name to show for it; the name may be empty. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/**
 * A variable that may be absent; `parse` gives undefined for what is not as `expected`, or throws a Misfit that knows better
 * what is.
 */
export function variable<T>(expected: string, parse: (text: string) => T | undefined) {
  return z
    .string()
    .transform((text, context): T => {
      const value = parsed(text, parse);
      if (value !== undefined && !(value instanceof Misfit)) return value;
      const message = value instanceof Misfit ? value.message : expected;
      context.issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    })
    .optional();
}

function parsed<T>(text: string, parse: (text: string) => T | undefined): T | Misfit | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof Misfit) return error;
    throw error;
  }
}

export function oneOf<const T extends string>(choices: readonly T[]) {
  return (text: string): T | undefined => choices.find((choice) => choice === text);
}

export function parseHost(text: string): string | undefined {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  return isIP(bare) !== 0 || /^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(bare) ? bare : undefined;
}

/** A whole number within these bounds, themselves included. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number | undefined => {
    const count = Number(text);
    return /^\d{1,9}$/.test(text) && count >= least && count <= most ? count : undefined;
  };
}

/** So many seconds, with a decimal point or without, in milliseconds. */
export function secondsBetween(least: number, most: number) {
  return (text: string): number | undefined => {
    const count = Number(text);
    return /^\d{1,3}(?:\.\d{1,3})?$/.test(text) && count >= least && count <= most
      ? Math.round(seconds(count))
      : undefined;
  };
}

export function parseOrigin(text: string): string | undefined {
  const url = webUrl(text);
  return url?.pathname === '/' && !/[?#@]/.test(text) ? url.origin : undefined;
}

export function parseWebUrl(text: string): string | undefined {
  return webUrl(text)?.href;
}

function webUrl(text: string): URL | undefined {
  const url = URL.parse(text);
  return /^https?:\/\//i.test(text) && url !== null ? url : undefined;
}

export function server(protocols: readonly string[]) {
  return (text: string): string | undefined => {
    const url = URL.parse(text);
    return url !== null && protocols.includes(url.protocol) && url.hostname !== '' ? text : undefined;
  };
}

export function parseMailbox(text: string): Mailbox | undefined {
  const [, name = '', inBrackets] = /^"?([^"<>\p{Cc}]*?)"?\s*<([^<>]*)>$/u.exec(text) ?? [];
  const address = inBrackets ?? text;
  const wellFormed = /^[^\s@<>(),:;"[\]\\\p{Cc}]+@[^\s@<>(),:;"[\]\\\p{Cc}]+$/u.test(address);
  return wellFormed ? { name: name.trim(), address } : undefined;
}

export function parseToken(text: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(text) && text.length >= MINIMUM_SECRET_LENGTH ? text : undefined;
}

export function parseTrustProxy(text: string): number | readonly string[] | false | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) || false;
  const ranges = text.split(',').map((range) => range.trim());
  return ranges.every(isRange) ? ranges : undefined;
}

/** An address, a subnet, or one of the names that Express knows. A subnet of no bits would trust everybody. */
function isRange(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
