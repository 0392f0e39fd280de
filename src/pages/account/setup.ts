import type { Request, Response } from 'express';
import { z } from 'zod';
import { LONGEST_PERSON_NAME } from '../../accounts/account.ts';
import { LONGEST_SITE_NAME } from '../../settings/settings.ts';
import { emailAddress, type FieldFault, formView, lineOfText, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { readKeptForm } from '../../web/session.ts';
import type { Standing } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { formPathWithToken, leadToSignIn, showDeadLink, tokenIn } from './link-pages.ts';
import { newPassword, newPasswordFaults, PASSWORD_RULE } from './new-password.ts';

const PATH = '/setup';

const schema = z.object({
  siteName: lineOfText('error.site-name-missing', LONGEST_SITE_NAME),
  name: lineOfText('error.own-name-missing', LONGEST_PERSON_NAME),
  email: emailAddress(),
  newPassword: newPassword(),
});

/** The first administrator: once, by the link in the log, and only while nobody has an account. */
export function setupPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  addPage(PATH, {
    get: guards.anyone(showSetup(services)),
    post: guards.anyone(submitSetup(services)),
    formPath: formPathWithToken(PATH),
  });
}

/** GET /setup */
function showSetup(services: PageServices): Handler<Standing> {
  return async (who, request, response) => {
    const token = tokenIn(request.query['token']);
    if (!(await services.registration.look('setup', token))) {
      return showDeadLink(services, who, 'setup', request, response);
    }
    await showForm(services, who, token, request, response, readKeptForm(request, request.path), []);
  };
}

/** POST /setup */
function submitSetup(services: PageServices): Handler<Standing> {
  return async (who, request, response) => {
    const { registration } = services;
    const token = tokenIn(request.body?.token);
    const link = await registration.look('setup', token);
    if (!link) return showDeadLink(services, who, 'setup', request, response);
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, who, token, request, response, form.typed, form.faults);
    const { siteName, name, email, newPassword: password } = form.values;
    const settings = { ...who.visit.settings, siteName };
    const faults = newPasswordFaults(password, { name, email }, { ...who.visit, settings });
    if (faults.length > 0) return showForm(services, who, token, request, response, form.typed, faults);
    const created = await registration.setUp(link, siteName, { name, email }, password, who.visit.origin);
    if (!created) return showDeadLink(services, who, 'setup', request, response);
    await leadToSignIn(services, 'setup.done', request, response);
  };
}

async function showForm(
  { renderer }: PageServices,
  { visit }: Standing,
  token: string,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'account/setup',
    title: visit.words.t('setup.title'),
    width: 'narrow',
    form: formView(typed, faults, visit.words),
    facts: { token, passwordRule: PASSWORD_RULE },
  });
}
