import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { cancelRequestPage } from './cancel-request.ts';
import { addPasswordLink } from './choose-password.ts';
import { forgottenPasswordPages } from './forgotten-password.ts';
import { setupPage } from './setup.ts';
import { signUpPages } from './sign-up.ts';

/** Creating accounts and choosing new passwords by one-time links. No link signs anybody in. */
export function accountPages(addPage: AddPage, services: PageServices): void {
  const { credentials, registration } = services;

  setupPage(addPage, services);

  addPasswordLink(addPage, services, {
    path: '/invitation',
    purpose: 'invitation',
    async open(token) {
      const link = await registration.look('invitation', token);
      const person = link && (await registration.invited(link));
      if (!link || !person) return undefined;
      return { person, choose: (password, origin) => registration.acceptInvitation(link, password, origin) };
    },
  });

  forgottenPasswordPages(addPage, services);
  addPasswordLink(addPage, services, {
    path: '/reset-password',
    purpose: 'password reset',
    async open(token) {
      const found = await credentials.resetLink(token);
      if (!found) return undefined;
      const { link, account } = found;
      return {
        person: account,
        choose: (password, origin) => credentials.reset(link, account, password, origin),
      };
    },
  });

  cancelRequestPage(addPage, services);

  signUpPages(addPage, services);
  addPasswordLink(addPage, services, {
    path: '/sign-up/confirm',
    purpose: 'sign-up',
    async open(token, { context }) {
      const link = await registration.look('sign-up', token);
      // Sign-up may have been switched off after the mail was sent (ASVS 8.3.2).
      if (!link || !context.settings.signUp) return undefined;
      return {
        person: { name: link.name ?? '', email: link.email ?? '' },
        choose: (password, origin) => registration.confirmSignUp(link, password, origin),
      };
    },
  });
}
