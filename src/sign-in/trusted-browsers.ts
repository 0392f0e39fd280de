import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account } from '../accounts/account.ts';
import type { SignInTrust } from '../accounts/sign-ins.ts';
import type { Actor, Audit } from '../audit/audit.ts';
import { emailKey } from '../kernel/email-address.ts';
import { hashToken, newId, newToken } from '../kernel/identifiers.ts';
import { type Clock, days, type Instant } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Notices } from '../mail/notices.ts';
import type { EffectivePolicy } from '../policy/effective-policy.ts';
import type { RuleSource } from '../settings/rule.ts';
import type { Authenticator } from '../two-factor/authenticator.ts';
import type { TrustedBrowser, TrustedBrowserStore } from '../two-factor/trusted-browser.ts';

/** The basis of a trust. A change of any of it ends the trust. */
export interface TrustBasis {
  readonly account: Account;
  readonly authenticators: readonly Authenticator[];
  readonly policy: EffectivePolicy;
  /** Days that the administrators allow; 0: no browser is trusted. */
  readonly trustDays: number;
}

/** The trust that a browser's cookie names, as stored when its request arrived. */
export interface PresentedTrust {
  readonly browser: TrustedBrowser;
  readonly tokenHash: string;
}

/** A new or renewed trust: the cookie's new value, its expiry, and the trusted browser's id. */
export interface IssuedTrust {
  readonly kind: 'trusted';
  readonly cookie: string;
  readonly expiresAt: Instant;
  readonly id: string;
}

export type TrustOutcome =
  | IssuedTrust
  /** A code is required, as in any other browser. */
  | { readonly kind: 'not trusted' };

interface TrustServices {
  readonly store: TrustedBrowserStore;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly transaction: Transact;
  readonly clock: Clock;
}

/** "Don't ask for a code in this browser": replaces the code at sign-in, and nothing else. */
export class TrustedBrowsers {
  readonly #services: TrustServices;

  constructor(services: TrustServices) {
    this.#services = services;
  }

  in(tx: Transaction): TrustedBrowsers {
    return new TrustedBrowsers(bind(this.#services, tx));
  }

  /** Trusts the browser for the days that the settings allow; undefined if they allow none. */
  async trust(basis: TrustBasis, actor: Actor): Promise<IssuedTrust | undefined> {
    const { account, trustDays } = basis;
    if (trustDays === 0) return undefined;
    const now = this.#services.clock();
    const token = newToken();
    const browser: TrustedBrowser = {
      id: newId(now),
      accountId: account.id,
      tokenHash: hashToken(token),
      basis: digestOf(basis),
      browser: actor.origin.browser,
      address: actor.origin.address,
      createdAt: now,
      expiresAt: now + days(trustDays),
    };
    await this.#services.transaction(this.#services, async ({ audit, store }) => {
      await store.create(browser);
      await audit.record('trusted-browser.added', actor, account);
    });
    const { id, expiresAt } = browser;
    return { kind: 'trusted', cookie: `${id}.${token}`, expiresAt, id };
  }

  /** The stored trust that a cookie names, when the request arrives; undefined if there is none (any more). */
  async present(cookie: string): Promise<PresentedTrust | undefined> {
    const [id = '', token = ''] = cookie.split('.');
    const browser = await this.#services.store.find(id);
    return browser && { browser, tokenHash: hashToken(token) };
  }

  /** Whether the presented trust is valid now. Changes nothing: no token is renewed, no trust ended. */
  holds({ browser, tokenHash }: PresentedTrust, basis: TrustBasis): boolean {
    return (
      browser.accountId === basis.account.id &&
      browser.expiresAt > this.#services.clock() &&
      browser.basis === digestOf(basis) &&
      equal(tokenHash, browser.tokenHash)
    );
  }

  /**
   * Checks a presented trust after the right password, and renews its token. A token that was renewed before the request arrived
   * is a stolen copy (or the thief was quicker): the trust ends, and the person is notified. A token that another request has
   * renewed since is a form that was sent twice: a code is required, without a notice.
   */
  async check(
    { browser, tokenHash }: PresentedTrust,
    basis: TrustBasis,
    actor: Actor,
  ): Promise<TrustOutcome> {
    const { account } = basis;
    const { id } = browser;
    if (browser.accountId !== account.id) return { kind: 'not trusted' };
    if (browser.expiresAt <= this.#services.clock() || browser.basis !== digestOf(basis)) {
      await this.#services.store.remove(account.id, id);
      return { kind: 'not trusted' };
    }
    if (!equal(tokenHash, browser.tokenHash)) {
      await this.#endStolen(browser, account, actor);
      return { kind: 'not trusted' };
    }
    const next = newToken();
    if (!(await this.#services.store.renew(id, tokenHash, hashToken(next)))) return { kind: 'not trusted' };
    return { kind: 'trusted', cookie: `${id}.${next}`, expiresAt: browser.expiresAt, id };
  }

  /** The browsers that are trusted now. */
  async of(basis: TrustBasis): Promise<readonly TrustedBrowser[]> {
    if (basis.trustDays === 0) return [];
    const now = this.#services.clock();
    const current = digestOf(basis);
    const kept = await this.#services.store.of(basis.account.id);
    return kept.filter(({ expiresAt, basis: restsOn }) => expiresAt > now && restsOn === current);
  }

  /** False if it does not exist (any more), or belongs to another account. */
  async end(account: Account, id: string, actor: Actor): Promise<boolean> {
    return this.#services.transaction(this.#services, async ({ audit, store }) => {
      if (!(await store.remove(account.id, id))) return false;
      await audit.record('trusted-browser.removed', actor, account);
      return true;
    });
  }

  async #endStolen(browser: TrustedBrowser, account: Account, actor: Actor): Promise<void> {
    await this.#services.transaction(this.#services, async ({ audit, notices, store }) => {
      // A copy that is sent many times at once is one theft: one audit entry, one notice.
      if (!(await store.remove(account.id, browser.id))) return;
      await audit.record('trusted-browser.replayed', actor, account);
      await notices.tell(account, 'trusted browser copied', actor, browser.browser);
    });
  }
}

/**
 * Whether a sign-in is still valid with regard to trust. A sign-in whose code a trusted browser has replaced ends when the trust
 * is removed (a copy was detected, the person ended it) or its basis changes (password, factor, address, role, rule). Expiry of
 * the trust ends no open session: sessions have their own limits.
 */
export function standsByItsTrust(trust: SignInTrust | null, basis: TrustBasis): boolean {
  return trust === null || trust.basis === digestOf(basis);
}

/**
 * The session epoch represents the password, and the address the mailbox that gets codes and password links. Authenticators are
 * represented by their ids: a replaced one has a new id. New recovery codes and rotated keys change no factor.
 */
function digestOf({ account, authenticators, policy, trustDays }: TrustBasis): string {
  const factors = authenticators.map(({ id }) => id).toSorted();
  // A rule that is off changes nothing.
  const rules = policy.rules
    .filter(({ rule }) => rule !== 'off')
    .map(({ source, rule, methods }) => [placeOf(source), rule, methods]);
  const person = [account.sessionEpoch, emailKey(account.email), account.role];
  const parts = [...person, factors, rules, trustDays];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** Independent of a group's name: a renamed group has the same rule. */
function placeOf(source: RuleSource): string {
  return source.kind === 'group' ? source.id : source.kind;
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
