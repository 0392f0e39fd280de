import type { Request, Response } from 'express';
import { z } from 'zod';
import { type FieldFault, formView, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, leadToProfile, PROFILE } from './overview.ts';

const PATH = `${PROFILE}/language`;
/** The choice to let the browser decide, as now and in every other browser. */
const BROWSER = 'browser';

export function languagePage(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  addPage(PATH, {
    get: guards.signedIn(async (person, request, response) => {
      const typed = { language: person.account.locale ?? BROWSER, ...readKeptForm(request, PATH) };
      await showForm(services, person, request, response, typed, []);
    }),
    post: guards.signedIn(submitLanguage(services)),
  });
}

/** POST /profile/language: the next page and the next mail speak it. */
function submitLanguage(services: PageServices): Handler<Person> {
  const offered = [BROWSER, ...services.words.locales.map(({ code }) => code)];
  const schema = z.object({ language: z.enum(offered, { error: 'error.language-unknown' }) });
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, request, response, form.typed, form.faults);
    const { language } = form.values;
    const chosen = language === BROWSER ? null : language;
    await services.profileChanges.chooseLocale(person.account, chosen, person.actor);
    leadToProfile(services, 'profile.language-changed', request, response);
  };
}

async function showForm(
  { renderer, words: languages }: PageServices,
  { visit: { words } }: Person,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'profile/language',
    title: words.t('profile.language-title'),
    back: backToProfile(words),
    form: formView(typed, faults, words),
    facts: {
      languages: [
        { value: BROWSER, label: words.t('profile.browser-language') },
        // Each by its own name, for whoever cannot read the page's language.
        ...languages.locales.map(({ code, name }) => ({ value: code, label: name, lang: code })),
      ],
    },
  });
}
