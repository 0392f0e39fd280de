import type { Account } from '../../../src/accounts/account.ts';
import { hours, minutes } from '../../../src/kernel/time.ts';
import { PERSON_ACTIONS } from '../../../src/pages/admin/people/person-action-list.ts';
import type { Person } from '../../support/person.ts';
import { OPERATOR } from '../../support/portal.ts';
import { enrolsApp, enrolsEmail } from '../../support/victim.ts';
import { administrationOfAdoption } from './adoption.ts';
import { administrationOfGroups } from './groups.ts';
import { LONG } from './long-words.ts';
import { administrationOfPolicy } from './policy.ts';
import { resetRequests } from './reset-requests.ts';
import type { Studio } from './studio.ts';

/** Administration, as Ada sees it; it comes first, so that its lists only contain what is created here. */
export async function administration(studio: Studio): Promise<void> {
  const ada = await studio.signsIn({ email: 'ada@example.org' });
  await lists(studio, ada);
  await inviting(studio, ada);
  await importing(studio, ada);
  await person(studio, ada);
  await resetRequests(studio, ada);
  await administrationOfPolicy(studio, ada);
  await administrationOfGroups(studio, ada);
  await administrationOfAdoption(studio, ada);
  await mails(studio);
}

async function lists(studio: Studio, ada: Person): Promise<void> {
  await studio.visits('people/one', ada, '/admin/people');
  await studio.visits('audit-log/few', ada, '/admin/audit');
  await studio.visits('audit-log/nothing-fits', ada, '/admin/audit?person=nobody&from=2030-01-31');
  await studio.visits('audit-log/refused', ada, '/admin/audit?event=x&from=2030-02-30&to=yesterday');
  for (let number = 1; number <= 120; number++) {
    const digits = String(number).padStart(3, '0');
    await studio.account({ email: `person${digits}@example.org`, name: `Person ${digits}` });
  }
  await studio.visits('people/many-page-2', ada, '/admin/people?page=2');
  await studio.visits('people/found', ada, '/admin/people?search=person11');
  await studio.visits('people/nobody-found', ada, '/admin/people?search=nobody');
  await studio.visits('people/search-too-long', ada, `/admin/people?search=${'x'.repeat(201)}`);
  await studio.account({ email: LONG.email, name: LONG.name });
  await studio.account({ email: 'paul@example.org', name: 'Paul Pending', hasPassword: false });
  await studio.visits('people/long-names', ada, '/admin/people?search=p');
}

async function inviting(studio: Studio, ada: Person): Promise<void> {
  const { t, portal } = studio;
  await studio.visits('invite/empty', ada, '/admin/people/invite');
  await studio.presses('invite/left-empty', ada, t('invite.submit'));
  ada.fillsIn(t('people.name'), 'Nora New');
  ada.fillsIn(t('field.email'), 'ada@example.org');
  await studio.presses('invite/address-taken', ada, t('invite.submit'));
  ada.fillsIn(t('field.email'), 'nora@example.org');
  await studio.presses('person/invited', ada, t('invite.submit'));
  await ada.visits('/admin/people/invite');
  ada.fillsIn(t('people.name'), 'Una Unlucky');
  ada.fillsIn(t('field.email'), 'unlucky@example.org');
  portal.mailbox.refuse(true);
  await studio.presses('person/invitation-not-sent', ada, t('invite.submit'));
  portal.mailbox.refuse(false);
}

async function importing(studio: Studio, ada: Person): Promise<void> {
  const { t } = studio;
  await studio.visits('import/empty', ada, '/admin/people/import');
  await studio.presses('import/left-empty', ada, t('import.submit'));
  ada.fillsIn(
    t('import.csv'),
    'email,name,role\nann@example.org,Ann,boss\nno address,Bob,\nada@example.org,Ada,',
  );
  await studio.presses('import/faulty', ada, t('import.check'));
  ada.fillsIn(t('import.csv'), 'email,name\nann@example.org,Ann Example\nbob@example.org,Bob Example');
  await studio.presses('import/checked', ada, t('import.check'));
  ada.unticks(t('import.invite'));
  await studio.presses('import/done', ada, t('import.submit'));
}

async function person(studio: Studio, ada: Person): Promise<void> {
  const { t, services, portal } = studio;
  const self = await accountOf(studio, 'ada@example.org');
  const vera = await studio.account({ email: 'vera@example.org', name: 'Vera Several' });
  await enrolsApp(portal, vera);
  await enrolsEmail(portal, vera);
  await studio.visits('person/with-authenticators', ada, `/admin/people/${vera.id}`);
  const [app] = await services.authenticators.of(vera.id);
  if (!app) throw new Error('Vera has an app.');
  await services.authenticators.block(app.id, portal.now());
  await studio.visits('person/blocked', ada, `/admin/people/${vera.id}`);
  await studio.visits('person/own', ada, `/admin/people/${self.id}`);
  await studio.visits(
    'person/without-authenticators',
    ada,
    `/admin/people/${(await accountOf(studio, LONG.email)).id}`,
  );
  await actions(studio, ada, { self, vera });
  portal.mailbox.refuse(true);
  await ada.visits(`/admin/people/${vera.id}/send-password-link`);
  await studio.presses('person-action/mail-refused', ada, t('person-action.send-password-link.button'));
  portal.mailbox.refuse(false);
  await ada.visits(`/admin/people/${self.id}/remove-administrator`);
  await studio.presses(
    'person-action/last-administrator',
    ada,
    t('person-action.remove-administrator.button'),
  );
  await ada.visits(`/admin/people/${vera.id}/free-authenticators`);
  await studio.presses('person/freed', ada, t('person-action.free-authenticators.button'));
  await studio.visits('person/not-now', ada, `/admin/people/${vera.id}/enable`);
}

/** The confirmation of each action on an account; of one's own account, too. */
async function actions(
  studio: Studio,
  ada: Person,
  { self, vera }: { readonly self: Account; readonly vera: Account },
): Promise<void> {
  const { portal, services } = studio;
  const invited = await accountOf(studio, 'paul@example.org');
  const disabled = await studio.account({ email: 'dora@example.org', name: 'Dora Disabled' });
  await services.accounts.disable(disabled.id, portal.now());
  await studio.visits('person/disabled', ada, `/admin/people/${disabled.id}`);
  const colleague = await studio.account({
    email: 'cole@example.org',
    name: 'Cole League',
    role: 'administrator',
  });
  const fitting: Partial<Record<(typeof PERSON_ACTIONS)[number], Account>> = {
    'send-invitation': invited,
    enable: disabled,
    'lift-2fa': await enforcedOn(studio),
    'remove-administrator': colleague,
  };
  for (const action of PERSON_ACTIONS) {
    const { id } = fitting[action] ?? vera;
    await studio.visits(`person-action/${action}`, ada, `/admin/people/${id}/${action}`);
  }
  await studio.visits('person-action/own-reset', ada, `/admin/people/${self.id}/reset-2fa`);
  await studio.visits('person-action/own-role', ada, `/admin/people/${self.id}/remove-administrator`);
  await services.accounts.disable(colleague.id, portal.now());
}

/** The results of mails to a person; this takes hours, so Ada signs in once more. */
async function mails(studio: Studio): Promise<void> {
  const { portal, services } = studio;
  const maya = await studio.account({ email: 'maya@example.org', name: 'Maya Mail' });
  await services.administration.endSessions(maya, OPERATOR);
  await portal.delivered();
  portal.mailbox.behave('refuses');
  await services.administration.endSessions(maya, OPERATOR);
  await portal.delivered();
  portal.mailbox.behave('defers');
  await services.credentials.sendReset(maya, OPERATOR);
  portal.wait(hours(1));
  await portal.deliver();
  await services.credentials.sendReset(maya, OPERATOR);
  await services.credentials.sendReset(maya, OPERATOR);
  portal.wait(minutes(20));
  const ada = await studio.signsIn({ email: 'ada@example.org' });
  await studio.visits('person/mails', ada, `/admin/people/${maya.id}`);
  await studio.visits('people/mails-late', ada, '/admin/people?search=maya');
  portal.mailbox.behave('takes');
  await portal.deliver();
}

async function enforcedOn(studio: Studio): Promise<Account> {
  const lia = await studio.account({ email: 'lia@example.org', name: 'Lia Lift' });
  await studio.services.administration.enforceTwoFactor(lia, { kind: 'none' }, OPERATOR);
  return lia;
}

async function accountOf({ services }: Studio, email: string): Promise<Account> {
  const account = await services.accounts.findByEmail(email);
  if (!account) throw new Error(`${email} has no account.`);
  return account;
}
