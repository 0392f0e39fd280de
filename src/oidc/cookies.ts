import type { Request, Response } from 'express';
import { cookieAttributes, cookieNamed } from '../web/cookies.ts';

/** The names under which the provider asks for its cookies. Of these three, one is ever sent. */
export const COOKIE_NAMES = {
  session: 'postern-oidc-session',
  interaction: 'postern-oidc-interaction',
  resume: 'postern-oidc-request',
} as const;

interface CookieOptions {
  readonly path?: string;
  readonly maxAge?: number;
}

/**
 * The provider's cookies, as it reads and writes them.
 *
 * Its session is Postern's own, so it has no cookie (`signInId` is read in its place). A request under way has one, under a path of its
 * own: it binds the request to the browser that began it, for any number of tabs. The provider's second cookie for a request, which
 * all tabs would share, is not sent: our page names the request in its address.
 */
export class ProviderCookies {
  /** The provider sets it; whether a cookie is `Secure` is decided by the portal's own address. */
  secure = false;
  readonly #request: Request;
  readonly #response: Response;
  readonly #signInId: string | undefined;
  readonly #isSecure: boolean;

  constructor(request: Request, response: Response, signInId: string | undefined, isSecure: boolean) {
    this.#request = request;
    this.#response = response;
    this.#signInId = signInId;
    this.#isSecure = isSecure;
  }

  get(name: string): string | undefined {
    if (name === COOKIE_NAMES.session) return this.#signInId;
    return name === COOKIE_NAMES.resume ? cookieNamed(this.#name, this.#request.headers.cookie) : undefined;
  }

  set(name: string, value: string | null, { path = '/', maxAge }: CookieOptions = {}): this {
    if (name !== COOKIE_NAMES.resume) return this;
    const attributes = { ...cookieAttributes(this.#request, this.#isSecure), path };
    if (value === null) this.#response.clearCookie(this.#name, attributes);
    else this.#response.cookie(this.#name, value, { ...attributes, ...(maxAge !== undefined && { maxAge }) });
    return this;
  }

  /** `__Secure-`: another host of the domain cannot set it. `__Host-` would need the path "/". */
  get #name(): string {
    return `${this.#isSecure ? '__Secure-' : ''}${COOKIE_NAMES.resume}`;
  }
}
