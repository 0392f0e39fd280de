import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { EmailChange } from '../../accounts/email-changes.ts';
import { emailAddress, type FieldFault, formView, parseForm, sixDigits } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { browserOf, forgetLeftovers, leaveNotice, readKeptForm, updateState } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { codeFault, SENDING_NOTICES, sendFault, throttleFault } from '../two-factor/faults.ts';
import { backToProfile, leadToProfile, PROFILE } from './overview.ts';

const PATH = `${PROFILE}/email`;
const CODE_PATH = `${PATH}/code`;
const addressSchema = z.object({ email: emailAddress() });
const codeSchema = z.object({ code: sixDigits() });

/** A change that waits for its code, and whose it is. */
type Changing = (person: Person, change: EmailChange, request: Request, response: Response) => Promise<void>;

/** Changing the e-mail address: the new one, then the code that was sent there. */
export function emailPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  addPage(PATH, {
    get: guards.steppedUp((person, request, response) =>
      showAddress(services, person, request, response, readKeptForm(request, PATH), []),
    ),
    post: guards.steppedUp(submitAddress(services)),
  });

  /** The step-up was asked for before the code was sent; asking again while the mail travels would lose the code. */
  const changing = (handle: Changing): RequestHandler =>
    guards.signedIn(async (person, request, response) => {
      const { emailChange } = person.state;
      if (!emailChange) return response.redirect(303, PATH);
      const { account } = person;
      const change = { account, email: emailChange.email, browser: browserOf(request) };
      await handle(person, change, request, response);
    });
  addPage(CODE_PATH, {
    get: changing((person, change, request, response) =>
      showCode(services, person, change, request, response, []),
    ),
    post: changing(submitCode(services)),
  });
  addPage(`${CODE_PATH}/send`, { post: changing(sendAgain(services)), formPath: () => CODE_PATH });
}

/** POST /profile/email: sends the code. */
function submitAddress(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const { emailChanges, clock } = services;
    const { account, actor, state } = person;
    const form = parseForm(addressSchema, request);
    if (!form.ok) return showAddress(services, person, request, response, form.typed, form.faults);
    const { email } = form.values;
    if (email === account.email) {
      const fault = { field: 'email', key: 'profile.email-same' } as const;
      return showAddress(services, person, request, response, form.typed, [fault]);
    }
    const change = { account, email, browser: browserOf(request) };
    const outcome = await emailChanges.sendCode(change, actor);
    if (outcome.kind === 'wait' || outcome.kind === 'refused') {
      const { fault, status } = sendFault(outcome, 'email', clock());
      return showAddress(services, person, request, response, form.typed, [fault], status);
    }
    forgetLeftovers(request);
    await updateState(request, { ...state, emailChange: { email } });
    if (outcome.kind === 'unsure')
      leaveNotice(request, { path: CODE_PATH, ...SENDING_NOTICES.unsure, at: clock() });
    response.redirect(303, CODE_PATH);
  };
}

/** POST /profile/email/code */
function submitCode(services: PageServices): Changing {
  return async (person, change, request, response) => {
    const { emailChanges, clock } = services;
    const form = parseForm(codeSchema, request);
    if (!form.ok) return showCode(services, person, change, request, response, form.faults);
    const outcome = await emailChanges.confirm(change, form.values.code, person.actor);
    if (outcome.kind === 'wait') {
      const fault = throttleFault(outcome.until, clock());
      return showCode(services, person, change, request, response, [fault]);
    }
    if (outcome.kind === 'fault') {
      return showCode(services, person, change, request, response, [codeFault(outcome.fault)]);
    }
    const { emailChange: _made, ...rest } = person.state;
    await updateState(request, rest);
    leadToProfile(services, 'profile.email-changed', request, response);
  };
}

/** POST /profile/email/code/send: a new code, because a button was pressed. */
function sendAgain(services: PageServices): Changing {
  return async (person, change, request, response) => {
    const { emailChanges, clock } = services;
    const outcome = await emailChanges.sendCode(change, person.actor);
    if (outcome.kind === 'wait' || outcome.kind === 'refused') {
      const { fault, status } = sendFault(outcome, 'code', clock());
      return showCode(services, person, change, request, response, [fault], status);
    }
    leaveNotice(request, { path: CODE_PATH, ...SENDING_NOTICES[outcome.kind], at: clock() });
    response.redirect(303, CODE_PATH);
  };
}

async function showAddress(
  { renderer }: PageServices,
  { account, visit: { words } }: Person,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
  status?: number,
): Promise<void> {
  await renderer.show(request, response, {
    view: 'profile/email',
    title: words.t('profile.email-title'),
    back: backToProfile(words),
    form: formView(typed, faults, words),
    ...(status && { status }),
    facts: { address: account.email },
  });
}

async function showCode(
  { renderer, emailChanges, clock }: PageServices,
  { visit: { words } }: Person,
  change: EmailChange,
  request: Request,
  response: Response,
  faults: readonly FieldFault[],
  status?: number,
): Promise<void> {
  const now = clock();
  const { sentAt, nextAt } = await emailChanges.sending(change);
  const waitUntil = await emailChanges.waiting(change);
  await renderer.show(request, response, {
    view: 'profile/email-code',
    title: words.t('profile.email-code-title'),
    back: { href: PATH, text: words.t('profile.email-title') },
    form: formView({}, faults, words),
    ...(status && { status }),
    facts: {
      address: change.email,
      sentAt,
      nextSendIn: nextAt && nextAt - now,
      waitFor: waitUntil && waitUntil - now,
    },
  });
}
