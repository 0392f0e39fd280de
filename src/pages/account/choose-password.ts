import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Origin } from '../../audit/audit.ts';
import { type FieldFault, formView, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import type { Standing } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { formPathWithToken, LINK_TITLES, leadToSignIn, showDeadLink, tokenIn } from './link-pages.ts';
import { newPassword, newPasswordFaults, PASSWORD_RULE } from './new-password.ts';

/** A link that is live: whose password it sets, and how. */
export interface OpenLink {
  readonly person: { readonly name: string; readonly email: string };
  /** False when the link was used up meanwhile. */
  readonly choose: (password: string, origin: Origin) => Promise<boolean>;
}

/** A mailed link behind which a person chooses a password. */
export interface PasswordLink {
  readonly path: string;
  readonly purpose: 'invitation' | 'password reset' | 'sign-up';
  /** Looks behind the link without using it up; undefined when it is dead. */
  readonly open: (token: string, who: Standing) => Promise<OpenLink | undefined>;
}

const schema = z.object({ newPassword: newPassword() });

/** The page of such a link: looked at as often as one likes, used once. It signs nobody in. */
export function addPasswordLink(addPage: AddPage, services: PageServices, link: PasswordLink): void {
  const { guards, renderer } = services;

  const show: Handler<Standing> = async (who, request, response) => {
    const token = tokenIn(request.query['token']);
    const opened = await link.open(token, who);
    if (!opened) return showDeadLink(services, who, link.purpose, request, response);
    await showForm(who, opened, token, request, response, []);
  };

  const submit: Handler<Standing> = async (who, request, response) => {
    const token = tokenIn(request.body?.token);
    const opened = await link.open(token, who);
    if (!opened) return showDeadLink(services, who, link.purpose, request, response);
    const form = parseForm(schema, request);
    const faults = form.ok
      ? newPasswordFaults(form.values.newPassword, opened.person, who.visit)
      : form.faults;
    if (!form.ok || faults.length > 0) return showForm(who, opened, token, request, response, faults);
    if (!(await opened.choose(form.values.newPassword, who.visit.origin))) {
      return showDeadLink(services, who, link.purpose, request, response);
    }
    await leadToSignIn(services, 'new-password.done', request, response);
  };

  async function showForm(
    { visit }: Standing,
    { person }: OpenLink,
    token: string,
    request: Request,
    response: Response,
    faults: readonly FieldFault[],
  ): Promise<void> {
    await renderer.show(request, response, {
      view: 'account/choose-password',
      title: visit.words.t(LINK_TITLES[link.purpose]),
      width: 'narrow',
      form: formView({}, faults, visit.words),
      facts: { path: link.path, purpose: link.purpose, token, person, passwordRule: PASSWORD_RULE },
    });
  }

  addPage(link.path, {
    get: guards.anyone(show),
    post: guards.anyone(submit),
    formPath: formPathWithToken(link.path),
  });
}
