import type { Request, Response } from 'express';
import type { Instant } from '../time.ts';

/** The cookie of a trusted browser: sent with navigations from other sites too, or mails would lead to a question. */
export class TrustCookie {
  readonly #name: string;
  readonly #secure: boolean;

  constructor(secure: boolean) {
    this.#secure = secure;
    this.#name = secure ? '__Host-postern-trust' : 'postern-trust';
  }

  /** What the browser sent; undefined when it sent none. */
  read(request: Request): string | undefined {
    const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
    const found = pairs.find((pair) => pair.startsWith(`${this.#name}=`));
    const value = found?.slice(this.#name.length + 1);
    return value !== undefined && /^[\w.-]{1,100}$/.test(value) ? value : undefined;
  }

  set(response: Response, value: string, expiresAt: Instant): void {
    response.cookie(this.#name, value, { ...this.#attributes(), expires: new Date(expiresAt) });
  }

  clear(response: Response): void {
    response.clearCookie(this.#name, this.#attributes());
  }

  #attributes() {
    return { httpOnly: true, sameSite: 'lax', secure: this.#secure, path: '/' } as const;
  }
}
