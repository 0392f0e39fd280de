import { z } from 'zod';
import { addFormPage } from '../../web/form-page.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, PROFILE, profileChanged } from './overview.ts';

type LanguageServices = Pick<PageServices, 'guards' | 'profileChanges' | 'renderer' | 'words'>;

/** The choice "the browser's language", in each browser. */
const BROWSER = 'browser';

/** /profile/language: the language of pages and mails from now on. */
export function languagePage(addPage: AddPage, services: LanguageServices): void {
  const { locales } = services.words;
  const offered = [BROWSER, ...locales.map(({ code }) => code)];
  addFormPage(addPage, services, {
    path: `${PROFILE}/language`,
    guard: services.guards.signedIn,
    schema: z.object({ language: z.enum(offered, { error: 'error.language-unknown' }) }),
    values: ({ who }) => ({ language: who.account.locale ?? BROWSER }),
    view: ({ who: { context } }) => ({
      view: 'profile/language',
      title: context.words.t('profile.language-title'),
      back: backToProfile(context.words),
      model: {
        languages: [
          { value: BROWSER, label: context.words.t('profile.browser-language') },
          // Each language by its own name, for people who cannot read the page's language.
          ...locales.map(({ code, name }) => ({ value: code, label: name, lang: code })),
        ],
      },
    }),
    async submit({ language }, { who }) {
      const chosen = language === BROWSER ? null : language;
      await services.profileChanges.chooseLocale(who.account, chosen, who.actor);
      return profileChanged('profile.language-changed');
    },
  });
}
