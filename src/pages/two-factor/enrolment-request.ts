import type { Request } from 'express';
import { hasSecondFactor } from '../../sign-in/assurance.ts';
import type { EnrolmentContext, EnrolmentState, EnrolmentStep, Method } from '../../two-factor/method.ts';
import type { Methods } from '../../two-factor/methods/registry.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import type { Exchange } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import { browserOf, updateState } from '../../web/session.ts';

/** A request for the wizard of one method. */
export interface EnrolmentRequest<Who> extends Exchange<Who> {
  readonly method: Method;
  readonly context: EnrolmentContext;
  /** The path of the method's wizard. */
  readonly path: string;
  /** The enrolment in progress, of this method and in this version's format; undefined if there is none. */
  readonly state: EnrolmentState | undefined;
}

/** The subject of a step's page. */
export interface StepSubject {
  readonly method: Method;
  readonly context: EnrolmentContext;
  readonly path: string;
  readonly step: EnrolmentStep;
  /** Changes during the request: a wrong code is counted in it. */
  state: EnrolmentState;
}

/** The paths of a wizard. */
interface Place {
  readonly path: string;
  /** Redirect target for a method that cannot be set up now. */
  readonly leave: string;
}

/** The method in the URL with the enrolment in progress; undefined if it has redirected. Throws NotFound. */
export async function enrolmentRequest<Who extends PendingSignIn | SignedIn>(
  methods: Methods,
  { who, request, response }: Exchange<Who>,
  { path, leave }: Place,
): Promise<EnrolmentRequest<Who> | undefined> {
  const method = Object.values(methods).find(({ id }) => id === request.params['method']);
  if (!method) throw new NotFound();
  if (!isOffered(method, who)) {
    await redirectTo(response, leave);
    return undefined;
  }
  const kept = who.state.enrolment?.method === method.id ? who.state.enrolment : undefined;
  const state = method.enrolment.schema.safeParse(kept).data;
  const context = contextOf(who, request);
  return { who, request, response, method, context, state, path: `${path}/${method.id}` };
}

function isOffered(
  { id, allowsMultiple }: Method,
  { authenticators, policy }: PendingSignIn | SignedIn,
): boolean {
  if (policy.rule === 'off' || !policy.methods.includes(id)) return false;
  return allowsMultiple || authenticators.every(({ method }) => method !== id);
}

function contextOf(who: PendingSignIn | SignedIn, request: Request): EnrolmentContext {
  const { state } = who;
  return {
    account: who.account,
    existing: who.authenticators,
    proven: hasSecondFactor(state.assurance),
    siteName: who.context.settings.siteName,
    replacedId: state.kind === 'signed in' ? state.replacedId : undefined,
    actor: who.actor,
    browser: browserOf(request),
  };
}

export function stepOf({ id, enrolment }: Method, { step }: EnrolmentState): EnrolmentStep {
  const found = enrolment.steps[step];
  if (!found) throw new Error(`${id} has no step "${step}".`);
  return found;
}

/** The number of the current step, from 1, and the number of steps. */
export function placeOf({ enrolment }: Method, { step }: EnrolmentState) {
  const steps = Object.keys(enrolment.steps);
  return { number: steps.indexOf(step) + 1, of: steps.length };
}

/** Stores the enrolment in the session; without one, also forgets what it was for. */
export async function storeEnrolment(
  request: Request,
  who: PendingSignIn | SignedIn,
  enrolment: EnrolmentState | undefined,
): Promise<void> {
  const { enrolment: _earlier, ...rest } = who.state;
  if (enrolment) return updateState(request, { ...rest, enrolment: { ...enrolment } });
  if (rest.kind === 'pending') return updateState(request, rest);
  const { replacedId: _given, enrolmentReturnTo: _elsewhere, ...plain } = rest;
  await updateState(request, plain);
}
