import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { appFormPages } from './app-form.ts';
import { appRemovalPage } from './app-removal.ts';
import { appSecretPages } from './app-secret.ts';
import { appListPage, appPage } from './apps.ts';
import { connectPage } from './connect.ts';
import { newAppPage } from './new-app.ts';
import { proxyPage } from './proxy.ts';

/** Apps that people are signed in to. */
export function adminAppPages(
  addPage: AddPage,
  services: Pick<
    PageServices,
    | 'appProbe'
    | 'appSecrets'
    | 'apps'
    | 'clientErrors'
    | 'clock'
    | 'groups'
    | 'guards'
    | 'keyring'
    | 'logoutReports'
    | 'renderer'
    | 'site'
  >,
): void {
  appListPage(addPage, services);
  newAppPage(addPage, services);
  appFormPages(addPage, services);
  appPage(addPage, services);
  connectPage(addPage, services);
  appSecretPages(addPage, services);
  proxyPage(addPage, services);
  appRemovalPage(addPage, services);
}
