import type { Request, RequestHandler, Response } from 'express';
import type { Services } from '../services.ts';
import { typedValues } from './forms.ts';
import { pageOf, withReturn } from './paths.ts';
import { AccessDenied } from './refusals.ts';
import { showAs } from './rendering.ts';
import { keepForm } from './session.ts';
import { type HalfWay, type Person, type Standing, type Stranger, standingOf } from './standing.ts';

/** A handler for whom the guard has narrowed who is asking. */
export type Handler<Who> = (who: Who, request: Request, response: Response) => Promise<void>;

/** Each guard lets a handler run in the one state that it is made for, and sends everyone else where they should be. */
export interface Guards {
  /** Anybody: pages that change with nobody's state. */
  anyone(handler: Handler<Standing>): RequestHandler;
  /** For signing in: who is signed in already goes home. Half way through, one may start again. */
  signedOut(handler: Handler<Stranger | HalfWay>): RequestHandler;
  /** The password is accepted and a second step of an existing authenticator is awaited. */
  secondStep(handler: Handler<HalfWay>): RequestHandler;
  /** The password is accepted and the policy demands an authenticator where none satisfies it. */
  firstEnrolment(handler: Handler<HalfWay>): RequestHandler;
  signedIn(handler: Handler<Person>): RequestHandler;
  /** Signed in, and proven anew within ten minutes: what changes how a person signs in (ASVS 7.5.1). */
  steppedUp(handler: Handler<Person>): RequestHandler;
  administrator(handler: Handler<Person>): RequestHandler;
  steppedUpAdministrator(handler: Handler<Person>): RequestHandler;
}

export function guards(services: Services): Guards {
  /** Runs `handler` for those whom `admit` lets in; `admit` answers everybody else. */
  function guard<Who extends Standing>(
    admit: (standing: Standing, request: Request, response: Response) => Who | undefined,
    handler: Handler<Who>,
  ): RequestHandler {
    return async (request, response) => {
      const standing = await standingOf(request, services);
      if (standing.kind === 'signed in') showAs(request, standing);
      const who = admit(standing, request, response);
      if (who) await handler(who, request, response);
    };
  }

  return {
    anyone: (handler) => guard((standing) => standing, handler),
    signedOut: (handler) => guard(admitSignedOut, handler),
    secondStep: (handler) => guard(admitHalfWay('second step'), handler),
    firstEnrolment: (handler) => guard(admitHalfWay('enrolment'), handler),
    signedIn: (handler) => guard(admitSignedIn, handler),
    steppedUp: (handler) => guard(admitSteppedUp, handler),
    administrator: (handler) => guard(administratorsOnly(admitSignedIn), handler),
    steppedUpAdministrator: (handler) => guard(administratorsOnly(admitSteppedUp), handler),
  };
}

function admitSignedOut(standing: Standing, _request: Request, response: Response) {
  if (standing.kind !== 'signed in') return standing;
  response.redirect(303, '/');
  return undefined;
}

function admitHalfWay(next: HalfWay['due']['next']) {
  return (standing: Standing, request: Request, response: Response) => {
    if (standing.kind === 'half way' && standing.due.next === next) return standing;
    if (standing.kind === 'signed in') response.redirect(303, '/');
    else sendOn(standing, request, response);
    return undefined;
  };
}

function admitSignedIn(standing: Standing, request: Request, response: Response): Person | undefined {
  if (standing.kind !== 'signed in') sendOn(standing, request, response);
  else if (!standing.codesUnseen || mayComeBeforeCodes(request)) return standing;
  else response.redirect(303, RECOVERY_CODES);
  return undefined;
}

/** Where recovery codes are shown that were just made. */
export const RECOVERY_CODES = '/profile/two-factor/recovery-codes';

/** Their own pages, and the step-up that those may ask for. */
function mayComeBeforeCodes({ path }: Request): boolean {
  return [RECOVERY_CODES, '/step-up'].some((own) => path === own || path.startsWith(`${own}/`));
}

function admitSteppedUp(standing: Standing, request: Request, response: Response): Person | undefined {
  const person = admitSignedIn(standing, request, response);
  if (!person || person.steppedUp) return person;
  // What was typed waits in the session: proving oneself anew costs nobody their work (WCAG 2.2.5).
  if (request.method === 'POST') keepForm(request, { path: pageOf(request), values: typedValues(request) });
  response.redirect(303, withReturn('/step-up', pageOf(request)));
  return undefined;
}

type Admit = typeof admitSignedIn;

function administratorsOnly(admit: Admit): Admit {
  return (standing, request, response) => {
    if (standing.kind === 'signed in' && standing.account.role !== 'administrator') {
      throw new AccessDenied(standing.actor);
    }
    return admit(standing, request, response);
  };
}

function sendOn(standing: Stranger | HalfWay, request: Request, response: Response): void {
  response.redirect(
    303,
    standing.kind === 'half way' ? STEPS[standing.due.next] : withReturn('/sign-in', pageOf(request)),
  );
}

const STEPS: Record<HalfWay['due']['next'], string> = {
  'second step': '/sign-in/code',
  enrolment: '/sign-in/set-up',
};
