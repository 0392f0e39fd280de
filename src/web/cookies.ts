import type { Request } from 'express';
import { sameSiteFor } from './plain-browsers.ts';

/** The value of the first cookie with this name in a Cookie header; undefined if there is none. */
export function cookieNamed(name: string, header: string | undefined): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Attributes of every cookie. SameSite=Lax, not Strict: a link in a mail must find the person signed in and the browser trusted. */
export function cookieAttributes(request: Request, secure: boolean) {
  return { httpOnly: true, sameSite: sameSiteFor(request), secure, path: '/' } as const;
}
