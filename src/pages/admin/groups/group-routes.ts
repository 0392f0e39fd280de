import type { AddPage } from '../../../web/routes.ts';
import type { PageServices } from '../../page-services.ts';
import { groupEditPage, newGroupPage } from './group-form.ts';
import { groupMemberPages } from './group-members.ts';
import { groupRemovalPage } from './group-removal.ts';
import { groupListPage } from './groups.ts';

/** Groups of people. Each has its own 2FA rule, in addition to the site's. */
export function groupPages(addPage: AddPage, services: PageServices): void {
  groupListPage(addPage, services);
  newGroupPage(addPage, services);
  groupEditPage(addPage, services);
  groupMemberPages(addPage, services);
  groupRemovalPage(addPage, services);
}
