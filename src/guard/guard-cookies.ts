import type { Response } from 'express';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import { minutes, seconds } from '../kernel/time.ts';
import { cookieAttributes, cookieNamed, cookiesOf, type SentCookie } from '../web/cookies.ts';

/** How long a sign-in on the way to an app may take in one browser. */
const NONCE_LIFETIME = minutes(10);
/** Sign-ins to one app that a browser has under way: tabs that are restored together. The oldest are dropped. */
const MOST_NONCES = 10;
const DETOUR_LIFETIME = seconds(20);

/** Cookies are made of random bytes in base64url; anything else is none of ours. */
const VALUE = /^[\w-]{16,128}$/;

/**
 * The cookies on an app's host. They open that host alone: `__Host-` binds them to it, so neither a page of a sibling domain nor
 * plain HTTP can set them (RFC 6265bis §4.1.3.2). `secure`: the site is served over https.
 */
export class GuardCookies {
  readonly #secure: boolean;
  readonly #prefix: string;

  constructor(secure: boolean) {
    this.#secure = secure;
    this.#prefix = secure ? '__Host-postern-' : 'postern-';
  }

  /** The cookie that opens the app; undefined if none was sent. */
  app(header: string | undefined): string | undefined {
    return valid(cookieNamed(this.#name('app'), header));
  }

  setApp(response: Response, value: string): void {
    this.#set(response, 'app', value, ABSOLUTE_LIMIT);
  }

  removeApp(response: Response): void {
    this.#remove(response, 'app');
  }

  /** The nonces of the sign-ins that are under way in this browser, newest first. */
  nonces(header: string | undefined): readonly string[] {
    return this.#nonceCookies(header)
      .flatMap(({ value }) => valid(value) ?? [])
      .slice(-MOST_NONCES)
      .reverse();
  }

  /** Each tab has a cookie of its own, because tabs that start at the same moment would replace each other's. */
  addNonce(response: Response, header: string | undefined, nonce: string): void {
    const former = this.#nonceCookies(header);
    for (const { name } of former.slice(0, Math.max(0, former.length + 1 - MOST_NONCES))) {
      this.#remove(response, name.slice(this.#prefix.length));
    }
    this.#set(response, `nonce-${nonce.slice(0, 8)}`, nonce, NONCE_LIFETIME);
  }

  removeNonce(response: Response, nonce: string): void {
    this.#remove(response, `nonce-${nonce.slice(0, 8)}`);
  }

  /** How often in a row this browser was sent to sign in although its cookie opens the app. */
  detours(header: string | undefined): number {
    return Number(/^\d$/.exec(cookieNamed(this.#name('detours'), header) ?? '')?.[0] ?? 0);
  }

  setDetours(response: Response, count: number): void {
    this.#set(response, 'detours', String(count), DETOUR_LIFETIME);
  }

  #name(what: string): string {
    return `${this.#prefix}${what}`;
  }

  #nonceCookies(header: string | undefined): readonly SentCookie[] {
    const prefix = this.#name('nonce-');
    return cookiesOf(header).filter(
      ({ name }) => name.startsWith(prefix) && /^[\w-]{8}$/.test(name.slice(prefix.length)),
    );
  }

  /** `lifetime` in milliseconds. */
  #set(response: Response, what: string, value: string, lifetime: number): void {
    // The value is cookie-safe already.
    response.cookie(this.#name(what), value, {
      ...this.#attributes(response),
      maxAge: lifetime,
      encode: String,
    });
  }

  #remove(response: Response, what: string): void {
    response.clearCookie(this.#name(what), this.#attributes(response));
  }

  #attributes(response: Response) {
    return cookieAttributes(response.req, this.#secure);
  }
}

function valid(value: string | undefined): string | undefined {
  return value !== undefined && VALUE.test(value) ? value : undefined;
}
