import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { APPS, hostAppIn, pathOf } from './app-words.ts';
import { PROXIES, recipeFor } from './proxy-recipes.ts';

/** /admin/apps/:id/proxy?proxy=…: the configuration to paste into the app's proxy. */
export function proxyPage(
  addPage: AddPage,
  services: Pick<PageServices, 'apps' | 'guards' | 'renderer' | 'site'>,
): void {
  const { guards, renderer, site } = services;
  addPage(`${APPS}/:id/proxy`, {
    get: guards.administrator(async ({ who: { context }, request, response }) => {
      const { t } = context.words;
      const app = await hostAppIn(services, request);
      const proxy = PROXIES.find((name) => name === request.query['proxy']) ?? PROXIES[0] ?? 'nginx';
      const { proxies, token } = site.guard;
      const path = `${pathOf(app)}/proxy`;
      await renderer.show(request, response, {
        view: 'admin/app-proxy',
        title: t('admin-apps.proxy-title', { name: app.name }),
        caption: t('menu.administration'),
        width: 'wide',
        back: { href: pathOf(app), text: app.name },
        model: {
          ...{ proxy, portal: site.baseUrl, files: recipeFor(proxy, app) },
          proxies: PROXIES.map((name) => ({ name, href: `${path}?proxy=${name}` })),
          mayAsk: proxies.length > 0 || token !== undefined,
          port: new URL(app.origin).port,
        },
      });
    }),
  });
}
