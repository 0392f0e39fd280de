import type { Request, Response } from 'express';
import { z } from 'zod';
import { emailKey, LONGEST_PERSON_NAME } from '../../accounts/account.ts';
import { LINK_LIFETIME } from '../../accounts/links.ts';
import { emailAddress, type FieldFault, formView, lineOfText, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/refusals.ts';
import type { AddPage } from '../../web/routes.ts';
import { forgetLeftovers, readKeptForm } from '../../web/session.ts';
import type { HalfWay, Stranger } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';

const PATH = '/sign-up';
const schema = z.object({
  name: lineOfText('error.own-name-missing', LONGEST_PERSON_NAME),
  email: emailAddress(),
});

/** A stranger asks for an account, where the administrators have allowed it. */
export function signUpPages(addPage: AddPage, services: PageServices): void {
  const { guards, renderer } = services;
  addPage(PATH, {
    get: guards.signedOut(
      whereAllowed(async (who, request, response) => {
        await showForm(services, who, request, response, readKeptForm(request, PATH), []);
      }),
    ),
    post: guards.signedOut(whereAllowed(submitSignUp(services))),
  });
  addPage(`${PATH}/sent`, {
    get: guards.signedOut(
      whereAllowed(async ({ visit }, request, response) => {
        await renderer.show(request, response, {
          view: 'account/sign-up-sent',
          title: visit.words.t('page.check-mail'),
          caption: visit.words.t('sign-up.title'),
          width: 'narrow',
          facts: { lifetime: visit.words.duration(LINK_LIFETIME['sign-up']) },
        });
      }),
    ),
  });
}

function whereAllowed<Who extends Stranger | HalfWay>(handler: Handler<Who>): Handler<Who> {
  return async (who, request, response) => {
    if (!who.visit.settings.signUp) throw new NotFound();
    await handler(who, request, response);
  };
}

/** POST /sign-up: the same answer, as fast, whether or not the address has an account (ASVS 6.3.8). */
function submitSignUp(services: PageServices): Handler<Stranger | HalfWay> {
  return async (who, request, response) => {
    const { registration, audit, clock } = services;
    const { words } = who.visit;
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, who, request, response, form.typed, form.faults);
    const permission = await registration.signUp(form.values, words.locale);
    const asker = { id: null, label: emailKey(form.values.email) };
    const event = permission.kind === 'wait' ? 'links.throttled' : 'sign-up.requested';
    await audit.record(event, who.visit.origin, asker);
    if (permission.kind === 'wait') {
      const fault = { field: 'email', key: 'error.mail-wait', wait: permission.until - clock() } as const;
      return showForm(services, who, request, response, form.typed, [fault]);
    }
    forgetLeftovers(request);
    response.redirect(303, `${PATH}/sent`);
  };
}

async function showForm(
  { renderer }: PageServices,
  { visit }: Stranger | HalfWay,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'account/sign-up',
    title: visit.words.t('sign-up.title'),
    width: 'narrow',
    back: { href: '/sign-in', text: visit.words.t('sign-in.title') },
    form: formView(typed, faults, visit.words),
  });
}
