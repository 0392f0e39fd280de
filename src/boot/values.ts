import { isIP } from 'node:net';
import { z } from 'zod';
import { InvalidValue } from '../kernel/invalid-value.ts';
import { seconds } from '../kernel/time.ts';
import { MINIMUM_SECRET_LENGTH } from './secrets.ts';

export const DEFAULT_PORT = 3000;

export const SECRETS_EXPECTED = `secrets of at least ${MINIMUM_SECRET_LENGTH} characters each`;

/** A mail address with its display name, which may be empty. */
export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/**
 * An optional variable. `parse` returns undefined if the text is not as `expected`, or throws an InvalidValue with a better
 * message.
 */
export function variable<T>(expected: string, parse: (text: string) => T | undefined) {
  return z
    .string()
    .transform((text, context): T => {
      const value = parsed(text, parse);
      if (value !== undefined && !(value instanceof InvalidValue)) return value;
      const message = value instanceof InvalidValue ? value.message : expected;
      context.issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    })
    .optional();
}

function parsed<T>(text: string, parse: (text: string) => T | undefined): T | InvalidValue | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof InvalidValue) return error;
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

/** A whole number within these bounds, inclusive. */
export function wholeNumber(least: number, most: number) {
  return (text: string): number | undefined => {
    const count = Number(text);
    return /^\d{1,9}$/.test(text) && count >= least && count <= most ? count : undefined;
  };
}

/** Seconds, with or without decimals; returned in milliseconds. */
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

export function parseMailbox(text: string): Mailbox | undefined {
  const [, name = '', inBrackets] = /^"?([^"<>\p{Cc}]*?)"?\s*<([^<>]*)>$/u.exec(text) ?? [];
  const address = inBrackets ?? text;
  const wellFormed = /^[^\s@<>(),:;"[\]\\\p{Cc}]+@[^\s@<>(),:;"[\]\\\p{Cc}]+$/u.test(address);
  return wellFormed ? { name: name.trim(), address } : undefined;
}

export function parseToken(text: string): string | undefined {
  return /^[\x21-\x7e]+$/.test(text) && text.length >= MINIMUM_SECRET_LENGTH ? text : undefined;
}
