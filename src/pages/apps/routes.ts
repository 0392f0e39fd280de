import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { againPage } from './again.ts';
import { authorizePages } from './authorize.ts';
import { confirmEmailPages } from './confirm-email.ts';
import { logoutPages } from './logout.ts';
import { enrolPages } from './missing-proof.ts';
import { openPages } from './open.ts';
import { signOutPage } from './sign-out.ts';
import { signedHandOverPages } from './signed-hand-over.ts';
import { startPage } from './start.ts';

/** What an app's host sends people to, and what is asked for on the way to an app. */
export function appPages(addPage: AddPage, services: PageServices): void {
  openPages(addPage, services);
  signedHandOverPages(addPage, services);
  authorizePages(addPage, services);
  enrolPages(addPage, services);
  confirmEmailPages(addPage, services);
  againPage(addPage, services);
  signOutPage(addPage, services);
  logoutPages(addPage, services);
  startPage(addPage, services);
}
