import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { appEditPage, newAppPage } from './app-form.ts';
import { appRemovalPage } from './app-removal.ts';
import { appListPage, appPage } from './apps.ts';
import { proxyPage } from './proxy.ts';

/** Apps that people are signed in to. */
export function adminAppPages(
  addPage: AddPage,
  services: Pick<PageServices, 'appProbe' | 'apps' | 'groups' | 'guards' | 'renderer' | 'site'>,
): void {
  appListPage(addPage, services);
  newAppPage(addPage, services);
  appPage(addPage, services);
  appEditPage(addPage, services);
  proxyPage(addPage, services);
  appRemovalPage(addPage, services);
}
