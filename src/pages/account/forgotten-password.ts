import type { Request, Response } from 'express';
import { z } from 'zod';
import { LINK_LIFETIME } from '../../accounts/links.ts';
import { emailAddress, type FieldFault, formView, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { forgetLeftovers, readKeptForm } from '../../web/session.ts';
import type { Standing } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';

const PATH = '/forgotten-password';
const schema = z.object({ email: emailAddress() });

/** Asking for a link to choose a new password. Open to those signed in too: notices by mail lead here. */
export function forgottenPasswordPages(addPage: AddPage, services: PageServices): void {
  const { guards, renderer } = services;
  addPage(PATH, {
    get: guards.anyone(async (who, request, response) => {
      const own = who.kind === 'signed in' ? { email: who.account.email } : {};
      await showForm(services, who, request, response, { ...own, ...readKeptForm(request, PATH) }, []);
    }),
    post: guards.anyone(submitEmail(services)),
  });
  addPage(`${PATH}/sent`, {
    get: guards.anyone(async ({ visit }, request, response) => {
      await renderer.show(request, response, {
        view: 'account/forgotten-password-sent',
        title: visit.words.t('page.check-mail'),
        caption: visit.words.t('forgotten-password.title'),
        width: 'narrow',
        facts: { lifetime: visit.words.duration(LINK_LIFETIME['password reset']) },
      });
    }),
  });
}

/** POST /forgotten-password: the same answer, as fast, whether or not the address has an account (ASVS 6.3.8). */
function submitEmail(services: PageServices): Handler<Standing> {
  return async (who, request, response) => {
    const { credentials, clock } = services;
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, who, request, response, form.typed, form.faults);
    const permission = await credentials.requestReset(form.values.email, who.visit.origin);
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
  { visit }: Standing,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'account/forgotten-password',
    title: visit.words.t('forgotten-password.title'),
    width: 'narrow',
    back: { href: '/sign-in', text: visit.words.t('sign-in.title') },
    form: formView(typed, faults, visit.words),
  });
}
