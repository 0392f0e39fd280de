import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import {
  confirmGroup,
  editGroup,
  newGroup,
  submitConfirmedGroup,
  submitGroup,
  submitNewGroup,
} from './group-form.ts';
import {
  addConfirmedMember,
  addMember,
  askToDropMember,
  confirmMember,
  dropMember,
  showGroup,
} from './group-members.ts';
import { askToRemoveGroup, removeGroup } from './group-removal.ts';
import { GROUPS, listGroups } from './groups.ts';

/** Groups of people, each with a 2FA rule of its own besides the site's. */
export function groupPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;
  addPage(GROUPS, { get: guards.administrator(listGroups(services)) });
  addPage(`${GROUPS}/new`, {
    get: guards.steppedUpAdministrator(newGroup(services)),
    post: guards.steppedUpAdministrator(submitNewGroup(services)),
  });
  addPage(`${GROUPS}/:id`, { get: guards.administrator(showGroup(services)) });
  addPage(`${GROUPS}/:id/edit`, {
    get: guards.steppedUpAdministrator(editGroup(services)),
    post: guards.steppedUpAdministrator(submitGroup(services)),
  });
  addPage(`${GROUPS}/:id/confirm`, {
    get: guards.steppedUpAdministrator(confirmGroup(services)),
    post: guards.steppedUpAdministrator(submitConfirmedGroup(services)),
  });
  addPage(`${GROUPS}/:id/delete`, {
    get: guards.steppedUpAdministrator(askToRemoveGroup(services)),
    post: guards.steppedUpAdministrator(removeGroup(services)),
  });
  addPage(`${GROUPS}/:id/members`, {
    post: guards.steppedUpAdministrator(addMember(services)),
    formPath: (request) => `${GROUPS}/${request.params['id']}`,
  });
  addPage(`${GROUPS}/:id/members/confirm`, {
    get: guards.steppedUpAdministrator(confirmMember(services)),
    post: guards.steppedUpAdministrator(addConfirmedMember(services)),
  });
  addPage(`${GROUPS}/:id/members/:memberId/remove`, {
    get: guards.steppedUpAdministrator(askToDropMember(services)),
    post: guards.steppedUpAdministrator(dropMember(services)),
  });
}
