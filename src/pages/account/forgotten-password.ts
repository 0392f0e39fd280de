import { z } from 'zod';
import { LINK_LIFETIME } from '../../accounts/links.ts';
import { addFormPage } from '../../web/form-page.ts';
import { knownEmail } from '../../web/forms.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { mailError } from './link-pages.ts';

type ForgottenPasswordServices = Pick<PageServices, 'clock' | 'credentials' | 'guards' | 'renderer'>;

const PATH = '/forgotten-password';

/** Asks for a link to choose a new password. Also for people who are signed in: mailed notices link here. */
export function forgottenPasswordPages(addPage: AddPage, services: ForgottenPasswordServices): void {
  const { guards, renderer, credentials, clock } = services;

  addFormPage(addPage, services, {
    path: PATH,
    guard: guards.anyone,
    schema: z.object({ email: knownEmail() }),
    values: ({ who }): { email?: string } => (who.kind === 'signed in' ? { email: who.account.email } : {}),
    view: ({ who: { context } }) => ({
      view: 'account/forgotten-password',
      title: context.words.t('forgotten-password.title'),
      width: 'narrow',
      back: { href: '/sign-in', text: context.words.t('sign-in.title') },
    }),
    // The same response in the same time, whether or not the address has an account (ASVS 6.3.8).
    async submit({ email }, { who }) {
      const permission = await credentials.requestReset(email, who.context.origin);
      if (permission.kind !== 'granted') return { errors: [mailError(permission, clock())] };
      return { goTo: `${PATH}/sent` };
    },
  });

  addPage(`${PATH}/sent`, {
    get: guards.anyone(({ who: { context }, request, response }) =>
      renderer.show(request, response, {
        view: 'account/forgotten-password-sent',
        title: context.words.t('page.check-mail'),
        caption: context.words.t('forgotten-password.title'),
        width: 'narrow',
        model: { lifetime: context.words.duration(LINK_LIFETIME['password reset']) },
      }),
    ),
  });
}
