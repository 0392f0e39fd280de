import type { Person } from '../../support/person.ts';
import { groupWith } from '../../support/policies.ts';
import { OPERATOR } from '../../support/portal.ts';
import { enrolsApp, enrolsEmail } from '../../support/victim.ts';
import { LONG } from './long-words.ts';
import type { Studio } from './studio.ts';

/** Groups, their rules and their members, as administrators see them. */
export async function administrationOfGroups(studio: Studio, ada: Person): Promise<void> {
  const { t } = studio;
  await studio.visits('groups/none', ada, '/admin/groups');
  await studio.visits('groups/new', ada, '/admin/groups/new');
  ada.unticks(t('method.app.title'));
  ada.unticks(t('method.email.title'));
  await studio.presses('groups/refused', ada, t('group.save'));
  ada.fillsIn(t('group.name'), 'Agents');
  ada.chooses(t('method.app.title'));
  ada.chooses(t('grace.kind.until'));
  await studio.presses('groups/date-missing', ada, t('group.save'));
  ada.fillsIn(t('grace.date'), '2030-12-01');
  await studio.presses('groups/created', ada, t('group.save'));
  await members(studio, ada);
  await takingOffTheOffer(studio, ada);
  await groupsOfPeople(studio, ada);
}

async function members(studio: Studio, ada: Person): Promise<void> {
  const { t, portal } = studio;
  const { path } = ada.page;
  ada.fillsIn(t('group.add-email'), 'nobody@example.org');
  await studio.presses('group/nobody', ada, t('group.add'));
  const amy = await studio.account({ email: 'amy@example.org', name: 'Amy Agent' });
  await enrolsApp(portal, amy);
  ada.fillsIn(t('group.add-email'), amy.email);
  await studio.presses('group/added', ada, t('group.add'));
  ada.fillsIn(t('group.add-email'), LONG.email);
  await studio.presses('group/preview-member', ada, t('group.add'));
  await ada.presses(t('preview.save'));
  await studio.visits('group/members', ada, path);
  await studio.visits('group/nobody-found', ada, `${path}?search=zz`);
  await studio.visits('group/edit', ada, `${path}/edit`);
  await studio.visits('group/remove-member', ada, `${path}/members/${amy.id}/remove`);
  await studio.visits('group/delete', ada, `${path}/delete`);
}

async function takingOffTheOffer(studio: Studio, ada: Person): Promise<void> {
  const { t, portal } = studio;
  const mel = await studio.account({ email: 'mel@example.org', name: 'Mel Mail' });
  await enrolsEmail(portal, mel);
  await studio.services.settings.change({ twoFactor: { rule: 'off', methods: ['app', 'email'] } });
  const night = await groupWith(
    portal,
    { rule: 'optional' },
    [mel],
    'Night shift of the very long corridor in the old building',
  );
  await ada.visits(`/admin/groups/${night.id}/edit`);
  ada.unticks(t('method.email.title'));
  await studio.presses('group/confirm', ada, t('group.save'));
  await studio.visits('group/delete-unoffered', ada, `/admin/groups/${night.id}/delete`);
  await studio.services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
}

async function groupsOfPeople(studio: Studio, ada: Person): Promise<void> {
  const { t, services, portal } = studio;
  await studio.visits('groups/some', ada, '/admin/groups');
  const polly = await studio.account({ email: 'polly@example.org', name: 'Polly Policy' });
  const page = `/admin/people/${polly.id}`;
  await studio.visits('person-groups/none', ada, `${page}/groups`);
  ada.chooses('Agents');
  await studio.presses('person-groups/preview', ada, t('person-groups.save'));
  await studio.presses('person/in-a-group', ada, t('preview.save'));
  const days = { kind: 'days', days: 14 } as const;
  await services.administration.enforceTwoFactor(polly, days, OPERATOR);
  await groupWith(portal, { rule: 'mandatory', methods: ['email'] }, [polly], 'Mail only');
  await studio.visits('person/of-several-rules', ada, page);
  await studio.visits(
    'people/of-a-group',
    ada,
    `/admin/people?group=${(await services.groups.of(polly))[0]?.id}`,
  );
  await ada.visits(
    `/admin/people/${(await studio.account({ email: 'enno@example.org', name: 'Enno Enforced' })).id}/enforce-2fa`,
  );
  ada.chooses(t('grace.kind.days'));
  ada.fillsIn(t('page.optional', { label: t('grace.days') }), 'many');
  await studio.presses('person-action/enforce-2fa-refused', ada, t('person-action.enforce-2fa.button'));
  ada.fillsIn(t('page.optional', { label: t('grace.days') }), '14');
  await studio.presses('person-action/enforce-2fa-preview', ada, t('person-action.enforce-2fa.button'));
  await studio.presses('person/enforced', ada, t('preview.save'));
}
