import type { Request } from 'express';
import { type Actor, party } from '../audit/audit.ts';
import type { Words } from '../kernel/i18n.ts';
import * as signIn from '../sign-in/auth-state.ts';
import { contextOf, type RequestContext, setLocale } from './context.ts';
import { readState } from './session.ts';

interface InContext {
  readonly context: RequestContext;
}

interface InContextOfPerson extends InContext {
  readonly actor: Actor;
}

/** The states of signing in, with the request's context and, for a person, the actor for the audit log. */
export type Anonymous = signIn.Anonymous & InContext;
export type PendingSignIn = signIn.PendingSignIn & InContextOfPerson;
export type SignedIn = signIn.SignedIn & InContextOfPerson;
export type AuthState = Anonymous | PendingSignIn | SignedIn;

export interface AuthServices extends signIn.AuthStateServices {
  readonly words: Words;
}

/** The current state of this request's session. Sets the person's language for the request. */
export async function resolveAuth(request: Request, services: AuthServices): Promise<AuthState> {
  const state = readState(request, services.clock());
  const auth = await signIn.resolveAuth(state, contextOf(request), services);
  if (auth.kind === 'anonymous') return { ...auth, context: contextOf(request) };
  const context = setLocale(request, auth.account.locale, services);
  return { ...auth, context, actor: { party: party(auth.account), origin: context.origin } };
}
