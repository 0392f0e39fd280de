import type { Request, RequestHandler } from 'express';
import session, { type SessionData } from 'express-session';
import type { Logger } from 'pino';
import { z } from 'zod';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import { newToken } from '../kernel/identifiers.ts';
import type { Keyring } from '../kernel/keyring.ts';
import type { Instant } from '../kernel/time.ts';
import { currentState, parseState, type SessionState } from '../sign-in/session-state.ts';
import type { SessionStore } from '../sign-in/session-store.ts';
import { cookieAttributes, cookieNamed } from './cookies.ts';
import { ExpressSessions } from './express-sessions.ts';

export type { PendingSession, SessionState, SignedInSession } from '../sign-in/session-state.ts';

declare module 'express-session' {
  interface SessionData {
    state: unknown;
    browser: unknown;
    csrfSecret: unknown;
    formerCsrfSecrets: unknown;
  }
}

declare global {
  namespace Express {
    interface Request {
      /** The session cookie as sent, with its signature; undefined if none was. */
      sessionCookie?: string | undefined;
      /** Whether the session was in the store before this request. */
      hadSession?: boolean;
    }
  }
}

/** The name of the session cookie. `secure`: the site is served over https (then `__Host-`, ASVS 3.3.1, 3.3.3). */
export function sessionCookieName(secure: boolean): string {
  return secure ? '__Host-postern' : 'postern';
}

interface SessionServices {
  readonly sessionStore: SessionStore;
  readonly keyring: Keyring;
  readonly logger: Logger;
}

/** express-session over our store. `secure`: the site is served over https. */
export function sessions(
  { sessionStore, keyring, logger }: SessionServices,
  secure: boolean,
): RequestHandler {
  const name = sessionCookieName(secure);
  const report = (error: unknown) => logger.error({ err: error }, 'session was not extended');
  const store = new ExpressSessions(sessionStore, report);
  const handler = session({
    store,
    name,
    secret: keyring.keys('session').map((key) => key.export().toString('base64url')),
    resave: false,
    saveUninitialized: false,
    // The store ends idle sessions. The cookie lasts as long as any sign-in, so it is not sent again with each page.
    rolling: false,
    cookie: (request) => ({ ...cookieAttributes(request, secure), maxAge: ABSOLUTE_LIMIT }),
  });
  return (request, response, next) => {
    // Must be patched: express-session sends no secure cookie behind a proxy that does not set X-Forwarded-Proto, and has no
    // option by which the configured origin decides.
    if (secure) Object.defineProperty(request, 'secure', { value: true });
    request.sessionCookie = cookieNamed(name, request.headers.cookie);
    handler(request, response, (error?: unknown) => {
      // If the cookie's session is not in the store, express-session generates another id.
      request.hadSession = isOf(request.sessionCookie, request.sessionID);
      next(error);
    });
  };
}

function isOf(cookie: string | undefined, id: string | undefined): boolean {
  if (cookie === undefined || id === undefined) return false;
  return cookie.startsWith(`s%3A${id}.`) || cookie.startsWith(`s:${id}.`);
}

/** Reads the session again; false if it has ended since. Rejects if the store is down. */
export async function reloadSession(request: Request): Promise<boolean> {
  if (!(await storedSession(request, request.sessionID))) return false;
  await new Promise<void>((resolve, reject) => {
    request.session.reload((error: unknown) => (error ? reject(error) : resolve()));
  });
  return true;
}

/** Replaces the request's session by the one with this id; false if that has ended. Rejects if the store is down. */
export async function adoptSession(request: Request, id: string): Promise<boolean> {
  const data = await storedSession(request, id);
  if (!data) return false;
  request.sessionID = id;
  request.sessionStore.createSession(request, data);
  return true;
}

async function storedSession(request: Request, id: string): Promise<SessionData | null | undefined> {
  return new Promise((resolve, reject) => {
    request.sessionStore.get(id, (error: unknown, found) => (error ? reject(error) : resolve(found)));
  });
}

/** Keeps express-session from storing the session and from sending a cookie with this response. */
export function leaveSession(request: Request): void {
  Reflect.deleteProperty(request, 'session');
}

/** The state of the session; anonymous if it does not parse or is too old. */
export function readState(request: Request, now: Instant): SessionState {
  return currentState(request.session.state, now);
}

/**
 * Enters a state of other privilege. The id is renewed and the old one is invalid (ASVS 7.2.4), so that a fixed or stolen id is
 * useless. Keeps the browser's secret. Rejects if the store is down.
 */
export async function enterState(request: Request, state: SessionState): Promise<void> {
  const browser = browserOf(request);
  const former = formerSecretsFor(request);
  await new Promise<void>((resolve, reject) => {
    request.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
  });
  request.session.state = state;
  request.session.browser = browser;
  // Otherwise csurf would generate it on the next page, which costs another write of the session.
  request.session.csrfSecret = newToken();
  if (former.length > 0) request.session.formerCsrfSecrets = former;
  await saveSession(request);
}

/** A CSRF secret of the session before a renewal, and its account; undefined if it was anonymous. */
const formerSecret = z.object({ csrfSecret: z.string(), accountId: z.string().optional() });
export type FormerSecret = z.infer<typeof formerSecret>;

const MOST_FORMER_SECRETS = 4;

/**
 * Newest first. A form with a token of a former secret is rejected as out of date. It is a form of this site, so the page can say
 * why, and its values are kept if the account is the same. (An attacker may have planted an anonymous session.)
 */
function formerSecretsFor(request: Request): readonly FormerSecret[] {
  const { csrfSecret, state } = request.session;
  const before = parseState(state);
  const last = formerSecret.safeParse({
    csrfSecret,
    accountId: before.kind === 'anonymous' ? undefined : before.accountId,
  }).data;
  return [...(last ? [last] : []), ...readFormerSecrets(request)].slice(0, MOST_FORMER_SECRETS);
}

export function readFormerSecrets(request: Request): readonly FormerSecret[] {
  return z.array(formerSecret).safeParse(request.session?.formerCsrfSecrets).data ?? [];
}

/** Changes the state within the same privilege. */
export async function updateState(request: Request, state: SessionState): Promise<void> {
  request.session.state = state;
  await saveSession(request);
}

/**
 * Waits for the store: an error is better than a page that confirms what was not stored. Rejects if the store is down, and with
 * SessionEnded if the session has ended since the request began.
 */
export async function saveSession(request: Request): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
}

/**
 * Stores what the request has changed in its session, and prolongs it. Rejects like `saveSession`. Comes before each response:
 * express-session would store the session after the headers, when nothing can be said about a failure any more.
 */
export async function keepSession({ session, sessionID, sessionStore, res }: Request): Promise<void> {
  // After a time limit the request was answered already, and nothing more may be stored.
  if (!session || res?.headersSent) return;
  if (sessionStore instanceof ExpressSessions) await sessionStore.keep(sessionID, session);
}

/** Ends the session in the store. */
export async function destroySession(request: Request): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.destroy((error: unknown) => (error ? reject(error) : resolve()));
  });
}

/** The secret that binds mailed codes to this browser; generated on first use. */
export function browserOf(request: Request): string {
  const { browser } = request.session;
  if (typeof browser === 'string') return browser;
  const fresh = newToken();
  request.session.browser = fresh;
  return fresh;
}
