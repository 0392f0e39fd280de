import type { Request, Response } from 'express';
import { startOf } from '../../apps/app.ts';
import { contextOf } from '../../web/context.ts';
import type { PageServices } from '../page-services.ts';

/**
 * Says that a request of an OpenID Connect app is no longer under way: it was finished (the Back button), is too old, or was begun in
 * another browser. `appId`: of the app that it came from, as the address says; it may be anything.
 */
export async function showLost(
  { apps, renderer, site }: Pick<PageServices, 'apps' | 'renderer' | 'site'>,
  { request, response }: { readonly request: Request; readonly response: Response },
  appId: unknown,
): Promise<void> {
  const { words } = contextOf(request);
  const found = typeof appId === 'string' && !appId.includes('\0') ? await apps.find(appId) : undefined;
  const app = found?.kind === 'oidc' ? found : undefined;
  await renderer.show(request, response, {
    ...(app
      ? { view: 'apps/again', title: words.t('apps.again-title', { app: app.name }) }
      : { view: 'apps/lost', title: words.t('open-id.lost-title') }),
    width: 'narrow',
    status: 404,
    formless: true,
    model: {
      host: new URL(site.baseUrl).host,
      ...(app && { app: app.name, href: startOf(app) }),
    },
  });
}
