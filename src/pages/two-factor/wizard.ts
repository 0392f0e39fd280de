import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { isNotSent } from '../../codes/mailed-codes.ts';
import type { Transaction } from '../../kernel/transaction.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { EnrolmentOutcome } from '../../two-factor/authenticator-enrolments.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { clearFlash } from '../../web/flash.ts';
import { addAction, addFormPage, type FormExchange, type FormOutcome } from '../../web/form-page.ts';
import type { Exchange, Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { formsToApp } from '../apps/way-to-app.ts';
import type { PageServices } from '../page-services.ts';
import { enrolmentRequest, placeOf, type StepSubject, stepOf, storeEnrolment } from './enrolment-request.ts';
import { codeFault, responseField, SENDING_NOTICES, sendFault, throttleFault } from './faults.ts';
import { refuseStaleForm, startAgain } from './stale-step.ts';

type WizardServices = Pick<PageServices, 'apps' | 'clock' | 'enrolments' | 'methods' | 'openId' | 'renderer'>;

/** A place of the wizard: the profile, or sign-in for people who have to set up 2FA first. */
export interface WizardPlace<Who extends PendingSignIn | SignedIn> {
  readonly path: string;
  readonly guard: (handler: Handler<Who>) => RequestHandler;
  /** Target of "Cancel", and the redirect for a method that is not offered. */
  readonly leave: string;
  /** Where the person goes on in the end. */
  readonly returnTo: (who: Who) => string | undefined;
  /** Why 2FA has to be set up; shown at the first step if no other page has said it. */
  readonly reasons?: (who: Who) => readonly string[];
}

/** The same with its handlers. `Next`: the result of a new authenticator. */
export interface WizardMount<Who extends PendingSignIn | SignedIn, Next> extends WizardPlace<Who> {
  /** Called in the transaction that creates the authenticator. It may run again on a conflict. */
  readonly accept: (who: Who, created: Authenticator, tx: Transaction) => Promise<Next>;
  /** Sends the response, after the commit. */
  readonly created: (
    who: Who,
    enrolled: { readonly authenticator: Authenticator; readonly next: Next },
    request: Request,
    response: Response,
  ) => Promise<void>;
}

/** Adds the wizard that creates an authenticator: one page per step, for every method. */
export function addWizard<Who extends PendingSignIn | SignedIn, Next>(
  addPage: AddPage,
  services: WizardServices,
  mount: WizardMount<Who, Next>,
): void {
  addStepPage(addPage, services, mount);
  addStepActions(addPage, services, mount);
  addPartPage(addPage, services, mount);
}

/** …/:method: the current step of the enrolment. */
function addStepPage<Who extends PendingSignIn | SignedIn, Next>(
  addPage: AddPage,
  services: WizardServices,
  mount: WizardMount<Who, Next>,
): void {
  const { enrolments } = services;
  addFormPage(addPage, services, {
    path: `${mount.path}/:method`,
    guard: mount.guard,
    keeps: ['name'],
    load: (exchange) => currentStep(services, mount, exchange),
    schema: ({ step }) => step.fields,
    view: ({ who, subject }) => stepPage(services, mount, who, subject),
    async submit(values, exchange) {
      const { method, state, context } = exchange.subject;
      const outcome = await enrolments.submit(method, state, values, context, (created, tx) =>
        mount.accept(exchange.who, created, tx),
      );
      return answerStep(services, mount, exchange, outcome);
    },
  });
}

/** GET begins an enrolment if there is none; a reload shows the same secret. A POST must be of the current step. */
async function currentStep<Who extends PendingSignIn | SignedIn>(
  services: WizardServices,
  mount: WizardPlace<Who>,
  exchange: Exchange<Who>,
): Promise<StepSubject | undefined> {
  const at = await enrolmentRequest(services.methods, exchange, mount);
  if (!at) return undefined;
  const { who, request, method, context, path } = at;
  const isOfStep = at.state !== undefined && request.body?.step === at.state.step;
  if (request.method === 'POST' && !isOfStep) {
    await refuseStaleForm(services, at, mount.leave);
    return undefined;
  }
  const state = at.state ?? method.enrolment.begin(context);
  if (!at.state) await storeEnrolment(request, who, state);
  return { method, context, path, state, step: stepOf(method, state) };
}

/** Goes on to the next step, leaves the wizard, or returns the errors of this step. */
async function answerStep<Who extends PendingSignIn | SignedIn, Next>(
  { clock }: Pick<WizardServices, 'clock'>,
  mount: WizardMount<Who, Next>,
  { who, request, response, subject }: FormExchange<Who, StepSubject>,
  outcome: EnrolmentOutcome<Next>,
): Promise<FormOutcome> {
  const { fields } = subject.step;
  const field = responseField(fields);
  switch (outcome.kind) {
    case 'created':
      clearFlash(request);
      await mount.created(who, outcome, request, response);
      return undefined;
    case 'continue': {
      const { state, sending = 'sent' } = outcome;
      await storeEnrolment(request, who, state);
      return { goTo: subject.path, ...(sending !== 'sent' && { flash: SENDING_NOTICES[sending] }) };
    }
    case 'not the first':
      // The guard redirects to the code page of the existing authenticator.
      await redirectTo(response, mount.leave);
      return undefined;
    case 'name taken':
      // Taken in another tab after the step that asked for it: the current step shows the error at its own field.
      return { errors: [{ field: 'name' in fields.shape ? 'name' : field, key: 'error.name-taken' }] };
    case 'fault':
      subject.state = outcome.state;
      await storeEnrolment(request, who, outcome.state);
      return { errors: [codeFault(outcome.fault, field)] };
    case 'not sent':
      return { errors: [sendFault(outcome.outcome, field, 'set-up', clock())] };
    case 'wait':
      return { errors: [throttleFault(outcome.until, clock(), field)] };
  }
}

/** POST …/:method/send: sends the code again. POST …/:method/restart: back to the first step, replacing nothing. */
function addStepActions<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  services: WizardServices,
  mount: WizardPlace<Who>,
): void {
  const { methods, clock } = services;
  const formPath = (request: Request) => `${mount.path}/${request.params['method']}`;

  addFormPage(addPage, services, {
    path: `${mount.path}/:method/send`,
    formPath,
    postOnly: true,
    guard: mount.guard,
    load: (exchange) => resendingStep(services, mount, exchange),
    schema: z.object({}),
    keeps: [],
    view: ({ who, subject }) => stepPage(services, mount, who, subject),
    async submit(_values, { subject: { step, state, context, path } }) {
      const outcome = await step.resend?.(state, context);
      if (outcome && isNotSent(outcome)) {
        return { errors: [sendFault(outcome, responseField(step.fields), 'set-up', clock())] };
      }
      return { goTo: path, keepsForm: true, ...(outcome && { flash: SENDING_NOTICES[outcome.kind] }) };
    },
  });

  addAction(addPage, {
    path: `${mount.path}/:method/restart`,
    formPath,
    guard: mount.guard,
    load: (exchange) => enrolmentRequest(methods, exchange, mount),
    async act({ request, who, subject: { path } }) {
      await storeEnrolment(request, who, undefined);
      return { goTo: path, keepsForm: true };
    },
  });
}

/** The current step, if it can send its code again; else the enrolment begins again. */
async function resendingStep<Who extends PendingSignIn | SignedIn>(
  { methods }: WizardServices,
  mount: WizardPlace<Who>,
  exchange: Exchange<Who>,
): Promise<StepSubject | undefined> {
  const at = await enrolmentRequest(methods, exchange, mount);
  if (!at) return undefined;
  const { method, context, path, state } = at;
  const step = state && stepOf(method, state);
  if (state && step?.resend) return { method, context, path, state, step };
  await startAgain(at);
  return undefined;
}

/** GET …/:method/:part: another view of the step (the QR code as text). */
function addPartPage<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  { methods, renderer }: Pick<PageServices, 'methods' | 'renderer'>,
  mount: WizardPlace<Who>,
): void {
  const show = mount.guard(async (exchange) => {
    const at = await enrolmentRequest(methods, exchange, mount);
    if (!at) return;
    const { who, request, response, method, context, path, state } = at;
    const name = String(request.params['part']);
    const [, part] = Object.entries(method.enrolment.parts ?? {}).find(([known]) => known === name) ?? [];
    if (!state || !part) throw new NotFound();
    const { words } = who.context;
    await renderer.show(request, response, {
      view: `two-factor/methods/${method.id}/${name}`,
      title: words.t(part.title),
      secret: true,
      back: { href: path, text: words.t('page.back') },
      help: `set-up-${method.id}`,
      model: { shown: await part.describe(state, context) },
    });
  });
  addPage(`${mount.path}/:method/:part`, { get: show });
}

async function stepPage<Who extends PendingSignIn | SignedIn>(
  services: Pick<WizardServices, 'apps' | 'openId'>,
  { leave, reasons, returnTo }: WizardPlace<Who>,
  who: Who,
  { method, context, path, step, state }: StepSubject,
): Promise<Page> {
  const { words } = who.context;
  const { number, of } = placeOf(method, state);
  return {
    view: `two-factor/methods/${method.id}/${state.step}`,
    title: words.t(`method.${method.id}.set-up`),
    secret: true,
    ...(of > 1 && { caption: words.t('enrolment.step', { number, of }) }),
    help: `set-up-${method.id}`,
    ...(await formsToApp(services, returnTo(who))),
    model: {
      // Nested, because names at the top level of the model are visible to all partials of the page.
      shown: await step.describe(state, context),
      path,
      step: state.step,
      leave,
      reasons: number === 1 ? (reasons?.(who) ?? []) : [],
      replaced: who.authenticators.find(({ id }) => id === context.replacedId)?.name,
    },
  };
}
