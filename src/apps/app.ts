import { isLoopback } from '../kernel/loopback.ts';
import type { Instant } from '../kernel/time.ts';
import type { OidcClient } from './oidc-client.ts';
import { type SignedHandOver, signInPathOf } from './signed-hand-over.ts';

/** An app's name, in characters. */
export const LONGEST_APP_NAME = 60;

/**
 * Kinds of apps. "host": a site behind a proxy that asks Postern about each request (forward-auth). "oidc": a client of OpenID
 * Connect. "signed": it takes a signed hand-over (see `SIGNED_FORMATS`).
 */
export const APP_KINDS = ['host', 'oidc', 'signed'] as const;
export type AppKind = (typeof APP_KINDS)[number];

/**
 * What an app asks for beyond the policy. "strong": a factor that no reader of the mailbox has, proven in this sign-in; emailed
 * codes, recovery codes and trusted browsers do not count.
 */
export const PROOFS = ['none', 'second step', 'strong'] as const;
export type ProofDemand = (typeof PROOFS)[number];

/** What `Remote-User` contains: the email address, or the account's id, which never changes. */
export const REMOTE_USERS = ['email', 'id'] as const;
export type RemoteUser = (typeof REMOTE_USERS)[number];

/** Bounds of `freshMinutes`. Fewer would not last for one form; more than a sign-in lasts would ask for nothing. */
export const FRESH_MINUTES = { least: 5, most: 1440 } as const;

/** What a person needs in order to use an app. */
export interface AppDemand {
  /** Ids of the groups whose members may use it; an empty list: nobody. */
  readonly audience: 'everybody' | readonly string[];
  readonly proof: ProofDemand;
  /** Within how many minutes password and second factor must have been proven; null: at any time of the sign-in. */
  readonly freshMinutes: number | null;
  /** Whether the person must have proven access to the mailbox of their address. */
  readonly confirmsEmail: boolean;
}

/** What apps of every kind have. */
interface AnyApp extends AppDemand {
  readonly id: string;
  /** Unique, whatever its spelling. */
  readonly name: string;
  /** `https://wiki.example.org`, without a path. */
  readonly origin: string;
  readonly createdAt: Instant;
}

/** A site behind a proxy that asks Postern about each request. */
export interface HostApp extends AnyApp {
  readonly kind: 'host';
  /** `wiki.example.org` or `wiki.example.org:8443`: as browsers write it into the Host header. Unique. */
  readonly host: string;
  readonly remoteUser: RemoteUser;
}

/** A client of OpenID Connect (a relying party). Its client id is the app's id. */
export interface OidcApp extends AnyApp {
  readonly kind: 'oidc';
  readonly client: OidcClient;
}

/** An app that takes a signed hand-over. */
export interface SignedApp extends AnyApp {
  readonly kind: 'signed';
  readonly signed: SignedHandOver;
}

/** Something that people are signed in to: the help center, a wiki, a ticket system. */
export type App = HostApp | OidcApp | SignedApp;

/** An app in a list. */
export type ListedApp<One extends App = App> = One & {
  /** When somebody last signed in to it; null: nobody yet. */
  readonly lastSignInAt: Instant | null;
};

/** Where people open an app: a URL, or a path of Postern. */
export function startOf(app: App): string {
  switch (app.kind) {
    case 'host':
      return `${app.origin}/`;
    case 'oidc':
      return app.client.startUrl ?? `${app.origin}/`;
    case 'signed':
      return app.signed.startUrl ?? signInStartOf(app);
  }
}

/** Where a sign-in to the app begins: a path of Postern, or the page of Discourse that makes a nonce and leads here. */
export function signInStartOf({ id, origin, signed }: SignedApp): string {
  if (signed.format !== 'discourse') return signInPathOf(id);
  // Discourse may be below a path: the page is beside the one that takes the hand-over, /session/sso_login.
  return URL.parse('sso', signed.destination)?.href ?? `${origin}/session/sso`;
}

/** Whether Postern shares a secret with the app. A public client has none, and an app behind a proxy needs none. */
export function sharesSecret(
  app: Pick<HostApp, 'kind'> | Pick<OidcApp, 'kind' | 'client'> | Pick<SignedApp, 'kind'>,
): boolean {
  return app.kind === 'signed' || (app.kind === 'oidc' && app.client.authentication !== 'none');
}

/** Ids of the groups whose names an app is told of by its protocol; an app behind a proxy is told of all. */
export function toldGroupsOf(app: App): readonly string[] {
  if (app.kind === 'host') return [];
  return app.kind === 'oidc' ? app.client.toldGroups : app.signed.toldGroups;
}

/** A host name in the form of `URL`: lower case, punycode, no dot at the end; or an IP address. */
const HOSTNAME =
  /^(?:[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d])?(?:\.[a-z\d_](?:[a-z\d_-]{0,61}[a-z\d])?)*|\[[\da-f:.]+\])$/;
const LONGEST_HOSTNAME = 253;

/**
 * The origin that somebody typed: https, or http for this machine only. Undefined if it is none: it has a path, a query or a
 * user name, or another scheme.
 */
export function parseAppOrigin(text: string): string | undefined {
  const typed = text.trim();
  const url = /^https?:\/\/[^/?#@\\\s]+\/?$/i.test(typed) ? URL.parse(typed) : null;
  if (url === null || url.hostname.length > LONGEST_HOSTNAME || !HOSTNAME.test(url.hostname))
    return undefined;
  return url.protocol === 'https:' || isLoopback(url.origin) ? url.origin : undefined;
}

/** The host of an origin, with its port unless that is the scheme's. */
export function hostOf(origin: string): string {
  return new URL(origin).host;
}

/**
 * What the app's cookies are kept by. Browsers send the cookies of a host to each of its ports (RFC 6265 §8.5), so that two apps
 * on one host would read each other's cookie, and Postern's own. For http, which is only for development, ports count as different hosts.
 */
export function cookieHostOf(origin: string): string {
  const { protocol, hostname, host } = new URL(origin);
  return protocol === 'https:' ? hostname : host;
}
