import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type Authenticator, LONGEST_NAME } from '../../two-factor/authenticator.ts';
import type { EnrolmentOutcome } from '../../two-factor/enrolments.ts';
import type { EnrolmentContext, EnrolmentState, Method, StepDescription } from '../../two-factor/method.ts';
import { type FieldFault, formView, lineOfText, parseForm, sixDigits } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import type { AddPage } from '../../web/routes.ts';
import { browserOf, forgetLeftovers, leaveNotice, readKeptForm, updateState } from '../../web/session.ts';
import type { HalfWay, Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { codeFault, SENDING_NOTICES, sendFault, throttleFault } from './faults.ts';

/** Where the wizard stands: in the profile, and at sign-in for those who have to set up 2FA first. */
export interface WizardMount<Who extends HalfWay | Person> {
  readonly path: string;
  readonly guard: (handler: Handler<Who>) => RequestHandler;
  /** Where "Cancel" leads, and a method that is not on offer. */
  readonly leave: string;
  /** Why it has to be done, for those whom no other page has told; the first step says so. */
  readonly reasons?: (who: Who) => readonly string[];
  readonly created: (
    who: Who,
    authenticator: Authenticator,
    request: Request,
    response: Response,
  ) => Promise<void>;
}

const FIELDS = {
  name: lineOfText('error.name-missing', LONGEST_NAME),
  code: sixDigits(),
} as const;

/** Creating an authenticator: one page a step, whichever the method, wherever it is mounted. */
export function addWizard<Who extends HalfWay | Person>(
  addPage: AddPage,
  services: PageServices,
  mount: WizardMount<Who>,
): void {
  const { enrolments, renderer, clock, methods } = services;

  /** Runs the handler with the method of the URL and the enrolment in progress, if the method can be set up now. */
  function step(
    handle: (at: At<Who>, request: Request, response: Response) => Promise<void>,
  ): RequestHandler {
    return mount.guard(async (who, request, response) => {
      const method = Object.values(methods).find(({ id }) => id === request.params['method']);
      if (!method) throw new NotFound();
      const existing = who.authenticators.filter((authenticator) => authenticator.method === method.id);
      const { rule, methods: allowed } = who.policy;
      const offered =
        rule !== 'off' && allowed.includes(method.id) && (method.several || existing.length === 0);
      if (!offered) return response.redirect(303, mount.leave);
      const context = {
        account: who.account,
        existing: who.authenticators,
        siteName: who.visit.settings.siteName,
        replacedId: replacedBy(who),
        browser: browserOf(request),
      };
      const kept = who.state.enrolment?.method === method.id ? who.state.enrolment : undefined;
      const state = method.enrolment.schema.safeParse(kept).data;
      await handle({ who, method, context, state, path: `${mount.path}/${method.id}` }, request, response);
    });
  }

  /** GET …/:method: the step that the enrolment is at; a reload shows the same secret again. */
  const show = step(async (at, request, response) => {
    const state = at.state ?? at.method.enrolment.begin(at.context);
    if (!at.state) await keep(request, at.who, state);
    await showStep(at, state, request, response, readKeptForm(request, request.path), []);
  });

  /** POST …/:method: what the step asked for. */
  const submit = step(async (at, request, response) => {
    const { state } = at;
    // Expired, finished in another tab, or of another step: nothing typed can be taken for what is asked now.
    if (!state || request.body?.step !== state.step) return startAgain(at, request, response);
    const { fields } = await at.method.enrolment.describe(state, at.context);
    const form = parseForm(
      z.object(Object.fromEntries(fields.map((field) => [field, FIELDS[field]]))),
      request,
    );
    if (!form.ok) return showStep(at, state, request, response, form.typed, form.faults);
    const values = { name: '', code: '', ...form.values };
    const outcome = await enrolments.submit(at.method, state, values, at.context, at.who.actor);
    await answer(at, state, outcome, form.typed, request, response);
  });

  async function answer(
    at: At<Who>,
    state: EnrolmentState,
    outcome: EnrolmentOutcome,
    typed: Readonly<Record<string, string>>,
    request: Request,
    response: Response,
  ): Promise<void> {
    switch (outcome.kind) {
      case 'created':
        forgetLeftovers(request);
        return mount.created(at.who, outcome.authenticator, request, response);
      case 'continue':
        forgetLeftovers(request);
        await keep(request, at.who, outcome.state);
        if (outcome.sending === 'unsure')
          leaveNotice(request, { path: at.path, ...SENDING_NOTICES.unsure, at: clock() });
        return response.redirect(303, at.path);
      case 'name taken':
        return showStep(at, state, request, response, typed, [
          // Taken in another tab since the step that asked for it: the step that is open says so at its own field.
          { field: 'name' in typed ? 'name' : 'code', key: 'error.name-taken' },
        ]);
      case 'code fault':
        await keep(request, at.who, outcome.state);
        return showStep(at, outcome.state, request, response, typed, [codeFault(outcome.fault)]);
      case 'not sent': {
        const { fault, status } = sendFault(outcome.outcome, 'name', clock());
        return showStep(at, state, request, response, typed, [fault], status);
      }
      case 'wait':
        return showStep(at, state, request, response, typed, [throttleFault(outcome.until, clock())]);
    }
  }

  /** POST …/:method/send: the code once more. */
  const resend = step(async (at, request, response) => {
    const { method, state, context, path, who } = at;
    const outcome = state && (await enrolments.resend(method, state, context, who.actor));
    if (!outcome) return startAgain(at, request, response);
    if (outcome.kind === 'wait' || outcome.kind === 'refused') {
      const { fault, status } = sendFault(outcome, 'code', clock());
      return showStep(at, state, request, response, {}, [fault], status);
    }
    leaveNotice(request, { path, ...SENDING_NOTICES[outcome.kind], at: clock() });
    response.redirect(303, path);
  });

  /** POST …/:method/restart: back to the first step, with a new secret, and in nobody's place. */
  const restart = step(async ({ who, path }, request, response) => {
    await keep(request, who, undefined);
    response.redirect(303, path);
  });

  /** GET …/:method/:part: a further view of the step (the QR code as text). */
  const part = step(async ({ who, method, state, context, path }, request, response) => {
    const name = String(request.params['part']);
    if (!state) throw new NotFound();
    const facts = await method.enrolment.detail?.(name, state, context);
    if (!facts) throw new NotFound();
    await renderer.show(request, response, {
      view: `two-factor/methods/${method.id}/${name}`,
      title: who.visit.words.t(`method.${method.id}.detail`),
      secret: true,
      back: { href: path, text: who.visit.words.t('page.back') },
      help: `set-up-${method.id}`,
      facts: { shown: facts },
    });
  });

  async function startAgain({ who, path }: At<Who>, request: Request, response: Response): Promise<void> {
    const { enrolment: _gone, ...rest } = who.state;
    leaveNotice(request, { path, key: 'enrolment.expired', kind: 'warning', values: {}, at: clock() });
    await updateState(request, rest);
    response.redirect(303, path);
  }

  async function showStep(
    { who, method, context, path }: At<Who>,
    state: EnrolmentState,
    request: Request,
    response: Response,
    typed: Readonly<Record<string, string>>,
    faults: readonly FieldFault[],
    status?: number,
  ): Promise<void> {
    const { words } = who.visit;
    const step: StepDescription = await method.enrolment.describe(state, context);
    const nextAt = step.facts['nextAt'];
    await renderer.show(request, response, {
      view: `two-factor/methods/${method.id}/${state.step}`,
      title: words.t(`method.${method.id}.set-up`),
      secret: true,
      ...(step.of > 1 && { caption: words.t('enrolment.step', { number: step.number, of: step.of }) }),
      help: `set-up-${method.id}`,
      form: formView(typed, faults, words),
      ...(status && { status }),
      facts: {
        // Apart from the page's own, for a view's partials see all that stands at the top.
        shown: step.facts,
        path,
        step: state.step,
        leave: mount.leave,
        reasons: step.number === 1 ? (mount.reasons?.(who) ?? []) : [],
        replaced: who.authenticators.find(({ id }) => id === context.replacedId)?.name,
        nextIn: typeof nextAt === 'number' ? nextAt - clock() : undefined,
      },
    });
  }

  const formPath = (request: Request) => `${mount.path}/${request.params['method']}`;
  addPage(`${mount.path}/:method`, { get: show, post: submit });
  addPage(`${mount.path}/:method/send`, { post: resend, formPath });
  addPage(`${mount.path}/:method/restart`, { post: restart, formPath });
  addPage(`${mount.path}/:method/:part`, { get: part });
}

function replacedBy({ state }: HalfWay | Person): string | undefined {
  return state.kind === 'signed in' ? state.replacedId : undefined;
}

/** Who is at which step of setting up which method. */
interface At<Who> {
  readonly who: Who;
  readonly method: Method;
  readonly context: EnrolmentContext;
  readonly state: EnrolmentState | undefined;
  readonly path: string;
}

/** Keeps the enrolment in the session; without one, what belongs to it goes as well. */
async function keep(
  request: Request,
  who: HalfWay | Person,
  enrolment: EnrolmentState | undefined,
): Promise<void> {
  const { enrolment: _earlier, ...rest } = who.state;
  if (enrolment) return updateState(request, { ...rest, enrolment: { ...enrolment } });
  if (rest.kind === 'password accepted') return updateState(request, rest);
  const { replacedId: _given, ...plain } = rest;
  await updateState(request, plain);
}
