import type { ListedApp } from '../../../apps/app.ts';
import { addQuestionPage } from '../../../web/confirm-page.ts';
import type { Redirect } from '../../../web/form-page.ts';
import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { APPS, appIn, pathOf } from './app-words.ts';

/** /admin/apps/:id/remove */
export function appRemovalPage(
  addPage: AddPage,
  services: Pick<PageServices, 'apps' | 'guards' | 'renderer'>,
): void {
  const { apps, guards } = services;
  addQuestionPage(addPage, services, {
    path: `${APPS}/:id/remove`,
    guard: guards.steppedUpAdministrator,
    load: ({ request }) => appIn(services, request),
    async propose({ who, subject: app }) {
      const { t } = who.context.words;
      const remove = async (): Promise<Redirect> => {
        await apps.remove(app, who.actor);
        return {
          goTo: APPS,
          flash: { key: 'admin-apps.removed', kind: 'success', values: { name: app.name } },
        };
      };
      return {
        needsConfirming: async () => true,
        preview: async () => ({
          view: 'admin/confirm',
          title: t('admin-apps.remove-title', { name: app.name }),
          caption: t('menu.administration'),
          back: { href: pathOf(app), text: app.name },
          model: {
            text: t(app.kind === 'host' ? 'admin-apps.remove-text' : 'admin-apps.remove-text-protocol', {
              address: app.origin,
            }),
            button: { text: t('admin-apps.remove'), kind: 'danger' },
            cancel: { href: pathOf(app), text: t('enrolment.cancel') },
          },
          revision: revisionOf(app),
          staleNotice: 'admin-apps.stale',
        }),
        apply: remove,
        applyIfUnchanged: async (revision) => (revision === revisionOf(app) ? remove() : 'stale'),
      };
    },
  });
}

/** What the page says about the app. */
function revisionOf({ name, origin }: ListedApp): string {
  return JSON.stringify([name, origin]);
}
