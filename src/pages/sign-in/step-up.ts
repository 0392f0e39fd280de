import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { MessageKey } from '../../kernel/i18n.ts';
import { type StepUpGoal, type StepUpOutcome, stepUpAuthenticators } from '../../sign-in/step-up.ts';
import type { SignedIn } from '../../web/auth-state.ts';
import { flashForm, readFlashedForm } from '../../web/flash.ts';
import { addFormPage } from '../../web/form-page.ts';
import { typedPassword } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { returnPathOf, safeReturnPath, withReturn } from '../../web/paths.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import { enterState, updateState } from '../../web/session.ts';
import { type AppOnTheWay, accessOf, appOnTheWay, asksForStepUp, methodsFor } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import { addCodePages } from '../two-factor/code-pages.ts';
import { sendFirstCode } from '../two-factor/code-sending.ts';
import { passwordWait } from './waits.ts';

type StepUpServices = Pick<
  PageServices,
  | 'apps'
  | 'openId'
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

const CODE = '/step-up/code';

/** Step-up before a sensitive change: the password, then a second factor if the person has one. */
export function stepUpPages(addPage: AddPage, services: StepUpServices): void {
  const { clock, guards, passwordSignIn, stepUp } = services;

  addFormPage(addPage, services, {
    path: '/step-up',
    guard: guards.signedIn,
    viewGuard: stepUpDue(services),
    schema: z.object({ password: typedPassword() }),
    keeps: [],
    hidden: (request) => ({ returnTo: returnPathOf(request) }),
    async view({ who: { context, account }, request }) {
      const way = await appOnTheWay(services, returnPathOf(request));
      return {
        view: 'step-up/password',
        title: context.words.t('step-up.title'),
        width: 'narrow',
        ...(way && { formOrigin: way.formOrigin }),
        model: { email: account.email, app: way?.app.name, about: aboutOf(returnPathOf(request)) },
      };
    },
    async submit({ password }, { who: person, request, response }) {
      const { account, actor, state } = person;
      const returnTo = returnPathOf(request);
      const goal = goalOf(returnTo, await appOnTheWay(services, returnTo, person));
      const outcome = await passwordSignIn.confirm(account, state.signInId, password, actor, (tx) =>
        stepUp.in(tx).passwordAccepted(person, actor, goal),
      );
      if (outcome.kind === 'wait') return { errors: [passwordWait('password', outcome, clock())] };
      if (outcome.kind === 'refused') return { errors: [{ field: 'password', key: 'step-up.refused' }] };
      await answerStepUp(services, person, outcome.next, request, response);
      return undefined;
    },
  });

  addCodePages(addPage, services, {
    path: CODE,
    guard: passwordGiven(services),
    purpose: 'step-up',
    caption: 'step-up.title',
    chosenId: ({ state }) => state.stepUp?.chosenId,
    asked: stepUpAuthenticators,
    takesRecoveryCodes: ({ state }) => state.stepUp?.methods === undefined,
    returnTo: ({ state }) => state.stepUp?.returnTo,
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

/**
 * Guard of the form: a step-up that is still fresh is not asked for again. An app may ask for more, or for a newer proof; then a
 * fresh password is enough to go on to the code.
 */
function stepUpDue(services: StepUpServices): (handler: Handler<SignedIn>) => RequestHandler {
  return (handler) =>
    services.guards.signedIn(async (exchange) => {
      const { who, request, response } = exchange;
      const returnTo = returnPathOf(request);
      const way = await appOnTheWay(services, returnTo, who);
      const isDue = way ? asksForStepUp(accessOf(services, way, who)) : !who.steppedUp;
      if (!isDue) return redirectTo(response, returnTo);
      const begun = way && services.stepUp.passwordStillFresh(who, goalOf(returnTo, way));
      if (!begun) return handler(exchange);
      await updateState(request, begun.state);
      await redirectTo(response, CODE);
    });
}

/** What the page that the step-up is for changes. */
function aboutOf(returnTo: string): MessageKey {
  if (/^\/admin\/apps(?:[/?]|$)/.test(returnTo)) return 'step-up.text-app';
  return returnTo.startsWith('/admin/') ? 'step-up.text-administration' : 'step-up.text';
}

function goalOf(returnTo: string, way: AppOnTheWay | undefined): StepUpGoal {
  return { returnTo, methods: way && methodsFor(way) };
}

/** Guard of the code page: the password was given within the last ten minutes. */
function passwordGiven({
  guards,
  stepUp,
}: Pick<PageServices, 'guards' | 'stepUp'>): (handler: Handler<SignedIn>) => RequestHandler {
  return (handler) =>
    guards.signedIn(async (exchange) => {
      const { who, response } = exchange;
      if (stepUp.awaitsCode(who)) return handler(exchange);
      await redirectTo(response, withReturn('/step-up', safeReturnPath(who.state.stepUp?.returnTo)));
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
    const mount = { path: CODE, purpose: 'step-up' } as const;
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
