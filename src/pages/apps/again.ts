import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { appOfHost } from './way-to-app.ts';

/**
 * /apps/again?host=…: where an app's host leads if it cannot take a sign-in over: it was used already (the Back button), is too
 * old, or was begun in another browser.
 */
export function againPage(
  addPage: AddPage,
  services: Pick<PageServices, 'apps' | 'guards' | 'renderer'>,
): void {
  addPage('/apps/again', {
    get: services.guards.anyone(async ({ who: { context }, request, response }) => {
      const { name, host, origin } = await appOfHost(services, request);
      await services.renderer.show(request, response, {
        view: 'apps/again',
        title: context.words.t('apps.again-title', { app: name }),
        width: 'narrow',
        formless: true,
        model: { app: name, host, href: `${origin}/` },
      });
    }),
  });
}
