import { z } from 'zod';
import type { AppAccess } from '../../apps/consents.ts';
import { disclosedTo } from '../../apps/scopes.ts';
import { addFormPage } from '../../web/form-page.ts';
import { NotFound } from '../../web/http-errors.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { backToProfile, PROFILE } from './overview.ts';

const APPS = `${PROFILE}/apps`;

/** "Apps with access": what each app is told, and the page to take its access back (ASVS 10.7.3). */
export function appAccessPages(
  addPage: AddPage,
  services: Pick<PageServices, 'consents' | 'guards' | 'renderer'>,
): void {
  const { consents, guards, renderer } = services;

  addPage(APPS, {
    get: guards.signedIn(async ({ who: { account, context }, request, response }) => {
      const accesses = await consents.of(account.id);
      await renderer.show(request, response, {
        view: 'profile/apps',
        title: context.words.t('app-access.title'),
        back: backToProfile(context.words),
        model: { apps: accesses.map(lineOf) },
      });
    }),
  });

  addFormPage(addPage, services, {
    path: `${APPS}/:id/take-back`,
    guard: guards.signedIn,
    schema: z.object({}),
    async load({ who: { account }, request }) {
      const accesses = await consents.of(account.id);
      const found = accesses.find(({ app, consent }) => consent && app.id === request.params['id']);
      if (!found) throw new NotFound();
      return found.app;
    },
    view: ({ who: { context }, request, subject: { name } }) => ({
      view: 'profile/take-back',
      title: context.words.t('app-access.take-back-title', { app: name }),
      back: { href: APPS, text: context.words.t('app-access.title') },
      width: 'narrow',
      model: { app: name, action: request.path, cancel: APPS },
    }),
    async submit(_values, { who: { account, actor }, subject: app }) {
      // False: another tab was faster. Either way it no longer has access.
      await consents.takeBack(account, app, actor);
      return {
        goTo: APPS,
        flash: { key: 'app-access.taken-back', kind: 'success', values: { app: app.name } },
      };
    },
  });
}

function lineOf({ app, consent, lastUsedAt }: AppAccess) {
  const disclosed = disclosedTo(app, consent?.scopes);
  return {
    name: app.name,
    learns: disclosed.filter((one) => one !== 'renewal'),
    renews: disclosed.includes('renewal'),
    since: consent?.givenAt,
    usedAt: lastUsedAt,
    takeBack: consent && `${APPS}/${app.id}/take-back`,
  };
}
