import { startOf } from '../../apps/app.ts';
import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { appsOpenTo, START } from './way-to-app.ts';

/**
 * GET /apps/start: after a sign-in that leads nowhere else. Somebody with exactly one app goes on to it, others to the front page.
 * By a Refresh header, because the form that came before may redirect to no app (`form-action`): whose app it is was not known
 * when it was shown.
 */
export function startPage(
  addPage: AddPage,
  services: Pick<PageServices, 'apps' | 'clock' | 'guards' | 'renderer'>,
): void {
  addPage(START, {
    get: services.guards.signedIn(async ({ who, request, response }) => {
      const [app, another] = appsOpenTo(services, await services.apps.all(), who);
      if (!app || another) return redirectTo(response, '/');
      const href = startOf(app);
      response.set('Refresh', `0; url=${href}`);
      await services.renderer.show(request, response, {
        view: 'apps/start',
        title: who.context.words.t('apps.start-title', { app: app.name }),
        width: 'narrow',
        model: { app: app.name, href },
      });
    }),
  });
}
