import type { Request, RequestHandler, Response } from 'express';
import { isNotSent } from '../../codes/mailed-codes.ts';
import { minutes } from '../../kernel/time.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { EnrolmentOutcome } from '../../two-factor/authenticator-enrolments.ts';
import type { PendingSignIn, SignedIn } from '../../web/auth-state.ts';
import { clearFlash, flash } from '../../web/flash.ts';
import { addFormPage, type FormOutcome } from '../../web/form-page.ts';
import { formView, typedIn } from '../../web/forms.ts';
import type { Exchange, Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { Page } from '../../web/rendering.ts';
import type { AddPage } from '../../web/routes.ts';
import { updateState } from '../../web/session.ts';
import type { PageServices } from '../page-services.ts';
import {
  type EnrolmentRequest,
  enrolmentRequest,
  placeOf,
  type StepSubject,
  stepOf,
  storeEnrolment,
} from './enrolment-request.ts';
import { codeFault, responseField, SENDING_NOTICES, sendFault, throttleFault } from './faults.ts';

type WizardServices = Pick<PageServices, 'clock' | 'enrolments' | 'methods' | 'renderer'>;

/** A place of the wizard: the profile, or sign-in for people who have to set up 2FA first. */
export interface WizardMount<Who extends PendingSignIn | SignedIn> {
  readonly path: string;
  readonly guard: (handler: Handler<Who>) => RequestHandler;
  /** Target of "Cancel", and the redirect for a method that is not offered. */
  readonly leave: string;
  /** Why 2FA has to be set up; shown at the first step if no other page has said it. */
  readonly reasons?: (who: Who) => readonly string[];
  readonly created: (
    who: Who,
    authenticator: Authenticator,
    request: Request,
    response: Response,
  ) => Promise<void>;
}

/** Age up to which an authenticator with the form's name shows that the missing enrolment was completed. */
const DONE_LATELY = minutes(30);

/** Adds the wizard that creates an authenticator: one page per step, for every method. */
export function addWizard<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  services: WizardServices,
  mount: WizardMount<Who>,
): void {
  addStepPage(addPage, services, mount);
  addStepActions(addPage, services, mount);
  addPartPage(addPage, services, mount);
}

/** …/:method: the current step of the enrolment. */
function addStepPage<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  services: WizardServices,
  mount: WizardMount<Who>,
): void {
  const { enrolments, methods, clock } = services;

  /** GET begins an enrolment if there is none; a reload shows the same secret. A POST must be of the current step. */
  async function load(exchange: Exchange<Who>): Promise<StepSubject | undefined> {
    const at = await enrolmentRequest(methods, exchange, mount);
    if (!at) return undefined;
    const { who, request, method, context, path } = at;
    const isOfStep = at.state !== undefined && request.body?.step === at.state.step;
    if (request.method === 'POST' && !isOfStep) return refuseForm(at);
    const state = at.state ?? method.enrolment.begin(context);
    if (!at.state) await storeEnrolment(request, who, state);
    return { method, context, path, state, step: stepOf(method, state) };
  }

  /** Rejects the form of another step: its values are not what the current step asks for. */
  async function refuseForm(at: EnrolmentRequest<Who>): Promise<undefined> {
    // Expired, or finished in another tab.
    if (!at.state) await isGone(at);
    // A form of a later step: the enrolment was started again elsewhere.
    else if (placeOf(at.method, at.state).number === 1) await startAgain(at);
    // A form of an earlier step, sent again: that step is done.
    else await redirectTo(at.response, at.path);
  }

  /** If the enrolment is missing because it was completed, says so instead of starting again. */
  async function isGone(at: EnrolmentRequest<Who>): Promise<void> {
    const { method, context, request, response } = at;
    const { name } = typedIn(request.body, ['name']);
    const done = context.existing.find(
      (one) => one.method === method.id && one.name === name?.trim() && clock() - one.createdAt < DONE_LATELY,
    );
    if (!done) return startAgain(at);
    flash(request, { path: mount.leave, key: 'enrolment.done', kind: 'info', values: { name: done.name } });
    await redirectTo(response, mount.leave);
  }

  addFormPage(addPage, services, {
    path: `${mount.path}/:method`,
    guard: mount.guard,
    keeps: ['name'],
    load,
    schema: ({ step }) => step.fields,
    view: ({ who, subject }) => stepPage(mount, who, subject),
    async submit(values, exchange) {
      const { method, state, context } = exchange.subject;
      return answer(exchange, exchange.subject, await enrolments.submit(method, state, values, context));
    },
  });

  async function answer(
    { who, request, response }: Exchange<Who>,
    subject: StepSubject,
    outcome: EnrolmentOutcome,
  ): Promise<FormOutcome> {
    const { fields } = subject.step;
    const field = responseField(fields);
    switch (outcome.kind) {
      case 'created':
        clearFlash(request);
        await mount.created(who, outcome.authenticator, request, response);
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
}

/** POST …/:method/send: sends the code again. POST …/:method/restart: back to the first step, replacing nothing. */
function addStepActions<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  { methods, renderer, clock }: Pick<PageServices, 'clock' | 'methods' | 'renderer'>,
  mount: WizardMount<Who>,
): void {
  const resend = mount.guard(async (exchange) => {
    const at = await enrolmentRequest(methods, exchange, mount);
    if (!at) return;
    const { who, request, response, method, context, path, state } = at;
    const step = state && stepOf(method, state);
    if (!state || !step?.resend) return startAgain(at);
    const outcome = await step.resend(state, context);
    if (isNotSent(outcome)) {
      const errors = [sendFault(outcome, responseField(step.fields), 'set-up', clock())];
      const shown = await stepPage(mount, who, { method, context, path, step, state });
      return renderer.show(request, response, { ...shown, form: formView({}, errors, who.context.words) });
    }
    flash(request, { path, ...SENDING_NOTICES[outcome.kind] });
    await redirectTo(response, path);
  });

  const restart = mount.guard(async (exchange) => {
    const at = await enrolmentRequest(methods, exchange, mount);
    if (!at) return;
    await storeEnrolment(at.request, at.who, undefined);
    await redirectTo(at.response, at.path);
  });

  const formPath = (request: Request) => `${mount.path}/${request.params['method']}`;
  addPage(`${mount.path}/:method/send`, { post: resend, formPath });
  addPage(`${mount.path}/:method/restart`, { post: restart, formPath });
}

/** GET …/:method/:part: another view of the step (the QR code as text). */
function addPartPage<Who extends PendingSignIn | SignedIn>(
  addPage: AddPage,
  { methods, renderer }: Pick<PageServices, 'methods' | 'renderer'>,
  mount: WizardMount<Who>,
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
  { leave, reasons }: WizardMount<Who>,
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

async function startAgain({
  who,
  request,
  response,
  path,
}: EnrolmentRequest<PendingSignIn | SignedIn>): Promise<void> {
  const { enrolment: _gone, ...rest } = who.state;
  flash(request, { path, key: 'enrolment.expired', kind: 'warning' });
  await updateState(request, rest);
  await redirectTo(response, path);
}
