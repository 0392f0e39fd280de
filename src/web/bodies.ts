import express, { type Request, type RequestHandler } from 'express';
import type { Role } from '../accounts/account.ts';
import type { Clock } from '../kernel/time.ts';
import type { AuthSnapshots } from '../policy/snapshot.ts';
import { subjectOf } from '../sign-in/session-state.ts';
import { CsrfRefused } from './csrf.ts';
import { readState } from './session.ts';

interface SenderServices {
  readonly snapshots: AuthSnapshots;
  readonly clock: Clock;
}

const LARGEST_FORM = '32kb';
/** Text in scripts other than Latin grows to several times its length when it is URL-encoded. */
const LARGEST_IMPORT = '256kb';

const parseLarge = express.urlencoded({ extended: false, limit: LARGEST_IMPORT });

export const smallForms: RequestHandler = express.urlencoded({ extended: false, limit: LARGEST_FORM });

/**
 * Accepts large bodies from signed-in administrators, for pages where they paste a lot. Costs an extra read, because the context
 * of the request is loaded after the body. This only limits what is parsed; the page's guard decides who may act. If the session
 * has ended, a large form is refused for that reason, not for its size.
 */
export function largeForms(services: SenderServices): RequestHandler {
  return async (request, response, next) => {
    if (request.method !== 'POST') return next();
    const role = await signedInRole(request, services);
    if (role === 'administrator') return parseLarge(request, response, next);
    smallForms(request, response, (error?: unknown) => {
      const isTooLarge = error instanceof Error && 'status' in error && error.status === 413;
      const isOut = role === undefined && request.sessionCookie !== undefined;
      next(isTooLarge && isOut ? new CsrfRefused('no session') : error);
    });
  };
}

/** The role of the signed-in account; undefined if the session has ended or the sign-in is not complete. */
async function signedInRole(
  request: Request,
  { snapshots, clock }: SenderServices,
): Promise<Role | undefined> {
  const state = readState(request, clock());
  if (state.kind !== 'signed in') return undefined;
  const { person } = await snapshots.read(subjectOf(state));
  const isOpen = person?.signIn?.endedAt === null && person.account.sessionEpoch === state.epoch;
  return isOpen && person.account.disabledAt === null ? person.account.role : undefined;
}
