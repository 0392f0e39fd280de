import { z } from 'zod';
import type { Origin } from '../../audit/audit.ts';
import type { AuthState } from '../../web/auth-state.ts';
import { addFormPage } from '../../web/form-page.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { rememberDevice } from '../sign-in/device.ts';
import {
  behindLink,
  formPathWithToken,
  LINK_TITLES,
  linkToken,
  linkUsed,
  showDeadLink,
} from './link-pages.ts';
import { newPassword, newPasswordErrors, PASSWORD_RULE } from './new-password.ts';

type PasswordLinkServices = Pick<PageServices, 'accounts' | 'guards' | 'knownDevices' | 'renderer' | 'site'>;

/** What a valid link leads to: the person, and the function that sets their password. */
export interface OpenLink {
  readonly person: { readonly name: string; readonly email: string };
  /** Consumes the link; false if it is no longer valid. */
  readonly choose: (password: string, origin: Origin) => Promise<boolean>;
}

/** A kind of mailed link that leads to the choice of a password. */
export interface PasswordLink {
  readonly path: string;
  readonly purpose: 'invitation' | 'password reset' | 'sign-up';
  /** Looks the link up without consuming it; undefined if it is invalid. */
  readonly open: (token: string, who: AuthState) => Promise<OpenLink | undefined>;
}

/** Adds the page of such a link. GET can be repeated; the POST consumes the link. It signs nobody in. */
export function addPasswordLink(addPage: AddPage, services: PasswordLinkServices, link: PasswordLink): void {
  const { path, purpose, open } = link;
  const load = behindLink(services, purpose, open);
  addFormPage(addPage, services, {
    path,
    formPath: formPathWithToken(path),
    guard: services.guards.anyone,
    schema: z.object({ newPassword: newPassword() }),
    load,
    view: ({ who, request, subject: { person } }) => ({
      view: 'account/choose-password',
      title: who.context.words.t(LINK_TITLES[purpose]),
      width: 'narrow',
      model: { path, purpose, token: linkToken(request), person, passwordRule: PASSWORD_RULE },
    }),
    async submit({ newPassword: password }, exchange) {
      const { who, request, response, subject } = exchange;
      const { person, choose } = subject;
      const errors = newPasswordErrors(password, person, who.context);
      if (errors.length > 0) return { errors };
      if (!(await choose(password, who.context.origin))) return showDeadLink(services, purpose, exchange);
      // A known browser has its own back-off: strangers who guess at the password cannot keep the owner out.
      const account = await services.accounts.findByEmail(person.email);
      if (account) rememberDevice(services, account, request, response);
      return linkUsed(services, 'new-password.done', request);
    },
  });
}
