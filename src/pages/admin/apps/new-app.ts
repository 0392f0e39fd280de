import { APP_KINDS } from '../../../apps/app.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { APPS, NEW_APP, newPathOf } from './app-words.ts';

/** /admin/apps/new: asks how the app signs people in, and leads to the form of that kind. */
export function newAppPage(addPage: AddPage, services: Pick<PageServices, 'guards' | 'renderer'>): void {
  const { guards, renderer } = services;
  addPage(NEW_APP, {
    get: guards.steppedUpAdministrator(async ({ who: { context }, request, response }) => {
      const { t } = context.words;
      await renderer.show(request, response, {
        view: 'admin/app-kinds',
        title: t('admin-apps.new'),
        caption: t('menu.administration'),
        back: { href: APPS, text: t('admin-apps.title') },
        model: { kinds: APP_KINDS.map((kind) => ({ kind, href: newPathOf({ kind }) })) },
      });
    }),
  });
}
