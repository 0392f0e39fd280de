import { z } from 'zod';
import { LONGEST_PERSON_NAME } from '../../accounts/account.ts';
import { LONGEST_SITE_NAME } from '../../settings/settings.ts';
import { addFormPage } from '../../web/form-page.ts';
import { emailAddress, lineOfText } from '../../web/forms.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { rememberDevice } from '../sign-in/device.ts';
import { behindLink, formPathWithToken, linkToken, linkUsed, showDeadLink } from './link-pages.ts';
import { newPassword, newPasswordErrors, PASSWORD_RULE } from './new-password.ts';

type SetupServices = Pick<PageServices, 'guards' | 'knownDevices' | 'registration' | 'renderer' | 'site'>;

const PATH = '/setup';
const PURPOSE = 'setup';

/** Creates the first administrator, by the link in the log: once, and only while there is no account. */
export function setupPage(addPage: AddPage, services: SetupServices): void {
  const { guards, registration } = services;
  const load = behindLink(services, PURPOSE, (token) => registration.look(PURPOSE, token));
  addFormPage(addPage, services, {
    path: PATH,
    formPath: formPathWithToken(PATH),
    guard: guards.anyone,
    schema: z.object({
      siteName: lineOfText('error.site-name-missing', LONGEST_SITE_NAME),
      name: lineOfText('error.own-name-missing', LONGEST_PERSON_NAME),
      email: emailAddress(),
      newPassword: newPassword(),
    }),
    load,
    view: ({ who, request }) => ({
      view: 'account/setup',
      title: who.context.words.t('setup.title'),
      width: 'narrow',
      model: { token: linkToken(request), passwordRule: PASSWORD_RULE },
    }),
    async submit({ siteName, name, email, newPassword: password }, exchange) {
      const { who, request, response, subject: link } = exchange;
      const settings = { ...who.context.settings, siteName };
      const errors = newPasswordErrors(password, { name, email }, { ...who.context, settings });
      if (errors.length > 0) return { errors };
      const created = await registration.setUp(link, siteName, { name, email }, password, who.context.origin);
      if (!created) return showDeadLink(services, PURPOSE, exchange);
      rememberDevice(services, created, request, response);
      return linkUsed(services, 'setup.done', request);
    },
  });
}
