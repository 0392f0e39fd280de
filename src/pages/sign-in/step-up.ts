import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { StepUpOutcome } from '../../sign-in/step-up.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { flashForm, readFlashedForm } from '../../web/flash.ts';
import { type FieldError, formView, parseForm, typedPassword } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { safeReturnPath } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import { enterState, updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import { addCodePages, sendFirstCode } from '../two-factor/code-pages.ts';
import { passwordWait } from './waits.ts';

type StepUpServices = Pick<
  PageServices,
  | 'clock'
  | 'guards'
  | 'methods'
  | 'passwordSignIn'
  | 'recoveryCodes'
  | 'renderer'
  | 'resetRequests'
  | 'secondStep'
  | 'stepUp'
>;

const schema = z.object({ password: typedPassword() });

/** Step-up before a sensitive change: the password, then a second factor if the person has one. */
export function stepUpPages(addPage: AddPage, services: StepUpServices): void {
  const { guards, stepUp } = services;

  addPage('/step-up', {
    get: guards.signedIn(async ({ who: person, request, response }) => {
      const returnTo = safeReturnPath(request.query['return-to']);
      if (person.steppedUp) return redirectTo(response, returnTo);
      await showForm(services, person, request, response, returnTo, []);
    }),
    post: guards.signedIn(submitPassword(services)),
  });

  addCodePages(addPage, services, {
    path: '/step-up/code',
    guard: passwordGiven(services),
    purpose: 'step-up',
    caption: 'step-up.title',
    chosenId: ({ state }) => state.stepUp?.chosenId,
    choose: ({ state }, chosenId) =>
      state.stepUp ? { ...state, stepUp: { ...state.stepUp, chosenId } } : state,
    accept: (person, { factor }, tx) => stepUp.in(tx).secondFactorAccepted(person, factor, person.actor),
    accepted: (person, outcome, request, response) =>
      answerStepUp(services, person, outcome, request, response),
    recovered: (person, outcome, _left, request, response) =>
      answerStepUp(services, person, outcome, request, response),
    mayAskForReset: false,
    trustDays: () => 0,
  });
}

/** POST /step-up: the password. */
function submitPassword(services: StepUpServices): Handler<SignedIn> {
  const { passwordSignIn, clock } = services;
  return async ({ who: person, request, response }) => {
    const form = parseForm(schema, request);
    const returnTo = safeReturnPath(request.body?.returnTo);
    if (!form.ok) return showForm(services, person, request, response, returnTo, form.errors);
    const { account, actor, state } = person;
    const outcome = await passwordSignIn.confirm(account, state.signInId, form.values.password, actor, (tx) =>
      services.stepUp.in(tx).passwordAccepted(person, actor, returnTo),
    );
    if (outcome.kind === 'wait') {
      const fault = passwordWait('password', outcome, clock());
      return showForm(services, person, request, response, returnTo, [fault]);
    }
    if (outcome.kind === 'refused') {
      const fault = { field: 'password', key: 'step-up.refused' } as const;
      return showForm(services, person, request, response, returnTo, [fault]);
    }
    await answerStepUp(services, person, outcome.next, request, response);
  };
}

/** Guard of the code page: the password was given within the last ten minutes. */
function passwordGiven({
  guards,
  stepUp,
}: Pick<PageServices, 'guards' | 'stepUp'>): (handler: Handler<SignedIn>) => RequestHandler {
  return (handler) =>
    guards.signedIn(async (exchange) => {
      if (!stepUp.awaitsCode(exchange.who)) return redirectTo(exchange.response, '/step-up');
      await handler(exchange);
    });
}

/** Stores the outcome in the session and redirects: to the code page, or back to the change. */
async function answerStepUp(
  services: Pick<PageServices, 'methods'>,
  { account, actor }: SignedIn,
  outcome: StepUpOutcome,
  request: Request,
  response: Response,
): Promise<void> {
  if (outcome.kind === 'code awaited') {
    const mount = { path: '/step-up/code', purpose: 'step-up' } as const;
    await updateState(request, outcome.state);
    await sendFirstCode(services, request, mount, account, outcome.asked, actor);
    return redirectTo(response, mount.path);
  }
  const returnTo = safeReturnPath(outcome.returnTo);
  const kept = readFlashedForm(request, returnTo);
  await enterState(request, outcome.state);
  // The renewed session starts empty, so values that were typed before the step-up are copied.
  if (Object.keys(kept).length > 0) flashForm(request, { path: returnTo, values: kept });
  await redirectTo(response, returnTo);
}

async function showForm(
  { renderer }: Pick<PageServices, 'renderer'>,
  { context, account }: SignedIn,
  request: Request,
  response: Response,
  returnTo: string,
  faults: readonly FieldError[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'step-up/password',
    title: context.words.t('step-up.title'),
    width: 'narrow',
    form: formView({ returnTo }, faults, context.words),
    model: { email: account.email },
  });
}
