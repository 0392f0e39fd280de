import { z } from 'zod';
import { LONGEST_PERSON_NAME } from '../../accounts/account.ts';
import { LINK_LIFETIME } from '../../accounts/links.ts';
import type { Anonymous, PendingSignIn } from '../../web/auth-state.ts';
import { addFormPage } from '../../web/form-page.ts';
import { emailAddress, lineOfText } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import { NotFound } from '../../web/http-errors.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { mailError } from './link-pages.ts';

type SignUpServices = Pick<PageServices, 'clock' | 'guards' | 'registration' | 'renderer'>;

const PATH = '/sign-up';

/** Sign-up for strangers, if the administrators have allowed it. */
export function signUpPages(addPage: AddPage, services: SignUpServices): void {
  const { guards, renderer, registration, clock } = services;
  const whereAllowed = (handler: Handler<Anonymous | PendingSignIn>) =>
    guards.signedOut(async (exchange) => {
      if (!exchange.who.context.settings.signUp) throw new NotFound();
      await handler(exchange);
    });

  addFormPage(addPage, services, {
    path: PATH,
    guard: whereAllowed,
    schema: z.object({
      name: lineOfText('error.own-name-missing', LONGEST_PERSON_NAME),
      email: emailAddress(),
    }),
    view: ({ who: { context } }) => ({
      view: 'account/sign-up',
      title: context.words.t('sign-up.title'),
      width: 'narrow',
      back: { href: '/sign-in', text: context.words.t('sign-in.title') },
    }),
    // The same response in the same time, whether or not the address has an account (ASVS 6.3.8).
    async submit(values, { who }) {
      const permission = await registration.signUp(values, who.context.origin);
      if (permission.kind !== 'granted') return { errors: [mailError(permission, clock())] };
      return { goTo: `${PATH}/sent` };
    },
  });

  addPage(`${PATH}/sent`, {
    get: whereAllowed(({ who: { context }, request, response }) =>
      renderer.show(request, response, {
        view: 'account/sign-up-sent',
        title: context.words.t('page.check-mail'),
        caption: context.words.t('sign-up.title'),
        width: 'narrow',
        model: { lifetime: context.words.duration(LINK_LIFETIME['sign-up']) },
      }),
    ),
  });
}
