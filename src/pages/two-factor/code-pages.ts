import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Account } from '../../accounts/account.ts';
import type { Actor } from '../../audit/audit.ts';
import type { Authenticator } from '../../two-factor/authenticator.ts';
import type { Binding, Purpose } from '../../two-factor/challenges.ts';
import { allowedAuthenticators } from '../../two-factor/policy.ts';
import { chooseAuthenticator, type SecondStepOutcome } from '../../two-factor/second-step.ts';
import { type FieldFault, formView, parseForm, sixDigits } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import type { AddPage } from '../../web/routes.ts';
import {
  browserOf,
  forgetLeftovers,
  leaveNotice,
  type SessionState,
  updateState,
} from '../../web/session.ts';
import type { HalfWay, Person } from '../../web/standing.ts';
import type { MessageKey } from '../../words.ts';
import type { PageServices } from '../page-services.ts';
import { codeFault, SENDING_NOTICES, sendFault, throttleFault } from './faults.ts';
import { addLostAccess } from './lost-access.ts';
import { addRecoveryStep } from './recovery-step.ts';

/** Where a code is asked for: at sign-in, and at step-up. */
export interface CodeMount<Who extends HalfWay | Person> {
  readonly path: string;
  readonly guard: (handler: Handler<Who>) => RequestHandler;
  readonly purpose: Purpose;
  /** What the code is for: stands above the heading, and in the title. */
  readonly caption: MessageKey;
  readonly chosenId: (who: Who) => string | undefined;
  readonly choose: (who: Who, authenticatorId: string) => SessionState;
  readonly accepted: (who: Who, request: Request, response: Response, wishes: Wishes) => Promise<void>;
  /** A recovery code was right; so many are left. */
  readonly recovered: (who: Who, left: number, request: Request, response: Response) => Promise<void>;
  /** Whether who has lost access may ask the administrators for a reset here. */
  readonly mayAskForReset: boolean;
  /** Days for which this browser can be trusted here; 0: it is not offered. */
  readonly trustDays: (who: Who) => number;
}

/** What the person wishes besides getting in. */
export interface Wishes {
  /** "Don't ask for a code in this browser". */
  readonly trust: boolean;
}

/** From this failure in a row on the page shows the server's time: the phone's clock is the usual culprit. */
const FAILURES_UNTIL_CLOCK = 2;

const codeSchema = z.object({ code: sixDigits(), trust: z.literal('yes').optional().catch(undefined) });

/** The code page of the chosen authenticator, sending a code, and choosing another authenticator. */
export function addCodePages<Who extends HalfWay | Person>(
  addPage: AddPage,
  services: PageServices,
  mount: CodeMount<Who>,
): void {
  const { methods, secondStep, renderer, clock } = services;

  const show = mount.guard(async (who, request, response) => {
    await showPage(who, chosen(who), request, response, []);
  });

  const submit = mount.guard(async (who, request, response) => {
    const authenticator = chosen(who);
    const form = parseForm(codeSchema, request);
    if (!form.ok) return showPage(who, authenticator, request, response, form.faults);
    const { code, trust } = form.values;
    const outcome = await secondStep.verify(
      who.account,
      authenticator,
      bindingOf(who, request),
      code,
      who.actor,
    );
    if (outcome.kind !== 'accepted') return refuse(who, authenticator, outcome, request, response);
    forgetLeftovers(request);
    await mount.accepted(who, request, response, { trust: trust === 'yes' && mount.trustDays(who) > 0 });
  });

  async function refuse(
    who: Who,
    authenticator: Authenticator,
    outcome: Exclude<SecondStepOutcome, { kind: 'accepted' }>,
    request: Request,
    response: Response,
  ): Promise<void> {
    if (outcome.kind === 'blocked') return response.redirect(303, mount.path);
    if (outcome.kind === 'wait') {
      return showPage(who, authenticator, request, response, [throttleFault(outcome.until, clock())]);
    }
    const { timed } = methods[authenticator.method].proof;
    const serverTime = timed && outcome.failures >= FAILURES_UNTIL_CLOCK ? clock() : undefined;
    await showPage(who, authenticator, request, response, [codeFault(outcome.fault)], { serverTime });
  }

  /** POST …/send: a new code, because a button was pressed; showing or reloading a page never sends one. */
  const send = mount.guard(async (who, request, response) => {
    const authenticator = chosen(who);
    if (!methods[authenticator.method].proof.sends) return response.redirect(303, mount.path);
    await sendCode(who, authenticator, request, response);
  });

  async function sendCode(
    who: Who,
    authenticator: Authenticator,
    request: Request,
    response: Response,
  ): Promise<void> {
    const outcome = await secondStep.send(who.account, authenticator, bindingOf(who, request), who.actor);
    if (outcome.kind === 'sent' || outcome.kind === 'unsure') {
      leaveNotice(request, { path: mount.path, ...SENDING_NOTICES[outcome.kind], at: clock() });
      return response.redirect(303, mount.path);
    }
    const { fault, status } = sendFault(outcome, 'code', clock());
    await showPage(who, authenticator, request, response, [fault], { status });
  }

  const others = mount.guard(async (who, request, response) => {
    const { words } = who.visit;
    const offered = usable(who).map((authenticator) => ({
      id: authenticator.id,
      name: authenticator.name,
      method: authenticator.method,
      description: methods[authenticator.method].describe(authenticator, who.account),
      sends: methods[authenticator.method].proof.sends,
    }));
    await renderer.show(request, response, {
      view: 'two-factor/other',
      title: words.t('code.other-title'),
      caption: words.t(mount.caption),
      width: 'narrow',
      back: { href: mount.path, text: words.t('page.back') },
      help: 'sign-in',
      facts: { offered, path: mount.path },
    });
  });

  /** POST …/other: asks for this authenticator from now on, and sends its code where it needs one. */
  const choose = mount.guard(async (who, request, response) => {
    const authenticator = usable(who).find(({ id }) => id === request.body?.authenticator);
    if (!authenticator) throw new NotFound();
    await updateState(request, mount.choose(who, authenticator.id));
    const { proof } = methods[authenticator.method];
    const sent = await proof.lastSent(authenticator, who.account, bindingOf(who, request));
    if (proof.sends && sent === undefined) return sendCode(who, authenticator, request, response);
    response.redirect(303, mount.path);
  });

  async function showPage(
    who: Who,
    authenticator: Authenticator,
    request: Request,
    response: Response,
    faults: readonly FieldFault[],
    { status, serverTime }: { status?: number | undefined; serverTime?: number | undefined } = {},
  ): Promise<void> {
    const { words } = who.visit;
    const now = clock();
    const { proof, describe } = methods[authenticator.method];
    const nextSend = await proof.nextSend(who.account);
    const waitUntil = await secondStep.waiting(who.account);
    await renderer.show(request, response, {
      view: 'two-factor/code',
      title: words.t(`method.${authenticator.method}.ask`),
      caption: words.t(mount.caption),
      width: 'narrow',
      help: 'sign-in',
      form: formView({}, faults, words),
      ...(status && { status }),
      facts: {
        path: mount.path,
        asked: {
          name: authenticator.name,
          method: authenticator.method,
          description: describe(authenticator, who.account),
          sends: proof.sends,
          blocked: authenticator.blockedAt !== null,
        },
        sentAt: await proof.lastSent(authenticator, who.account, bindingOf(who, request)),
        nextSendIn: nextSend && nextSend - now,
        waitFor: waitUntil && waitUntil - now,
        serverTime,
        others: usable(who).length - 1,
        trustDays: mount.trustDays(who),
        recovery: who.codesLeft > 0,
      },
    });
  }

  function chosen(who: Who): Authenticator {
    const authenticator = chooseAuthenticator(usable(who), mount.chosenId(who));
    if (!authenticator) throw new Error('A code was asked for of somebody who has no authenticator.');
    return authenticator;
  }

  function bindingOf(who: Who, request: Request): Binding {
    return { accountId: who.account.id, purpose: mount.purpose, browser: browserOf(request) };
  }

  const formPath = () => mount.path;
  addPage(mount.path, { get: show, post: submit });
  addPage(`${mount.path}/send`, { post: send, formPath });
  addPage(`${mount.path}/other`, { get: others, post: choose });
  addLostAccess(addPage, services, mount);
  addRecoveryStep(addPage, services, mount);
}

/** Sends the code that is asked for first, where its method sends any; what the mail server says of it, the page does. */
export async function sendFirstCode(
  { methods, secondStep, clock }: PageServices,
  request: Request,
  { path, purpose }: { readonly path: string; readonly purpose: Purpose },
  account: Account,
  authenticator: Authenticator,
  actor: Actor,
): Promise<void> {
  if (!methods[authenticator.method].proof.sends) return;
  const binding = { accountId: account.id, purpose, browser: browserOf(request) };
  const { kind } = await secondStep.send(account, authenticator, binding, actor);
  if (kind === 'unsure') leaveNotice(request, { path, ...SENDING_NOTICES.unsure, at: clock() });
  if (kind === 'refused') {
    leaveNotice(request, { path, key: 'code.not-sent', kind: 'warning', values: {}, at: clock() });
  }
}

function usable({ policy, authenticators }: HalfWay | Person): readonly Authenticator[] {
  return allowedAuthenticators(policy, authenticators);
}
