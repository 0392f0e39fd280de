import type { Request, RequestHandler, Response } from 'express';
import { canBeMet } from '../apps/access.ts';
import type { Checked } from '../apps/app-sign-ins.ts';
import { allow, redirectToUrl, refuse } from './answers.ts';
import { type AppRequest, forwardedRequest, originalRequest, type Parsed } from './app-request.ts';
import type { Guard } from './guard.ts';

/** Paths that an app's proxy passes on to Postern. A check about one of them means that it does not. */
export const HAND_OVER_PATHS = '/.postern/';

/** `/guard/auth-request`: for nginx, which knows 2xx, 401 and 403, and takes where to sign in from the Location of a 401. */
export function authRequest(guard: Guard): RequestHandler {
  return checking(guard, originalRequest, 401);
}

/** `/guard/forward-auth`: for proxies that pass every answer but 2xx on to the browser. */
export function forwardAuth(guard: Guard): RequestHandler {
  return checking(guard, forwardedRequest, 303);
}

function checking(
  guard: Guard,
  parse: (headers: Request['headers']) => Parsed<AppRequest>,
  redirect: 401 | 303,
): RequestHandler {
  return async (request, response) => {
    const parsed = parse(request.headers);
    if (!parsed.ok) return guard.malformed(request, response, parsed.header);
    const { host, target } = parsed.value;
    if (target.startsWith(HAND_OVER_PATHS)) return guard.notPassedOn(request, response, host);
    const checked = await guard.check(host, guard.cookies.app(request.headers.cookie));
    if (checked.kind === 'unknown host') return guard.unknownHost(request, response, host);
    if (checked.kind === 'allowed') return allow(response, checked.claims);
    answerRefused(guard, request, response, { checked, asked: parsed.value, redirect });
  };
}

interface RefusedCheck {
  readonly checked: Extract<Checked, { kind: 'signed out' | 'refused' }>;
  readonly asked: AppRequest;
  readonly redirect: 401 | 303;
}

/** Pages lead to the portal, which asks for what is missing or says why not. Anything else gets a status it understands. */
function answerRefused(
  { words }: Guard,
  request: Request,
  response: Response,
  { checked, asked, redirect }: RefusedCheck,
): void {
  const location = `${checked.app.origin}${HAND_OVER_PATHS}start${asked.target}`;
  if (!asked.isNavigation) {
    const isFinal = checked.kind === 'refused' && !canBeMet(checked.refusal);
    if (isFinal) refuse(request, response, words, 403, 'guard.refused');
    else refuse(request, response, words, 401, 'guard.sign-in');
  } else if (redirect === 401) {
    response.set('Location', location);
    refuse(request, response, words, 401, 'guard.sign-in');
  } else redirectToUrl(response, location);
}
