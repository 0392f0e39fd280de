import type { Request, RequestHandler } from 'express';
import session, { type Store } from 'express-session';
import { z } from 'zod';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import type { Claim } from '../accounts/standings.ts';
import { newToken } from '../identifiers.ts';
import { type Keyring, sealedText } from '../keyring.ts';
import { hours, type Instant } from '../time.ts';
import { METHOD_IDS } from '../two-factor/method.ts';

/** So long the second step may be put off once the password is accepted. */
export const PASSWORD_ACCEPTED_LIMIT = hours(1);

/** The method parses the rest of its own enrolment; here it only has to be one. */
const enrolmentState = z.looseObject({ id: z.string(), method: z.enum(METHOD_IDS), step: z.string() });

/** A change of e-mail that waits for the code from the new mailbox. */
const emailChange = z.object({ email: z.string() });

/** A step-up whose password is given and whose code is awaited. */
const stepUp = z.object({ passwordAt: z.number(), chosenId: z.string().optional(), returnTo: z.string() });

const anonymous = z.object({ kind: z.literal('anonymous') });

const passwordAccepted = z.object({
  kind: z.literal('password accepted'),
  accountId: z.string(),
  epoch: z.number(),
  since: z.number(),
  returnTo: z.string(),
  chosenId: z.string().optional(),
  /** A second factor was proven, and yet one that satisfies the policy has to be created. */
  secondStep: z.boolean().optional(),
  enrolment: enrolmentState.optional(),
});

/** Recovery codes that were just made, sealed: shown until the person says that they have them. */
const freshCodes = z.object({ sealed: sealedText, at: z.number(), returnTo: z.string() });

const signedIn = z.object({
  kind: z.literal('signed in'),
  accountId: z.string(),
  signInId: z.string(),
  epoch: z.number(),
  since: z.number(),
  /** Whether a second factor was proven (or created) in this session. */
  secondStep: z.boolean(),
  steppedUpAt: z.number(),
  stepUp: stepUp.optional(),
  enrolment: enrolmentState.optional(),
  emailChange: emailChange.optional(),
  freshCodes: freshCodes.optional(),
  /** The authenticator whose place the enrolment in progress is to take. */
  replacedId: z.string().optional(),
});

const sessionState = z.discriminatedUnion('kind', [anonymous, passwordAccepted, signedIn]);

export type SessionState = z.infer<typeof sessionState>;
export type PasswordAccepted = z.infer<typeof passwordAccepted>;
export type SignedIn = z.infer<typeof signedIn>;

/** A message for one page: shown there for a short while, reloads included, without a GET changing anything. */
const sessionNotice = z.object({
  path: z.string(),
  key: z.string(),
  kind: z.enum(['success', 'warning', 'info']),
  values: z.record(z.string(), z.union([z.string(), z.number()])),
  at: z.number(),
});
export type SessionNotice = z.infer<typeof sessionNotice>;

/** What was typed into a form that could not be taken (a stale CSRF token, a step-up in between); never secrets. */
const keptForm = z.object({ path: z.string(), values: z.record(z.string(), z.string()) });
export type KeptForm = z.infer<typeof keptForm>;

declare module 'express-session' {
  interface SessionData {
    state: unknown;
    browser: unknown;
    notice: unknown;
    keptForm: unknown;
    csrfSecret: unknown;
  }
}

/** express-session over the given store. `secure`: the site is served over https (then `__Host-`, ASVS 3.3.1, 3.3.3). */
export function sessions(store: Store, keyring: Keyring, secure: boolean): RequestHandler {
  const handler = session({
    store,
    name: secure ? '__Host-postern' : 'postern',
    secret: keyring.keys('session').map((key) => key.toString('base64url')),
    resave: false,
    saveUninitialized: false,
    // The store ends what is idle. A cookie that lasts as long as any sign-in has not to be sent with every page anew.
    rolling: false,
    cookie: { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge: ABSOLUTE_LIMIT },
  });
  return (request, response, next) => {
    // The configured origin decides, not the socket: behind a proxy the connection is plain although the site is not,
    // and express-session would keep its cookie to itself.
    if (secure) Object.defineProperty(request, 'secure', { value: true });
    handler(request, response, next);
  };
}

/** What the session says, parsed: contents outlive deployments, and what no longer fits, or is too old, is anonymous. */
export function readState(request: Request, now: Instant): SessionState {
  const { state } = request.session;
  if (state === undefined) return { kind: 'anonymous' };
  const parsed = sessionState.safeParse(state);
  if (!parsed.success || isOver(parsed.data, now)) return { kind: 'anonymous' };
  return parsed.data;
}

/** For whom the session speaks; undefined where it speaks for nobody. */
export function claimOf(state: SessionState): Claim | undefined {
  if (state.kind === 'anonymous') return undefined;
  const { accountId } = state;
  return { accountId, signInId: state.kind === 'signed in' ? state.signInId : undefined };
}

function isOver(state: SessionState, now: Instant): boolean {
  if (state.kind === 'anonymous') return false;
  const limit = state.kind === 'signed in' ? ABSOLUTE_LIMIT : PASSWORD_ACCEPTED_LIMIT;
  return now - state.since >= limit || now < state.since - hours(1);
}

/**
 * Enters a state of other privilege: the id is renewed and the old one is dead (ASVS 7.2.4), so that a fixed or stolen
 * id is worth nothing. What is bound to the browser goes along. Rejects when the store cannot be reached.
 */
export async function enterState(request: Request, state: SessionState): Promise<void> {
  const browser = browserOf(request);
  await new Promise<void>((resolve, reject) => {
    request.session.regenerate((error: unknown) => (error ? reject(error) : resolve()));
  });
  request.session.state = state;
  request.session.browser = browser;
  // What csurf would make for the next page's forms, and the session be written for once more.
  request.session.csrfSecret = newToken();
  await saveSession(request);
}

/** Changes the state within the same privilege. */
export async function updateState(request: Request, state: SessionState): Promise<void> {
  request.session.state = state;
  await saveSession(request);
}

/** Waits until the store has it: a page that promises what was not kept is worse than an error. */
export async function saveSession(request: Request): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.save((error: unknown) => (error ? reject(error) : resolve()));
  });
}

/** Ends the session in the store. */
export async function destroySession(request: Request): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    request.session.destroy((error: unknown) => (error ? reject(error) : resolve()));
  });
}

/** The secret that ties mailed codes to this browser; made when first asked for. */
export function browserOf(request: Request): string {
  const { browser } = request.session;
  if (typeof browser === 'string') return browser;
  const fresh = newToken();
  request.session.browser = fresh;
  return fresh;
}

const NOTICE_LIFETIME = 120_000;

export function leaveNotice(request: Request, notice: SessionNotice): void {
  request.session.notice = notice;
}

export function readNotice(request: Request, path: string, now: Instant): SessionNotice | undefined {
  const notice = sessionNotice.safeParse(request.session?.notice).data;
  return notice?.path === path && now - notice.at < NOTICE_LIFETIME ? notice : undefined;
}

export function keepForm(request: Request, form: KeptForm): void {
  request.session.keptForm = form;
}

export function readKeptForm(request: Request, path: string): Readonly<Record<string, string>> {
  const kept = keptForm.safeParse(request.session?.keptForm).data;
  return kept?.path === path ? kept.values : {};
}

/** A form was taken: what was kept of an earlier try, and the message of an earlier success, are stale. */
export function forgetLeftovers(request: Request): void {
  delete request.session.keptForm;
  delete request.session.notice;
}
