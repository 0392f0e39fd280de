import { z } from 'zod';
import { LONGEST_PERSON_NAME } from '../../../accounts/account.ts';
import type { MessageKey, Translator, Words } from '../../../kernel/i18n.ts';
import type { Delivery } from '../../../mail/mailer.ts';
import type { Settings } from '../../../settings/settings.ts';
import { addFormPage } from '../../../web/form-page.ts';
import { emailAddress, lineOfText, tick } from '../../../web/forms.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';

type InvitationServices = Pick<PageServices, 'accounts' | 'guards' | 'registration' | 'renderer' | 'words'>;

/** The choice "the site's language", read when a mail is sent. */
const SITE = 'site';

/** The message for each outcome of the invitation's mail. */
const INVITED = {
  accepted: { key: 'invite.sent', kind: 'success' },
  waiting: { key: 'invite.waits', kind: 'warning' },
  refused: { key: 'invite.not-sent', kind: 'warning' },
} as const satisfies Record<Delivery, unknown>;

/** /admin/people/invite: creates an account and mails the invitation. */
export function invitationPage(addPage: AddPage, services: InvitationServices): void {
  const { guards, registration, accounts } = services;
  addFormPage(addPage, services, {
    path: '/admin/people/invite',
    guard: guards.steppedUpAdministrator,
    schema: schemaFor(services.words),
    view: ({ who: { context } }) => ({
      view: 'admin/invite',
      title: context.words.t('invite.title'),
      caption: context.words.t('menu.administration'),
      back: { href: '/admin/people', text: context.words.t('people.title') },
      model: { languages: languageChoices(services.words, context) },
    }),
    async submit({ name, email, language, administrator }, { who }) {
      const role = administrator ? 'administrator' : 'member';
      const invited = { name, email, ...(language !== SITE && { language }) };
      const delivery = await registration.invite(invited, role, who.actor);
      const account = await accounts.findByEmail(email);
      if (!delivery || !account) return { errors: [{ field: 'email', key: 'invite.email-taken' }] };
      // The account exists even if no mail was sent: sending the form again would only say that the address is taken.
      return { goTo: `/admin/people/${account.id}`, flash: { ...INVITED[delivery], values: { email } } };
    },
  });
}

function schemaFor({ locales }: Words) {
  return z.object({
    name: lineOfText('invite.name-missing', LONGEST_PERSON_NAME),
    email: emailAddress('invite.email-missing'),
    language: z
      .enum([SITE, ...locales.map(({ code }) => code)], {
        error: 'error.language-unknown' satisfies MessageKey,
      })
      .default(SITE),
    administrator: tick(),
  });
}

interface Context {
  readonly words: Translator;
  readonly settings: Settings;
}

function languageChoices({ locales, firstOf }: Words, { words, settings }: Context) {
  const site = locales.find(({ code }) => code === firstOf([settings.language]));
  return [
    { value: SITE, label: words.t('invite.site-language', { language: site?.name ?? '' }) },
    // Each language by its own name, for people who cannot read the page's language.
    ...locales.map(({ code, name }) => ({ value: code, label: name, lang: code })),
  ];
}
