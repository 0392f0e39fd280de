import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { allowedAuthenticators } from '../../two-factor/policy.ts';
import { chooseAuthenticator } from '../../two-factor/second-step.ts';
import { type FieldFault, formView, parseForm, typedPassword } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { ownPath } from '../../web/paths.ts';
import type { AddPage } from '../../web/routes.ts';
import { enterState, keepForm, readKeptForm, updateState } from '../../web/session.ts';
import { isFresh, type Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { addCodePages, sendFirstCode } from '../two-factor/code-pages.ts';

const schema = z.object({ password: typedPassword() });

/** Proving oneself anew before a sensitive change: the password, then a second factor where one exists. */
export function stepUpPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;

  addPage('/step-up', {
    get: guards.signedIn(async (person, request, response) => {
      const returnTo = ownPath(request.query['return-to']);
      if (person.steppedUp) return response.redirect(303, returnTo);
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
    accepted: (person, request, response) =>
      completeStepUp(services, person, ownPath(person.state.stepUp?.returnTo), request, response),
    recovered: (person, _left, request, response) =>
      completeStepUp(services, person, ownPath(person.state.stepUp?.returnTo), request, response),
    mayAskForReset: false,
    trustDays: () => 0,
  });
}

/** POST /step-up: the password. */
function submitPassword(services: PageServices): Handler<Person> {
  const { passwordSignIn, clock } = services;
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    const returnTo = ownPath(request.body?.returnTo);
    if (!form.ok) return showForm(services, person, request, response, returnTo, form.faults);
    const { account, actor } = person;
    const outcome = await passwordSignIn.confirm(account, form.values.password, actor);
    if (outcome.kind === 'wait') {
      const fault = { field: 'password', key: 'sign-in.throttled', wait: outcome.until - clock() } as const;
      return showForm(services, person, request, response, returnTo, [fault]);
    }
    if (outcome.kind === 'refused') {
      const fault = { field: 'password', key: 'step-up.refused' } as const;
      return showForm(services, person, request, response, returnTo, [fault]);
    }
    const usable = allowedAuthenticators(person.policy, person.authenticators);
    const asked = chooseAuthenticator(usable, undefined);
    if (!asked) return completeStepUp(services, person, returnTo, request, response);
    await updateState(request, {
      ...person.state,
      stepUp: { passwordAt: clock(), chosenId: asked.id, returnTo },
    });
    const mount = { path: '/step-up/code', purpose: 'step-up' } as const;
    await sendFirstCode(services, request, mount, account, asked, actor);
    response.redirect(303, '/step-up/code');
  };
}

/** Lets those through to the code whose password was given within the last ten minutes. */
function passwordGiven({ guards, clock }: PageServices): (handler: Handler<Person>) => RequestHandler {
  return (handler) =>
    guards.signedIn(async (person, request, response) => {
      const { stepUp } = person.state;
      const usable = allowedAuthenticators(person.policy, person.authenticators);
      // The policy, or another browser, may have taken the last one away meanwhile.
      const isAsked = stepUp && isFresh(stepUp.passwordAt, clock()) && usable.length > 0;
      if (!isAsked) return response.redirect(303, '/step-up');
      await handler(person, request, response);
    });
}

async function completeStepUp(
  { audit, clock }: PageServices,
  { state, actor }: Person,
  returnTo: string,
  request: Request,
  response: Response,
): Promise<void> {
  const kept = readKeptForm(request, returnTo);
  await audit.record('step-up.completed', actor.origin, actor.party);
  const { stepUp: _completed, ...rest } = state;
  await enterState(request, { ...rest, steppedUpAt: clock() });
  // The renewed session starts empty; what was typed before the interruption goes along.
  if (Object.keys(kept).length > 0) keepForm(request, { path: returnTo, values: kept });
  response.redirect(303, returnTo);
}

async function showForm(
  { renderer }: PageServices,
  { visit, account }: Person,
  request: Request,
  response: Response,
  returnTo: string,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'step-up/password',
    title: visit.words.t('step-up.title'),
    width: 'narrow',
    form: formView({ returnTo }, faults, visit.words),
    facts: { email: account.email },
  });
}
