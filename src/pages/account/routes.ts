import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { cancelRequestPages } from './cancel-request.ts';
import { addPasswordLink } from './choose-password.ts';
import { forgottenPasswordPages } from './forgotten-password.ts';
import { setupPages } from './setup.ts';
import { signUpPages } from './sign-up.ts';

/** How accounts come to be, and come by a password again: by one-time links, none of which signs anybody in. */
export function accountPages(addPage: AddPage, services: PageServices): void {
  const { credentials, registration } = services;

  setupPages(addPage, services);

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

  cancelRequestPages(addPage, services);

  signUpPages(addPage, services);
  addPasswordLink(addPage, services, {
    path: '/sign-up/confirm',
    purpose: 'sign-up',
    async open(token, { visit }) {
      const link = await registration.look('sign-up', token);
      // Switched off since: what was mailed before must not let anybody in (ASVS 8.3.2).
      if (!link || !visit.settings.signUp) return undefined;
      return {
        person: { name: link.name ?? '', email: link.email ?? '' },
        choose: (password, origin) => registration.confirmSignUp(link, password, origin),
      };
    },
  });
}
