import type { Request, Response } from 'express';
import type { Instant } from '../kernel/time.ts';
import { cookieAttributes, cookieNamed } from './cookies.ts';

/** The cookie of a browser that somebody has signed in with before; see `KnownDevices`. */
export class DeviceCookie {
  readonly #name: string;
  readonly #secure: boolean;

  constructor(secure: boolean) {
    this.#secure = secure;
    this.#name = secure ? '__Host-postern-device' : 'postern-device';
  }

  /** The value that the browser sent; undefined if none. */
  read(request: Request): string | undefined {
    const value = cookieNamed(this.#name, request.headers.cookie);
    return value !== undefined && /^[\w.~-]{1,1000}$/.test(value) ? value : undefined;
  }

  set(response: Response, value: string, expiresAt: Instant): void {
    response.cookie(this.#name, value, {
      ...cookieAttributes(response.req, this.#secure),
      expires: new Date(expiresAt),
      // The value is cookie-safe already.
      encode: String,
    });
  }
}
