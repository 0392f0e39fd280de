import type { Account } from '../accounts/account.ts';
import type { Accounts } from '../accounts/accounts.ts';
import { ABSOLUTE_LIMIT, type SignIns } from '../accounts/sign-ins.ts';
import { type Audit, type Origin, party } from '../audit/audit.ts';
import { hashToken, newId, newToken } from '../kernel/identifiers.ts';
import { type Clock, type Instant, seconds } from '../kernel/time.ts';
import { bind, type Transact, type Transaction } from '../kernel/transaction.ts';
import type { Refusal, Visitor } from './access.ts';
import type { Admissions } from './admissions.ts';
import type { HostApp } from './app.ts';
import type { AppSignInStore } from './app-sign-ins.ts';
import type { AppStore } from './apps.ts';

/** How long the code of a hand-over is valid: the browser follows one redirect. Milliseconds. */
export const HAND_OVER_LIFETIME = seconds(60);

/** Bits of the secrets that open an app: the code, and the cookie of the app's host. */
const SECRET_BITS = 256;

/** What a hand-over is bound to, and where the person goes on. */
export interface HandOver {
  readonly appId: string;
  readonly signInId: string;
  readonly accountId: string;
  /** Hash of the nonce in a cookie of the app's host: the browser that began is the one that is signed in. */
  readonly nonceHash: string;
  /** A path of the app, with its query. */
  readonly path: string;
}

/** Storage of hand-overs. */
export interface HandOverStore {
  create(codeHash: string, handOver: HandOver, expiresAt: Instant): Promise<void>;
  /**
   * Uses up a hand-over of this app and one of these nonces that has not expired, by one statement; undefined if there is none. Of
   * several callers at once, one gets it.
   */
  spend(
    codeHash: string,
    bound: { readonly appId: string; readonly nonceHashes: readonly string[] },
    now: Instant,
  ): Promise<HandOver | undefined>;
}

/** A browser that comes from the app's host. */
export interface HandOverRequest {
  /** In the form of `App.host`. */
  readonly host: string;
  /** The person who is signed in, and the sign-in. */
  readonly visitor: Visitor;
  readonly signInId: string;
  readonly nonceHash: string;
  readonly path: string;
  /** Of the browser, for the audit log. */
  readonly origin: Origin;
}

export type Opened =
  | { readonly kind: 'unknown host' }
  | { readonly kind: 'refused'; readonly app: HostApp; readonly refusal: Refusal }
  /** `code` is for the app's host, once and within a minute. */
  | { readonly kind: 'handed over'; readonly app: HostApp; readonly code: string };

/** What the browser brings back to the app's host. */
export interface PresentedHandOver {
  readonly code: string;
  /** In the form of `App.host`. */
  readonly host: string;
  /** From the cookies of the app's host: one for each tab that has begun to sign in. */
  readonly nonces: readonly string[];
}

export type Redeemed =
  /** `cookie` signs the browser in at the app's host, for `ABSOLUTE_LIMIT` at most. */
  | {
      readonly kind: 'signed in';
      readonly app: HostApp;
      readonly cookie: string;
      readonly path: string;
      /** The nonce that was used up. */
      readonly nonce: string;
    }
  /** Used, expired, unknown, another browser's or another app's; or the sign-in has ended. The person has to start again. */
  | { readonly kind: 'unusable'; readonly app: HostApp }
  | { readonly kind: 'unknown host' };

/** Outcomes of hand-overs, for metrics. */
export const HAND_OVER_OUTCOMES = ['issued', 'signed in', 'unusable', 'unknown host'] as const;
export type HandOverOutcome = (typeof HAND_OVER_OUTCOMES)[number];

interface HandOverServices {
  readonly store: HandOverStore;
  readonly apps: Pick<AppStore, 'findByHost'>;
  readonly admissions: Pick<Admissions, 'decide'>;
  readonly appSignIns: Pick<AppSignInStore, 'create'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly signIns: Pick<SignIns, 'of'>;
  readonly audit: Pick<Audit, 'record'>;
  readonly transaction: Transact;
  readonly clock: Clock;
  /** Called for each code that was issued, and with the outcome of each that was brought back. */
  readonly handedOver: (outcome: HandOverOutcome) => void;
}

/**
 * Takes a sign-in from Postern to the host of an app, of whatever domain: Postern's cookie never leaves its own host. Postern
 * issues a one-time code, which the app's host redeems for its own cookie.
 */
export class HandOvers {
  readonly #services: HandOverServices;

  constructor(services: HandOverServices) {
    this.#services = services;
  }

  in(tx: Transaction): HandOvers {
    return new HandOvers(bind(this.#services, tx));
  }

  /**
   * Issues a code if the person may use the app now; otherwise says what is missing. A refusal that the person can do nothing
   * about is audited.
   */
  async open({ host, visitor, origin, ...rest }: HandOverRequest): Promise<Opened> {
    const { apps, admissions } = this.#services;
    const app = await apps.findByHost(host);
    if (!app) return { kind: 'unknown host' };
    const access = await admissions.decide({ app, demand: app }, visitor, origin);
    if (access.kind !== 'allowed') return { kind: 'refused', app, refusal: access };
    return {
      kind: 'handed over',
      app,
      code: await this.issue({ app, accountId: visitor.account.id, ...rest }),
    };
  }

  /**
   * Issues the code of a hand-over, valid once and for a minute. The caller has made sure that the person may use the app
   * (`accessTo`). `nonceHash`: the SHA-256 of the nonce, in base64url (`hashToken`).
   */
  async issue({
    app,
    ...bound
  }: Omit<HandOver, 'appId'> & { readonly app: Pick<HostApp, 'id'> }): Promise<string> {
    const { store, clock, handedOver } = this.#services;
    const code = newToken(SECRET_BITS);
    await store.create(hashToken(code), { ...bound, appId: app.id }, clock() + HAND_OVER_LIFETIME);
    handedOver('issued');
    return code;
  }

  /** Uses a code up and signs the browser in to the app; audited. */
  async redeem(presented: PresentedHandOver, origin: Origin): Promise<Redeemed> {
    const { transaction, handedOver } = this.#services;
    const outcome = await transaction(this.#services, (_, tx) => this.in(tx).#redeem(presented, origin));
    handedOver(outcome.kind);
    return outcome;
  }

  async #redeem({ code, host, nonces }: PresentedHandOver, origin: Origin): Promise<Redeemed> {
    const { apps, store, clock } = this.#services;
    const app = await apps.findByHost(host);
    if (!app) return { kind: 'unknown host' };
    const bound = { appId: app.id, nonceHashes: nonces.map(hashToken) };
    const handOver = await store.spend(hashToken(code), bound, clock());
    const account = handOver && (await this.#signedIn(handOver));
    const nonce = nonces.find((one) => hashToken(one) === handOver?.nonceHash);
    if (!account || nonce === undefined) return { kind: 'unusable', app };
    const cookie = await this.#signIn(app, account, handOver, origin);
    return { kind: 'signed in', app, cookie, nonce, path: handOver.path };
  }

  /** The account, if its sign-in is still open. */
  async #signedIn({ accountId, signInId }: HandOver): Promise<Account | undefined> {
    const { accounts, signIns } = this.#services;
    const account = await accounts.find(accountId);
    if (!account || account.disabledAt !== null) return undefined;
    return (await signIns.of(account)).some(({ id }) => id === signInId) ? account : undefined;
  }

  /** Returns the cookie of a new sign-in to the app. */
  async #signIn(app: HostApp, account: Account, { signInId }: HandOver, origin: Origin): Promise<string> {
    const { appSignIns, audit, clock } = this.#services;
    const now = clock();
    const cookie = newToken(SECRET_BITS);
    await appSignIns.create({
      ...{ id: newId(now), tokenHash: hashToken(cookie) },
      ...{ appId: app.id, signInId, accountId: account.id },
      ...{ createdAt: now, expiresAt: now + ABSOLUTE_LIMIT },
    });
    await audit.record('app.signed-in', { party: party(account), origin }, account, { app: app.name });
    return cookie;
  }
}
