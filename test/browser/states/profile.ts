import { newClient } from '../../support/oidc-apps.ts';
import { OPERATOR, PASSWORD } from '../../support/portal.ts';
import { enrolsApp } from '../../support/victim.ts';
import { LONG } from './long-words.ts';
import { type Studio, themselves } from './studio.ts';

const LYNX = { userAgent: 'Lynx/2.9.2 libwww-FM/2.14' };

/** The front page, "My Profile" with its changes, signed-in browsers, and a step-up. */
export async function profile(studio: Studio): Promise<void> {
  await frontPage(studio);
  await details(studio);
  await email(studio);
  await password(studio);
  await signIns(studio);
  await appAccess(studio);
  await stepUp(studio);
}

async function frontPage(studio: Studio): Promise<void> {
  const { services, portal } = studio;
  const account = await studio.account({ email: 'hana@example.org', name: 'Hana Home' });
  const hana = await studio.signsIn(account);
  await studio.keeps('two-factor/suggestion', hana);
  await studio.visits('home/without-two-factor', hana, '/');
  await studio.visits('profile/without-two-factor', hana, '/profile');
  const linked = { ...services, site: { ...services.site, helpCenterUrl: 'https://help.example.org' } };
  const visitor = studio.browser({}, linked);
  for (const [name, value] of hana.cookies) visitor.cookies.set(name, value);
  await studio.visits('home/with-help-center', visitor, '/');
  const app = await enrolsApp(portal, account);
  const withApp = await studio.signsInWithApp(account, app);
  await studio.visits('home/with-two-factor', withApp, '/');
  await studio.visits('profile/with-two-factor', withApp, '/profile');
  await services.settings.change({ twoFactor: { rule: 'off', methods: ['app', 'email'] } });
  const without = await studio.account({ email: 'olaf@example.org', name: 'Olaf Off' });
  const olaf = await studio.signsIn(without);
  await studio.visits('home/two-factor-off', olaf, '/');
  await studio.visits('profile/two-factor-off', olaf, '/profile');
  await services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
  const long = await studio.account({ email: `l.${LONG.email}`, name: LONG.name });
  await services.settings.change({ siteName: LONG.site });
  const longNamed = await studio.signsIn(long);
  await studio.visits('home/long-name', longNamed, '/');
  await studio.visits('profile/long-name', longNamed, '/profile');
  await services.settings.change({ siteName: 'Help Center' });
}

async function details(studio: Studio): Promise<void> {
  const { t, services } = studio;
  const account = await studio.account({ email: 'pia@example.org', name: 'Pia Person' });
  const pia = await studio.signsIn(account);
  await studio.visits('profile/name', pia, '/profile/name');
  pia.fillsIn(t('field.own-name'), '');
  await studio.presses('profile/name-left-empty', pia, t('profile.save'));
  pia.fillsIn(t('field.own-name'), 'Pia Newname');
  await studio.presses('profile/name-changed', pia, t('profile.save'));
  await studio.visits('profile/language', pia, '/profile/language');
  const unknown = await pia.submitsRaw('POST', '/profile/language', { language: 'xx' });
  await pia.goesOnFrom(unknown);
  await studio.keeps('profile/language-unknown', pia);
  await studio.visits('profile/activity', pia, '/profile/activity');
  const page = { actor: themselves(account), count: 60 };
  for (let number = 0; number < page.count; number++) {
    await services.audit.record('sign-out', page.actor);
  }
  await studio.visits('profile/activity-page-2', pia, '/profile/activity?page=2');
}

async function email(studio: Studio): Promise<void> {
  const { t, portal } = studio;
  const account = await studio.account({ email: 'mo@example.org', name: 'Mo Moves' });
  const mo = await studio.signsIn(account);
  await studio.visits('profile/email', mo, '/profile/email');
  await studio.presses('profile/email-left-empty', mo, t('code.send'));
  mo.fillsIn(t('field.new-email'), account.email);
  await studio.presses('profile/email-the-same', mo, t('code.send'));
  mo.fillsIn(t('field.new-email'), 'mo.moved@example.org');
  await studio.presses('profile/email-code', mo, t('code.send'));
  await studio.presses('profile/email-code-sent-too-often', mo.copy(), t('code.send-again'));
  const mail = await portal.mailbox.next('mo.moved@example.org');
  mo.fillsIn(t('page.verification-code'), '12');
  await studio.presses('profile/email-code-no-code', mo, t('profile.email-submit'));
  mo.fillsIn(t('page.verification-code'), '000000');
  const guesser = mo.copy();
  await studio.pressesOften('profile/email-code-throttled', guesser, t('profile.email-submit'), 6);
  await studio.visits('profile/email-code-waiting', guesser, '/profile/email/code');
  portal.wait(600_000);
  await studio.visits('profile/email-code-expired', mo, '/profile/email/code');
  await studio.presses('profile/email-code-sent-again', mo, t('code.send'));
  if (!mail.text) throw new Error('The code was not mailed.');
  const code = /^\d{6}$/m.exec((await portal.mailbox.next('mo.moved@example.org')).text ?? '')?.[0] ?? '';
  mo.fillsIn(t('page.verification-code'), code);
  await studio.presses('profile/email-changed', mo, t('profile.email-submit'));
}

async function password(studio: Studio): Promise<void> {
  const { t } = studio;
  const account = await studio.account({ email: 'wes@example.org', name: 'Wes Word' });
  const wes = await studio.signsIn(account);
  await studio.visits('profile/password', wes, '/profile/password');
  await studio.presses('profile/password-left-empty', wes, t('profile.password-submit'));
  wes.fillsIn(t('field.current-password'), 'not the right one');
  wes.fillsIn(t('field.new-password'), 'another very long word');
  const guesser = wes.copy();
  await studio.presses('profile/password-refused', wes, t('profile.password-submit'));
  await studio.pressesOften('profile/password-throttled', guesser, t('profile.password-submit'), 5);
}

async function signIns(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  const account = await studio.account({ email: 'bea@example.org', name: 'Bea Browsers' });
  const bea = await studio.signsIn(account);
  await studio.visits('sign-ins/one', bea, '/profile/sign-ins');
  const app = await enrolsApp(portal, account);
  await services.settings.change({ trustDays: 30 });
  const trusting = await studio.signsIn(account, LYNX);
  trusting.chooses(t('trust.offer', { count: 30 }));
  await studio.givesCode(trusting, app);
  const other = await studio.signsInWithApp(account, app);
  await studio.signsInWithApp(account, app);
  await studio.visits('sign-ins/several', other, '/profile/sign-ins');
  await studio.presses('sign-ins/trust-ended', other, t('trust.end', { browser: 'Lynx' }));
  await studio.presses('sign-ins/others-ended', other, t('sign-ins.end-others'));
  await services.settings.change({ trustDays: 0 });
}

async function appAccess(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  const account = await studio.account({ email: 'abe@example.org', name: 'Abe Apps' });
  const abe = await studio.signsIn(account);
  await studio.visits('profile/no-apps', abe, '/profile/apps');
  const asking = { asksConsent: true, mayRefresh: true };
  const partner = await newClient(portal, { name: 'Partner shop', ...asking });
  const long = await newClient(portal, { name: LONG.authenticator, ...asking });
  for (const app of [partner, long]) {
    const scopes = app === long ? ['openid'] : ['openid', 'profile', 'email', 'offline_access'];
    await services.consents.give(account, app, scopes, themselves(account));
  }
  await studio.visits('profile/apps', abe, '/profile/apps');
  await studio.visits('profile/app-take-back', abe, `/profile/apps/${long.id}/take-back`);
  await abe.visits(`/profile/apps/${partner.id}/take-back`);
  await studio.presses('profile/app-taken-back', abe, t('app-access.take-back-button'));
  // The other parts have no apps.
  for (const app of [partner, long]) await services.apps.remove(app, OPERATOR);
}

async function stepUp(studio: Studio): Promise<void> {
  const { t, portal, services } = studio;
  const account = await studio.account({ email: 'una@example.org', name: 'Una Up' });
  const app = await enrolsApp(portal, account);
  await services.recoveryCodes.renew(account, themselves(account));
  const una = await studio.signsInWithApp(account, app);
  portal.wait(11 * 60_000);
  await studio.visits('step-up/password', una, '/profile/password');
  await studio.presses('step-up/password-left-empty', una, t('step-up.submit'));
  una.fillsIn(t('field.password'), 'not the right one');
  const guesser = una.copy();
  await studio.presses('step-up/password-refused', una, t('step-up.submit'));
  await studio.pressesOften('step-up/password-throttled', guesser, t('step-up.submit'), 5);
  portal.wait(60_000);
  una.fillsIn(t('field.password'), PASSWORD);
  await studio.presses('step-up/code', una, t('step-up.submit'));
  una.fillsIn(t('page.verification-code'), '000000');
  await studio.presses('step-up/code-wrong', una, t('code.submit'));
  await studio.visits('step-up/recovery', una, '/step-up/code/recovery');
  await studio.visits('step-up/lost-access', una, '/step-up/code/lost-access');
}
