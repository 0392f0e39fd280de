import { createHash, timingSafeEqual } from 'node:crypto';
import type { Account } from '../accounts/account.ts';
import type { Atomically } from '../atomically.ts';
import { type Actor, type Audit, type AuditEventName, party } from '../audit/audit.ts';
import { newId, newToken } from '../identifiers.ts';
import type { Notices } from '../post/notices.ts';
import { type Clock, days, type Instant } from '../time.ts';
import type { Authenticator } from './authenticator.ts';
import type { PersonalPolicy, RuleSource } from './personal-policy.ts';
import { allowedAuthenticators } from './policy.ts';

export interface TrustedBrowser {
  readonly id: string;
  readonly accountId: string;
  readonly tokenHash: string;
  readonly basis: string;
  readonly browser: string;
  readonly address: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

export type TrustOf = { readonly accountId: string } | { readonly groupId: string };

/** Where trusted browsers are kept. */
export interface TrustedBrowserStore {
  of(accountId: string): Promise<readonly TrustedBrowser[]>;
  find(id: string): Promise<TrustedBrowser | undefined>;
  create(browser: TrustedBrowser): Promise<void>;
  /** Puts the next token in the place of this one; false when another request was quicker. */
  renew(id: string, from: string, to: string): Promise<boolean>;
  /** False when there was none (any more). */
  remove(accountId: string, id: string): Promise<boolean>;
  /** Ends the trust in every browser of everybody, of one account, or of those who are in a group. */
  clear(whose?: TrustOf): Promise<void>;
}

/** What trust rests on; when any of it changes, the trust is over. */
export interface TrustBasis {
  readonly account: Account;
  readonly authenticators: readonly Authenticator[];
  readonly policy: PersonalPolicy;
  /** What the administrators allow now; 0: no browser is trusted. */
  readonly trustDays: number;
}

/** What a browser's cookie was when its request came in. */
export interface PresentedTrust {
  readonly browser: TrustedBrowser;
  readonly tokenHash: string;
}

export type TrustOutcome =
  /** Renewed: the cookie's new value, and until when it is good. */
  | { readonly kind: 'trusted'; readonly cookie: string; readonly expiresAt: Instant }
  /** A code has to be asked for, as of any other browser. */
  | { readonly kind: 'not trusted' };

interface TrustServices {
  readonly store: TrustedBrowserStore;
  readonly audit: Audit;
  readonly notices: Notices;
  readonly atomically: Atomically;
  readonly clock: Clock;
}

/** "Don't ask for a code in this browser": it spares the question at sign-in, and nothing else. */
export class TrustedBrowsers {
  readonly #services: TrustServices;

  constructor(services: TrustServices) {
    this.#services = services;
  }

  /** Trusts the browser for the policy's days; returns the cookie's value. Only where the policy allows it. */
  async trust(
    basis: TrustBasis,
    actor: Actor,
  ): Promise<Extract<TrustOutcome, { kind: 'trusted' }> | undefined> {
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
    await this.#services.atomically(async () => {
      await this.#services.store.create(browser);
      await this.#record('trusted-browser.added', account, actor);
    });
    return { kind: 'trusted', cookie: `${browser.id}.${token}`, expiresAt: browser.expiresAt };
  }

  /** What a cookie names, as it is kept when the request comes in; undefined where it is not kept (any more). */
  async present(cookie: string): Promise<PresentedTrust | undefined> {
    const [id = '', token = ''] = cookie.split('.');
    const browser = await this.#services.store.find(id);
    return browser && { browser, tokenHash: hashToken(token) };
  }

  /**
   * Checks what a browser has presented whose password was right, and renews its token. A token that was renewed before
   * the request came is a copy in somebody else's hands (or the thief was quicker): the trust ends, and the person hears
   * of it. One that another request has renewed since is a form that was sent twice: a code is asked for, and nobody is
   * accused.
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
    return { kind: 'trusted', cookie: `${id}.${next}`, expiresAt: browser.expiresAt };
  }

  /** The browsers that are trusted now. */
  async of(basis: TrustBasis): Promise<readonly TrustedBrowser[]> {
    if (basis.trustDays === 0) return [];
    if (basis.trustDays === 0) return [];
    const now = this.#services.clock();
    const current = digestOf(basis);
    const kept = await this.#services.store.of(basis.account.id);
    return kept.filter(({ expiresAt, basis: restsOn }) => expiresAt > now && restsOn === current);
  }

  /** False when it is not there (any more), or somebody else's. */
  async end(account: Account, id: string, actor: Actor): Promise<boolean> {
    return this.#services.atomically(async () => {
      if (!(await this.#services.store.remove(account.id, id))) return false;
      await this.#record('trusted-browser.removed', account, actor);
      return true;
    });
  }

  async #endStolen(browser: TrustedBrowser, account: Account, actor: Actor): Promise<void> {
    await this.#services.atomically(async () => {
      // A copy that is sent many times at once is one theft, written down and told once.
      if (!(await this.#services.store.remove(account.id, browser.id))) return;
      await this.#record('trusted-browser.replayed', account, actor);
      await this.#services.notices.tell(account, 'trusted browser copied', actor, browser.browser);
    });
  }

  async #record(event: AuditEventName, account: Account, actor: Actor): Promise<void> {
    await this.#services.audit.record(event, actor.origin, actor.party, party(account));
  }
}

/** The token has 160 random bits, so a plain fast hash cannot be searched backwards. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function digestOf({ account, authenticators, policy, trustDays }: TrustBasis): string {
  const usable = allowedAuthenticators(policy, authenticators).map(({ id }) => id);
  // A rule that asks for nothing may come and go.
  const rules = policy.rules
    .filter(({ rule }) => rule !== 'off')
    .map(({ source, rule, methods }) => [placeOf(source), rule, methods]);
  const parts = [account.passwordHash, account.sessionEpoch, usable.toSorted(), rules, trustDays];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** A group that is only renamed stays the same rule. */
function placeOf(source: RuleSource): string {
  return source.kind === 'group' ? source.id : source.kind;
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
