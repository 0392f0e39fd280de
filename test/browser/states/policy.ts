import type { Person } from '../../support/person.ts';
import { enrolsEmail } from '../../support/victim.ts';
import type { Studio } from './studio.ts';

/** The policy page: unchanged, refused, saved, and the confirmation when it removes what people have. */
export async function administrationOfPolicy(studio: Studio, ada: Person): Promise<void> {
  const { t, portal } = studio;
  await studio.visits('policy/as-it-is', ada, '/admin/policy');
  ada.unticks(t('method.app.title'));
  ada.unticks(t('method.email.title'));
  ada.fillsIn(t('policy.trust-days'), 'many');
  ada.fillsIn(t('policy.site-name'), '');
  ada.fillsIn(t('page.optional', { label: t('policy.sender') }), 'nobody');
  ada.fillsIn(t('policy.waiting-hours'), '1000');
  await studio.presses('policy/refused', ada, t('policy.save'));
  await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/policy', { siteName: 'Help Center' }));
  await studio.keeps('policy/rule-missing', ada);
  await ada.visits('/admin/policy');
  await studio.presses('policy/unchanged', ada, t('policy.save'));
  ada.fillsIn(t('policy.trust-days'), '30');
  await studio.presses('policy/saved', ada, t('policy.save'));
  ada.chooses(t('policy.second-approval'));
  await studio.presses('policy/too-few-approvers', ada, t('policy.save'));
  await ada.visits('/admin/policy');
  await enrolsEmail(portal, await studio.account({ email: 'gus@example.org', name: 'Gus Left' }));
  await ada.visits('/admin/policy');
  ada.unticks(t('method.email.title'));
  const stricter = ada.copy();
  await studio.presses('policy/confirm', ada, t('policy.save'));
  stricter.chooses(t('policy.rule.mandatory'));
  await studio.presses('policy/confirm-mandatory', stricter, t('policy.save'));
  await ada.visits('/admin/policy');
  ada.chooses(t('policy.rule.mandatory'));
  ada.chooses(t('grace.kind.days'));
  ada.fillsIn(t('page.optional', { label: t('grace.days') }), '14');
  await studio.presses('policy/preview', ada, t('policy.save'));
  await studio.services.settings.change({ trustDays: 7 });
  await studio.presses('policy/preview-out-of-date', ada, t('preview.save'));
  await studio.services.settings.change({ twoFactor: { rule: 'off', methods: ['app', 'email'] } });
  await ada.visits('/admin/policy');
  ada.chooses(t('policy.rule.optional'));
  const answer = await ada.submitsRaw('POST', '/admin/policy/confirm', ada.form(t('policy.save')).fields);
  await ada.goesOnFrom(answer);
  await studio.keeps('policy/preview-of-nobody', ada);
  await studio.services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
  await studio.services.settings.change({ trustDays: 0 });
}
