import { redirectTo } from '../../web/redirects.ts';
import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { adminAppPages } from './apps/app-routes.ts';
import { auditLog } from './audit/audit-log.ts';
import { auditExport, peopleExport } from './exports.ts';
import { groupPages } from './groups/group-routes.ts';
import { importPage } from './people/import.ts';
import { invitationPage } from './people/invite.ts';
import { peoplePage } from './people/people.ts';
import { personPage } from './people/person.ts';
import { personActionPages } from './people/person-actions.ts';
import { personGroupsPage } from './people/person-groups.ts';
import { resetRequestPage } from './people/request-reset.ts';
import { approvalPages } from './policy/approval.ts';
import { policyPage } from './policy/policy.ts';
import { ADOPTION, adoptionAtAGlance } from './report/adoption.ts';
import { adoptionExport, adoptionPeople, adoptionPeopleExport } from './report/adoption-people.ts';
import { requestPages } from './requests/requests.ts';

/** Administration: policy, people, groups, requests, reports and the audit log. */
export function adminPages(addPage: AddPage, services: PageServices): void {
  const { guards } = services;

  addPage('/admin', {
    get: guards.administrator(async ({ response }) => redirectTo(response, '/admin/people')),
  });

  policyPage(addPage, services);
  approvalPages(addPage, services);

  groupPages(addPage, services);

  adminAppPages(addPage, services);

  peoplePage(addPage, services);
  invitationPage(addPage, services);
  importPage(addPage, services);
  addPage('/admin/people/export', { get: guards.administrator(peopleExport(services)) });
  personPage(addPage, services);
  resetRequestPage(addPage, services);
  personGroupsPage(addPage, services);
  personActionPages(addPage, services);

  requestPages(addPage, services);

  addPage(ADOPTION, { get: guards.administrator(adoptionAtAGlance(services)) });
  addPage(`${ADOPTION}/export`, { get: guards.administrator(adoptionExport(services)) });
  addPage(`${ADOPTION}/people`, { get: guards.administrator(adoptionPeople(services)) });
  addPage(`${ADOPTION}/people/export`, { get: guards.administrator(adoptionPeopleExport(services)) });

  addPage('/admin/audit', { get: guards.administrator(auditLog(services)) });
  addPage('/admin/audit/export', { get: guards.administrator(auditExport(services)) });
}
