import type { Request, RequestHandler, Response } from 'express';
import {
  type Anonymous,
  type AuthServices,
  type AuthState,
  type PendingSignIn,
  resolveAuth,
  type SignedIn,
} from './auth-state.ts';
import { type ContextServices, reloadContext } from './context.ts';
import { flashSubmitted } from './flash.ts';
import { AccessDenied } from './http-errors.ts';
import { pageOf, returnPathOf, withReturn } from './paths.ts';
import { redirectTo } from './redirects.ts';
import { showAs } from './rendering.ts';

/** A request and its response, with the state of the sign-in: the argument of every handler. */
export interface Exchange<Who = AuthState> {
  readonly who: Who;
  readonly request: Request;
  readonly response: Response;
}

/** A handler for the state that its guard has narrowed `who` to. */
export type Handler<Who> = (exchange: Exchange<Who>) => Promise<void>;

/** Each guard runs the handler in one state only. In others it redirects, or throws AccessDenied. */
export interface Guards {
  /** Any state. */
  anyone(handler: Handler<AuthState>): RequestHandler;
  /** For signing in: redirects people who are signed in. A pending sign-in can be started again. */
  signedOut(handler: Handler<Anonymous | PendingSignIn>): RequestHandler;
  /** The password is accepted; the response of an existing authenticator is due. */
  secondStep(handler: Handler<PendingSignIn>): RequestHandler;
  /** The password is accepted; the policy requires an authenticator, and none of the person's satisfies it. */
  firstEnrolment(handler: Handler<PendingSignIn>): RequestHandler;
  signedIn(handler: Handler<SignedIn>): RequestHandler;
  /** Signed in, with a step-up within ten minutes: for changes to how a person signs in (ASVS 7.5.1). */
  steppedUp(handler: Handler<SignedIn>): RequestHandler;
  administrator(handler: Handler<SignedIn>): RequestHandler;
  steppedUpAdministrator(handler: Handler<SignedIn>): RequestHandler;
  /** The state now, read again: for a handler that may have ended the sign-in of its own request. */
  stateNow(request: Request): Promise<AuthState>;
}

/** Where a guard sends a request of another state. */
interface Elsewhere {
  readonly goTo: string;
}

export function guards(services: AuthServices & ContextServices): Guards {
  /** Runs `handler` with the state that `admit` returns, or redirects. */
  function guard<Who extends AuthState>(
    admit: (standing: AuthState, request: Request) => Who | Elsewhere,
    handler: Handler<Who>,
  ): RequestHandler {
    return async (request, response) => {
      const standing = await resolveAuth(request, services);
      if (standing.kind === 'signed in') showAs(request, standing);
      const admitted = admit(standing, request);
      if ('goTo' in admitted) return redirectTo(response, admitted.goTo);
      await handler({ who: admitted, request, response });
    };
  }

  return {
    anyone: (handler) => guard((standing) => standing, handler),
    signedOut: (handler) => beforeSignIn(guard(admitSignedOut, handler)),
    secondStep: (handler) => beforeSignIn(guard(admitPending('second step'), handler)),
    firstEnrolment: (handler) => beforeSignIn(guard(admitPending('enrolment'), handler)),
    signedIn: (handler) => guard(admitSignedIn, handler),
    steppedUp: (handler) => guard(admitSteppedUp, handler),
    administrator: (handler) => guard(administratorsOnly(admitSignedIn), handler),
    steppedUpAdministrator: (handler) => guard(administratorsOnly(admitSteppedUp), handler),
    async stateNow(request) {
      await reloadContext(request, services);
      return resolveAuth(request, services);
    },
  };
}

const BEFORE_SIGN_IN = new WeakSet<RequestHandler>();

function beforeSignIn(handler: RequestHandler): RequestHandler {
  BEFORE_SIGN_IN.add(handler);
  return handler;
}

/** Whether a page belongs to signing in: its guard redirects people who are signed in. */
export function isBeforeSignIn(handler: RequestHandler): boolean {
  return BEFORE_SIGN_IN.has(handler);
}

/** Who has signed in by another tab meanwhile goes on to where this page would have led. */
function admitSignedOut(standing: AuthState, request: Request): Anonymous | PendingSignIn | Elsewhere {
  return standing.kind === 'signed in' ? { goTo: returnPathOf(request) } : standing;
}

function admitPending(next: PendingSignIn['due']['name']) {
  return (standing: AuthState, request: Request): PendingSignIn | Elsewhere => {
    if (standing.kind === 'pending' && standing.due.name === next) return standing;
    return standing.kind === 'signed in' ? { goTo: '/' } : toSignIn(standing, request);
  };
}

function admitSignedIn(standing: AuthState, request: Request): SignedIn | Elsewhere {
  if (standing.kind !== 'signed in') return toSignIn(standing, request);
  return standing.codesUnseen && !mayComeBeforeCodes(request) ? { goTo: RECOVERY_CODES } : standing;
}

/** The page that shows new recovery codes. */
export const RECOVERY_CODES = '/profile/two-factor/recovery-codes';

/** Whether the page is available before new recovery codes are confirmed: their own pages, and the step-up for them. */
function mayComeBeforeCodes({ path }: Request): boolean {
  return [RECOVERY_CODES, '/step-up'].some((own) => path === own || path.startsWith(`${own}/`));
}

function admitSteppedUp(standing: AuthState, request: Request): SignedIn | Elsewhere {
  const person = admitSignedIn(standing, request);
  if ('goTo' in person || person.steppedUp) return person;
  // Typed values are kept in the session, so that nothing is lost in the step-up (WCAG 2.2.5).
  if (request.method === 'POST') flashSubmitted(request);
  return { goTo: withReturn('/step-up', pageOf(request)) };
}

type Admit = typeof admitSignedIn;

function administratorsOnly(admit: Admit): Admit {
  return (standing, request) => {
    if (standing.kind === 'signed in' && standing.account.role !== 'administrator') {
      throw new AccessDenied(standing.actor);
    }
    return admit(standing, request);
  };
}

/** The page of the stage that is due, or the sign-in page. */
function toSignIn(standing: Anonymous | PendingSignIn, request: Request): Elsewhere {
  return { goTo: standing.kind === 'pending' ? standing.due.path : withReturn('/sign-in', pageOf(request)) };
}
