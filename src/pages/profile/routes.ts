import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { activityPage } from './activity.ts';
import { appAccessPages } from './apps.ts';
import { emailPages } from './email.ts';
import { languagePage } from './language.ts';
import { namePage } from './name.ts';
import { myProfile } from './overview.ts';
import { passwordPage } from './password.ts';

/** "My Profile": what people can change about their own account. "Your 2FA" has its own pages. */
export function profilePages(addPage: AddPage, services: PageServices): void {
  addPage('/profile', { get: services.guards.signedIn(myProfile(services)) });
  namePage(addPage, services);
  languagePage(addPage, services);
  emailPages(addPage, services);
  passwordPage(addPage, services);
  activityPage(addPage, services);
  appAccessPages(addPage, services);
}
