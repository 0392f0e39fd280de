import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { ADOPTION, adoptionAtAGlance } from './adoption.ts';
import { adoptionExport, adoptionPeople, adoptionPeopleExport } from './adoption-people.ts';
import { auditLog } from './audit-log.ts';
import { auditExport, peopleExport } from './exports.ts';
import { groupPages } from './group-routes.ts';
import { importForm, submitImport } from './import.ts';
import { inviteForm, submitInvitation } from './invite.ts';
import { people } from './people.ts';
import { showPerson } from './person.ts';
import { act, actAsConfirmed, askAboutAction, confirmAction } from './person-actions.ts';
import {
  confirmGroupsOfPerson,
  groupsOfPerson,
  submitConfirmedGroupsOfPerson,
  submitGroupsOfPerson,
} from './person-groups.ts';
import { confirmPolicy, policyForm, submitConfirmedPolicy, submitPolicy } from './policy.ts';
import { resetRequestForm, submitResetRequest } from './request-reset.ts';
import { requestPages } from './requests.ts';

/** Administration: what holds for everybody, who has an account, and what happened. */
export function adminPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;

  addPage('/admin', {
    get: guards.administrator(async (_person, _request, response) => response.redirect(303, '/admin/people')),
  });

  addPage('/admin/policy', {
    get: guards.administrator(policyForm(services)),
    post: guards.steppedUpAdministrator(submitPolicy(services)),
  });
  addPage('/admin/policy/confirm', {
    get: guards.steppedUpAdministrator(confirmPolicy(services)),
    post: guards.steppedUpAdministrator(submitConfirmedPolicy(services)),
  });

  groupPages(addPage, services);

  addPage('/admin/people', { get: guards.administrator(people(services)) });
  addPage('/admin/people/invite', {
    get: guards.steppedUpAdministrator(inviteForm(services)),
    post: guards.steppedUpAdministrator(submitInvitation(services)),
  });
  addPage('/admin/people/import', {
    get: guards.steppedUpAdministrator(importForm(services)),
    post: guards.steppedUpAdministrator(submitImport(services)),
  });
  addPage('/admin/people/export', { get: guards.administrator(peopleExport(services)) });
  addPage('/admin/people/:id', { get: guards.administrator(showPerson(services)) });
  addPage('/admin/people/:id/request-reset', {
    get: guards.steppedUpAdministrator(resetRequestForm(services)),
    post: guards.steppedUpAdministrator(submitResetRequest(services)),
  });
  addPage('/admin/people/:id/groups', {
    get: guards.steppedUpAdministrator(groupsOfPerson(services)),
    post: guards.steppedUpAdministrator(submitGroupsOfPerson(services)),
  });
  addPage('/admin/people/:id/groups/confirm', {
    get: guards.steppedUpAdministrator(confirmGroupsOfPerson(services)),
    post: guards.steppedUpAdministrator(submitConfirmedGroupsOfPerson(services)),
  });
  addPage('/admin/people/:id/:action/confirm', {
    get: guards.steppedUpAdministrator(confirmAction(services)),
    post: guards.steppedUpAdministrator(actAsConfirmed(services)),
  });
  addPage('/admin/people/:id/:action', {
    get: guards.steppedUpAdministrator(askAboutAction(services)),
    post: guards.steppedUpAdministrator(act(services)),
  });

  requestPages(addPage, services);

  addPage(ADOPTION, { get: guards.administrator(adoptionAtAGlance(services)) });
  addPage(`${ADOPTION}/export`, { get: guards.administrator(adoptionExport(services)) });
  addPage(`${ADOPTION}/people`, { get: guards.administrator(adoptionPeople(services)) });
  addPage(`${ADOPTION}/people/export`, { get: guards.administrator(adoptionPeopleExport(services)) });

  addPage('/admin/audit', { get: guards.administrator(auditLog(services)) });
  addPage('/admin/audit/export', { get: guards.administrator(auditExport(services)) });
}
