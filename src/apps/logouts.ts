import { days, hours, type Instant, minutes } from '../kernel/time.ts';
import type { App, OidcApp } from './app.ts';
import type { AppSignIn } from './app-sign-ins.ts';

/**
 * "open": the sign-in goes on. "due": it is over, and the app is being told (OpenID Connect Back-Channel Logout 1.0). "told": the
 * app has confirmed it. "failed": the app refused, or did not confirm it within `LOGOUT_LIFETIME`.
 */
export const LOGOUT_STATES = ['open', 'due', 'told', 'failed'] as const;
export type LogoutState = (typeof LOGOUT_STATES)[number];

/** For how long an app is told again and again. A session of its own rarely lasts longer. Milliseconds. */
export const LOGOUT_LIFETIME = hours(24);

/** A logout that waits longer than this is late: the app may need attention. Milliseconds. */
export const LATE_LOGOUT = minutes(15);

/** How long failures are kept for administrators, in milliseconds. What was told is kept for a day. */
export const FAILURES_REMEMBERED = days(30);
export const TOLD_REMEMBERED = days(1);

/** An app that has to be told that a sign-in is over. */
export interface Logout {
  /** The `sid` that the app knows. */
  readonly id: string;
  readonly appId: string;
  readonly accountId: string;
  readonly state: LogoutState;
  /** Number of tries, one under way included. */
  readonly tries: number;
  /** When the sign-in was found to be over; null while it is open. */
  readonly overAt: Instant | null;
  /** When it may be tried next. During a try: the end of the claim, after which others may claim it. */
  readonly dueAt: Instant;
  readonly settledAt: Instant | null;
  /** Why the last try failed: "ECONNREFUSED", "503", "400 invalid_request". Technical. */
  readonly fault: string | null;
}

/** How a logout stops waiting. */
export interface LogoutEnding {
  readonly state: 'told' | 'failed';
  readonly at: Instant;
  readonly fault: string | null;
}

/** An open sign-in that stands by the trust in its browser. */
export type TrustedLogout = Pick<Logout, 'id' | 'accountId'> & { readonly signInId: string };

/** What an app was not told. */
export interface LogoutProblems {
  /** How many have waited for more than `LATE_LOGOUT`. */
  readonly late: number;
  /** How many failed for good, within `FAILURES_REMEMBERED`. */
  readonly failed: number;
  /** The newest fault of either; null if there is none. */
  readonly fault: string | null;
  /** When the oldest of the late ones was due. */
  readonly since: Instant | undefined;
}

/** An app that has not confirmed logouts for more than `LATE_LOGOUT`. */
export interface LateApp {
  readonly appId: string;
  readonly name: string;
  readonly count: number;
  /** When the oldest of them was due. */
  readonly since: Instant;
}

/** Depth of the queue. */
export interface LogoutDepth {
  readonly waiting: number;
  /** How many of them are late. */
  readonly late: number;
}

/** Open logouts: of these accounts, or those after an id ("": from the first) up to another one (undefined: to the last). */
export type OpenLogouts =
  | { readonly accountIds: readonly string[] }
  | { readonly after: string; readonly to: string | undefined };

/** Storage of whom to tell that a sign-in has ended. */
export interface LogoutStore {
  /** From now on, the app is to be told when the sign-in that this one rests on is over. */
  expect(signIn: Pick<AppSignIn, 'id' | 'appId' | 'accountId' | 'signInId' | 'createdAt'>): Promise<void>;
  /** Whether any is open or due: if not, there is nothing to look for. */
  any(): Promise<boolean>;
  /**
   * Open ones whose sign-in is over: ended, too old, or gone with its account; whose account is disabled or has ended all of
   * its sessions; or whose browser is no longer trusted where the sign-in rests on that. At most `most`.
   *
   * @param among of these accounts alone, or of this window of all
   */
  over(now: Instant, most: number, among: OpenLogouts): Promise<readonly string[]>;
  /** Where a window of so many open ones ends that begins after this id; undefined: it has all that follow. */
  endOfWindow(after: string, size: number): Promise<string | undefined>;
  /** Open ones that stand by the trust in their browser, and were not looked at since `dueAt`; longest first. */
  trusted(now: Instant, most: number, among: OpenLogouts): Promise<readonly TrustedLogout[]>;
  /** Sets when these open ones are looked at again. */
  lookAgain(ids: readonly string[], at: Instant): Promise<void>;
  /** From now on they are due. Of several callers, one changes each. */
  markDue(ids: readonly string[], now: Instant): Promise<void>;
  /** The apps for which something is due. */
  appsDue(now: Instant): Promise<readonly string[]>;
  /** The ids of what is due for an app: first what was tried least, so that one that always fails holds up no other. */
  due(appId: string, now: Instant, most: number): Promise<readonly string[]>;
  /** Claims a due one until `until`, by one conditional UPDATE: of several callers at once one gets it. */
  claim(id: string, now: Instant, until: Instant): Promise<Logout | undefined>;
  /** Stores the ending. "told" always counts; "failed" counts only from the latest claimer. */
  settle(logout: Pick<Logout, 'id' | 'tries'>, ending: LogoutEnding): Promise<boolean>;
  /** Sets the time of the next try, unless somebody else has claimed it since. */
  postpone(logout: Pick<Logout, 'id' | 'tries'>, dueAt: Instant, fault: string): Promise<void>;
  /** Lets all that is due for an app wait until then: it did not answer. */
  rest(appId: string, now: Instant, until: Instant): Promise<void>;
  /** Deletes one: the app can no longer be told. */
  drop(id: string): Promise<void>;
  /** When the next one is due; undefined when none waits. */
  nextDue(): Promise<Instant | undefined>;
  /** The states of these, by their ids; those that do not exist are left out. */
  statesOf(ids: readonly string[]): Promise<ReadonlyMap<string, LogoutState>>;
  /** The apps that have been late in confirming, ordered by name. */
  late(now: Instant): Promise<readonly LateApp[]>;
  /** What this app was not told. */
  problemsOf(appId: string, now: Instant): Promise<LogoutProblems>;
  depth(now: Instant): Promise<LogoutDepth>;
  /** Deletes what is remembered long enough. */
  forget(now: Instant): Promise<void>;
}

/** Makes logout tokens (OpenID Connect Back-Channel Logout 1.0 §2.4). */
export interface LogoutTokens {
  /** A token for this app: the sign-in `sid` of the account `sub` is over. */
  sign(app: OidcApp, logout: { readonly sub: string; readonly sid: string }): Promise<string>;
}

/** Outcomes of tries, for metrics. "failed": it is tried again. */
export const LOGOUT_OUTCOMES = ['told', 'failed', 'refused', 'given up'] as const;
export type LogoutOutcome = (typeof LOGOUT_OUTCOMES)[number];

/** An app that has registered an address where it is told that a sign-in has ended. */
export type TellableApp = OidcApp & {
  readonly client: { readonly backchannelLogoutUri: string };
};

/** Whether the app is told when a sign-in ends: it has registered an address for that. */
export function canBeTold(app: App): app is TellableApp {
  return app.kind === 'oidc' && app.client.backchannelLogoutUri !== null;
}
