import type { Request } from 'express';
import { sameSiteFor } from './plain-browsers.ts';

export interface SentCookie {
  readonly name: string;
  readonly value: string;
}

/**
 * The cookies of a Cookie header, in its order. Only spaces and tabs around them are removed (RFC 6265 §5.2). `trim()` and `\s`
 * also match U+00A0, and a browser does not hold "\xA0__Host-name" to the rules of `__Host-`: any sibling domain may set it.
 */
export function cookiesOf(header: string | undefined): readonly SentCookie[] {
  return (header ?? '').split(';').flatMap((pair) => {
    const [, name, value] = /^[ \t]*([^=]+)=(.*?)[ \t]*$/s.exec(pair) ?? [];
    return name === undefined || value === undefined ? [] : [{ name, value }];
  });
}

/** The value of the first cookie with this name in a Cookie header; undefined if there is none. */
export function cookieNamed(name: string, header: string | undefined): string | undefined {
  return cookiesOf(header).find((cookie) => cookie.name === name)?.value;
}

/** Attributes of every cookie. SameSite=Lax, not Strict: a link in a mail must find the person signed in and the browser trusted. */
export function cookieAttributes(request: Request, secure: boolean) {
  return { httpOnly: true, sameSite: sameSiteFor(request), secure, path: '/' } as const;
}
