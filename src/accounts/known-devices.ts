import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { newToken } from '../kernel/identifiers.ts';
import type { Keyring } from '../kernel/keyring.ts';
import { type Clock, days, type Instant } from '../kernel/time.ts';
import type { Account } from './account.ts';

/** Lifetime of a mark after a sign-in. */
const DEVICE_LIFETIME = days(365);

/** Largest number of people per browser: a family's, or a front desk's. */
const MOST_MARKS = 5;

/** A mark: nonce, end (milliseconds since the epoch, in base 36), MAC. */
const MARK = /^([\w-]{8,64})\.([\da-z]{1,10})\.([\w-]{43})$/;
const BETWEEN = '~';

/**
 * Recognises browsers in which an account has signed in before, by a device cookie (OWASP, "Slow Down Online Guessing Attacks
 * with Device Cookies"). The cookie grants no access. Password attempts with it are counted apart from those of strangers, who
 * could otherwise lock a person out by guessing (ASVS 6.1.1). It contains no address and no id: an HMAC binds it to the account
 * and its session epoch, so it ends with a change of the password and with "end all sessions".
 */
export class KnownDevices {
  readonly #keyring: Keyring;
  readonly #clock: Clock;

  constructor(keyring: Keyring, clock: Clock) {
    this.#keyring = keyring;
    this.#clock = clock;
  }

  /** The cookie after a sign-in: a new mark for this account, and the other people's marks of the old cookie. */
  mark(
    account: Account,
    cookie: string | undefined,
  ): { readonly cookie: string; readonly expiresAt: Instant } {
    const expiresAt = this.#clock() + DEVICE_LIFETIME;
    const [nonce, end] = [newToken(), expiresAt.toString(36)];
    const own = `${nonce}.${end}.${macOf(account, nonce, end, this.#keyring.current('device').key)}`;
    const others = marksIn(cookie).filter((mark) => this.#nonceOf(mark, account) === undefined);
    return { cookie: [own, ...others].slice(0, MOST_MARKS).join(BETWEEN), expiresAt };
  }

  /** The name of the browser if its cookie has a valid mark of this account; otherwise undefined. */
  find(account: Account, cookie: string | undefined): string | undefined {
    for (const mark of marksIn(cookie)) {
      const nonce = this.#nonceOf(mark, account);
      if (nonce !== undefined) return nonce;
    }
    return undefined;
  }

  #nonceOf(mark: string, account: Account): string | undefined {
    const [, nonce, end, mac] = MARK.exec(mark) ?? [];
    if (nonce === undefined || end === undefined || mac === undefined) return undefined;
    const left = Number.parseInt(end, 36) - this.#clock();
    if (left <= 0 || left > DEVICE_LIFETIME) return undefined;
    const isOurs = this.#keyring
      .keys('device')
      .some((key) => timingSafeEqual(Buffer.from(macOf(account, nonce, end, key)), Buffer.from(mac)));
    return isOurs ? nonce : undefined;
  }
}

function marksIn(cookie = ''): readonly string[] {
  return cookie
    .split(BETWEEN)
    .slice(0, MOST_MARKS)
    .filter((mark) => MARK.test(mark));
}

function macOf({ id, sessionEpoch }: Account, nonce: string, end: string, key: KeyObject): string {
  const text = JSON.stringify([id, sessionEpoch, nonce, end]);
  return createHmac('sha256', key).update(text).digest('base64url');
}
