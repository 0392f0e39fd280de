import type { SignIns } from '../accounts/sign-ins.ts';
import { hashToken } from '../kernel/identifiers.ts';
import { type Clock, type Instant, minutes } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { Policies } from '../policy/policies.ts';
import type { PersonSnapshot } from '../policy/snapshot.ts';
import type { Settings } from '../settings/settings.ts';
import type { Refusal } from './access.ts';
import type { HostApp } from './app.ts';
import { type Claims, claimsOf } from './claims.ts';
import { standingAccess } from './standing-sign-in.ts';

/** A browser that is signed in to an app, by a cookie of the app's host. */
export interface AppSignIn {
  readonly id: string;
  readonly appId: string;
  /** The sign-in to Postern that it rests on. */
  readonly signInId: string;
  readonly accountId: string;
  readonly createdAt: Instant;
  readonly lastSeenAt: Instant;
  /** It ends then at the latest, and earlier with its sign-in. */
  readonly expiresAt: Instant;
}

/** Storage of sign-ins to apps. */
export interface AppSignInStore {
  /** `tokenHash`: the hash of the cookie. Also records that the account uses the app. */
  create(signIn: Omit<AppSignIn, 'lastSeenAt'> & { readonly tokenHash: string }): Promise<void>;
  touch(id: string, at: Instant): Promise<void>;
  /** What a sign-in is signed in to; the same app once for each of its tabs that was. */
  openedBy(
    signInId: string,
    now: Instant,
  ): Promise<readonly { readonly id: string; readonly appId: string }[]>;
}

/** The stored data on which a check depends, as of one moment. */
export interface AppSnapshot {
  readonly settings: Settings;
  /** Undefined if no app has the host. */
  readonly app: HostApp | undefined;
  /** The sign-in that the cookie names; it may be another app's. */
  readonly appSignIn: AppSignIn | undefined;
  /** Its account, and the sign-in that it rests on. */
  readonly person:
    | Pick<PersonSnapshot, 'account' | 'signIn' | 'authenticators' | 'memberships' | 'graceStarts'>
    | undefined;
}

/** Reads the data of a check. */
export interface AppSnapshots {
  /** One statement, because each request to an app calls it. `tokenHash`: the hash of the cookie; "": none. */
  read(host: string, tokenHash: string): Promise<AppSnapshot>;
}

/** The answer to a request to an app. */
export type Checked =
  | { readonly kind: 'unknown host' }
  /** Nobody is signed in, or no longer. */
  | { readonly kind: 'signed out'; readonly app: HostApp }
  /** The person is signed in and may not use the app now. See `canBeMet`. */
  | { readonly kind: 'refused'; readonly app: HostApp; readonly refusal: Refusal }
  | { readonly kind: 'allowed'; readonly app: HostApp; readonly claims: Claims };

/** Outcomes of checks, for metrics; "failed": the database did not answer. */
export const CHECK_OUTCOMES = ['allowed', 'refused', 'signed out', 'unknown host', 'failed'] as const;
export type CheckOutcome = (typeof CHECK_OUTCOMES)[number];

/** Precision of "last seen" for apps, in milliseconds. */
const SEEN_EVERY = minutes(1);

interface AppSignInServices {
  readonly snapshots: AppSnapshots;
  readonly store: Pick<AppSignInStore, 'touch'>;
  readonly signIns: Pick<SignIns, 'recordUse'>;
  readonly policies: Pick<Policies, 'by'>;
  readonly clock: Clock;
  /** Called with the outcome of each check. */
  readonly checked: (outcome: CheckOutcome) => void;
}

/** Who is signed in to apps. */
export class AppSignIns {
  readonly #services: AppSignInServices;

  constructor(services: AppSignInServices) {
    this.#services = services;
  }

  in(tx: Transaction): AppSignIns {
    return new AppSignIns(bind(this.#services, tx));
  }

  /**
   * Whether a request to an app is let through: by the sign-in, the account, the policy and the app of this moment, so that an
   * ended sign-in, a stricter rule or a group that was left counts at once, on every instance. Using an app keeps its sign-in
   * from idling.
   *
   * @param host in lower case, with its port unless that is the scheme's
   * @param cookie the value of the app's cookie; undefined if there is none
   */
  async check(host: string, cookie: string | undefined): Promise<Checked> {
    const { checked } = this.#services;
    try {
      const outcome = await this.#check(host, cookie);
      checked(outcome.kind);
      return outcome;
    } catch (error) {
      checked('failed');
      throw error;
    }
  }

  async #check(host: string, cookie: string | undefined): Promise<Checked> {
    const tokenHash = cookie === undefined ? '' : hashToken(cookie);
    const { app, appSignIn, person, settings } = await this.#services.snapshots.read(host, tokenHash);
    if (!app) return { kind: 'unknown host' };
    const now = this.#services.clock();
    const isCurrent = appSignIn?.appId === app.id && appSignIn.expiresAt > now;
    if (!isCurrent) return { kind: 'signed out', app };
    const standing = standingAccess(app, { settings, person }, this.#services.policies, now);
    if (standing.kind === 'signed out') return { kind: 'signed out', app };
    // What is refused is no use: it must not keep the sign-in open.
    if (standing.kind === 'refused') return { kind: 'refused', app, refusal: standing.refusal };
    await this.#services.signIns.recordUse(standing.signIn, SEEN_EVERY);
    if (now - appSignIn.lastSeenAt >= SEEN_EVERY) await this.#services.store.touch(appSignIn.id, now);
    return { kind: 'allowed', app, claims: claimsOf(app, standing.visitor) };
  }
}
