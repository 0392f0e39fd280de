import { z } from 'zod';
import { LONGEST_PERSON_NAME } from '../../accounts/account.ts';
import { addFormPage } from '../../web/form-page.ts';
import { lineOfText } from '../../web/forms.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, PROFILE, profileChanged } from './overview.ts';

type NameServices = Pick<PageServices, 'guards' | 'profileChanges' | 'renderer'>;

/** /profile/name */
export function namePage(addPage: AddPage, services: NameServices): void {
  addFormPage(addPage, services, {
    path: `${PROFILE}/name`,
    guard: services.guards.signedIn,
    schema: z.object({ name: lineOfText('error.own-name-missing', LONGEST_PERSON_NAME) }),
    values: ({ who }) => ({ name: who.account.name }),
    view: ({ who: { context } }) => ({
      view: 'profile/name',
      title: context.words.t('profile.name-title'),
      back: backToProfile(context.words),
    }),
    async submit({ name }, { who }) {
      await services.profileChanges.rename(who.account, name, who.actor);
      return profileChanged('profile.name-changed');
    },
  });
}
