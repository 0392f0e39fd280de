import type { Person } from '../../support/person.ts';
import { groupWith } from '../../support/policies.ts';
import type { Studio } from './studio.ts';

/** Who has what of 2FA, with groups, and the people behind the numbers. */
export async function administrationOfAdoption(studio: Studio, ada: Person): Promise<void> {
  await groupWith(studio.portal, { rule: 'off' }, [], 'Nobody yet');
  await studio.visits('adoption/groups', ada, '/admin/adoption');
  await studio.visits('adoption/people', ada, '/admin/adoption/people?figure=lacking');
  await studio.visits('adoption/people-page-2', ada, '/admin/adoption/people?figure=can-sign-in&page=2');
  const nobody = await studio.services.groups.findByName('Nobody yet');
  await studio.visits('adoption/nobody', ada, `/admin/adoption/people?figure=overdue&group=${nobody?.id}`);
}
