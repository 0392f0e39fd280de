import { days } from '../../../src/kernel/time.ts';
import { groupWith, siteRuleIs } from '../../support/policies.ts';
import { OPERATOR } from '../../support/portal.ts';
import { enrolsApp } from '../../support/victim.ts';
import type { Studio } from './studio.ts';

/** Mandatory 2FA: why, until when, "Not now", and what every page of the account shows in the meantime. */
export async function grace(studio: Studio): Promise<void> {
  const { t, portal } = studio;
  const ben = await studio.account({ email: 'ben@example.org', name: 'Ben Busy' });
  const agents = await groupWith(
    portal,
    { rule: 'mandatory', grace: { kind: 'until', at: portal.now() + days(20) } },
    [ben],
    'Busy agents',
  );
  const waiting = await studio.signsIn(ben);
  await studio.keeps('grace/offered', waiting);
  await studio.presses('grace/put-off', waiting, t('suggestion.not-now'));
  await studio.visits('grace/your-2fa', waiting, '/profile/two-factor');
  await studio.visits('grace/error-page', waiting, '/no-such-page');
  await portal.services.groups.change(agents, { ...agents, methods: ['email'] }, OPERATOR);
  await studio.visits('grace/one-method', await studio.signsIn(ben), '/sign-in/set-up');
  const app = await enrolsApp(portal, ben);
  await studio.keeps('grace/another-method', await studio.signsInWithApp(ben, app));
  await demandedNow(studio);
}

async function demandedNow(studio: Studio): Promise<void> {
  const { portal, services } = studio;
  const dan = await studio.account({ email: 'dan@example.org', name: 'Dan Daily' });
  const open = await studio.signsIn(dan);
  await siteRuleIs(portal, { rule: 'mandatory', methods: ['email'], grace: { kind: 'days', days: 1 } });
  await studio.visits('grace/not-begun', open, '/profile');
  await siteRuleIs(portal, { rule: 'optional' });
  await services.administration.enforceTwoFactor(dan, { kind: 'none' }, OPERATOR);
  await groupWith(portal, { rule: 'mandatory', methods: ['app'] }, [dan], 'Apps');
  await groupWith(portal, { rule: 'mandatory', methods: ['email'] }, [dan], 'Mails');
  const late = await studio.signsIn(dan);
  await studio.keeps('first-set-up/rules-that-disagree', late);
}
