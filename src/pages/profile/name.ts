import type { Request, Response } from 'express';
import { z } from 'zod';
import { LONGEST_PERSON_NAME } from '../../accounts/account.ts';
import { type FieldFault, formView, lineOfText, parseForm } from '../../web/forms.ts';
import type { Handler } from '../../web/guards.ts';
import type { AddPage } from '../../web/routes.ts';
import { readKeptForm } from '../../web/session.ts';
import type { Person } from '../../web/standing.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, leadToProfile, PROFILE } from './overview.ts';

const PATH = `${PROFILE}/name`;
const schema = z.object({ name: lineOfText('error.own-name-missing', LONGEST_PERSON_NAME) });

export function namePage(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  addPage(PATH, {
    get: guards.signedIn(async (person, request, response) => {
      const typed = { name: person.account.name, ...readKeptForm(request, PATH) };
      await showForm(services, person, request, response, typed, []);
    }),
    post: guards.signedIn(submitName(services)),
  });
}

/** POST /profile/name */
function submitName(services: PageServices): Handler<Person> {
  return async (person, request, response) => {
    const form = parseForm(schema, request);
    if (!form.ok) return showForm(services, person, request, response, form.typed, form.faults);
    await services.profileChanges.rename(person.account, form.values.name, person.actor);
    leadToProfile(services, 'profile.name-changed', request, response);
  };
}

async function showForm(
  { renderer }: PageServices,
  { visit: { words } }: Person,
  request: Request,
  response: Response,
  typed: Readonly<Record<string, string>>,
  faults: readonly FieldFault[],
): Promise<void> {
  await renderer.show(request, response, {
    view: 'profile/name',
    title: words.t('profile.name-title'),
    back: backToProfile(words),
    form: formView(typed, faults, words),
  });
}
