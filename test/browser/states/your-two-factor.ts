import type { Account } from '../../../src/accounts/account.ts';
import { AuthenticatorApp } from '../../support/authenticator-app.ts';
import { codeIn } from '../../support/mailbox.ts';
import type { Person } from '../../support/person.ts';
import { enrolsApp, enrolsEmail } from '../../support/victim.ts';
import { LONG } from './long-words.ts';
import { type Studio, themselves } from './studio.ts';

const OVERVIEW = '/profile/two-factor';

/** "Your 2FA": the overview, each step of an enrolment, recovery codes, editing and removing. */
export async function yourTwoFactor(studio: Studio): Promise<void> {
  const account = await studio.account({ email: 'tess@example.org', name: 'Tess Two' });
  const tess = await studio.signsIn(account);
  await studio.visits('two-factor/none', tess, OVERVIEW);
  await studio.visits('recovery-codes/not-possible', tess, `${OVERVIEW}/recovery-codes`);
  await settingUpApp(studio, tess);
  await recoveryCodes(studio, tess);
  await settingUpEmail(studio, tess, account);
  await editing(studio, tess, account);
  await replacing(studio, tess, account);
  await removing(studio, tess, account);
  await guessing(studio);
  await underOtherPolicies(studio);
}

async function settingUpApp(studio: Studio, tess: Person): Promise<void> {
  const { t, portal } = studio;
  await studio.visits('set-up-app/empty', tess, `${OVERVIEW}/set-up/app`);
  const app = new AuthenticatorApp();
  app.type(tess.page.$('#setup-key').text());
  await studio.visits('set-up-app/qr-code-as-text', tess, `${OVERVIEW}/set-up/app/qr-code`);
  await tess.visits(`${OVERVIEW}/set-up/app`);
  await studio.presses('set-up-app/left-empty', tess, t('enrolment.submit'));
  tess.fillsIn(t('field.authenticator-name'), 'Phone');
  tess.fillsIn(t('page.verification-code'), '000000');
  await studio.presses('set-up-app/wrong', tess, t('enrolment.submit'));
  tess.fillsIn(t('page.verification-code'), '000000');
  await studio.presses('set-up-app/wrong-again', tess, t('enrolment.submit'));
  tess.fillsIn(t('page.verification-code'), app.code(portal.now()));
  await studio.presses('recovery-codes/shown', tess, t('enrolment.submit'));
}

async function recoveryCodes(studio: Studio, tess: Person): Promise<void> {
  const { t } = studio;
  await tess.presses(t('recovery.saved'));
  await studio.keeps('two-factor/app-created', tess);
  studio.portal.wait(120_000);
  await studio.visits('recovery-codes/some-left', tess, `${OVERVIEW}/recovery-codes`);
}

async function settingUpEmail(studio: Studio, tess: Person, { email }: Account): Promise<void> {
  const { t, portal } = studio;
  await studio.visits('set-up-email/name', tess, `${OVERVIEW}/set-up/email`);
  await studio.presses('set-up-email/name-left-empty', tess, t('code.send'));
  tess.fillsIn(t('field.authenticator-name'), 'phone');
  await studio.presses('set-up-email/name-taken', tess, t('code.send'));
  tess.fillsIn(t('field.authenticator-name'), 'Work mail');
  const unlucky = tess.copy();
  portal.mailbox.refuse(true);
  await studio.presses('set-up-email/not-sent', unlucky, t('code.send'));
  portal.wait(30_000);
  portal.mailbox.behave('turns away');
  await studio.presses('set-up-email/mail-server-away', unlucky.copy(), t('code.send'));
  portal.mailbox.behave('takes');
  await drain(studio, email);
  await studio.presses('set-up-email/code', tess, t('code.send'));
  const mail = await portal.mailbox.next(email);
  await studio.presses('set-up-email/code-sent-too-often', tess.copy(), t('code.send-again'));
  tess.fillsIn(t('page.verification-code'), '000000');
  await studio.presses('set-up-email/code-wrong', tess, t('enrolment.submit'));
  tess.fillsIn(t('page.verification-code'), codeIn(mail));
  await studio.presses('two-factor/email-created', tess, t('enrolment.submit'));
  const stale = tess.copy();
  await stale.goesOnFrom(await stale.submitsRaw('POST', `${OVERVIEW}/set-up/app`, { step: 'scan' }));
  await studio.keeps('set-up-app/expired', stale);
}

/** Reads all mails to an address so far, so that the next mail is the requested one. */
async function drain({ portal }: Studio, email: string): Promise<void> {
  const { messages } = portal.mailbox;
  const theirs = messages.filter(({ to }) => [to].flat().some((one) => one?.text.includes(email)));
  for (const _ of theirs) await portal.mailbox.next(email);
}

async function editing(studio: Studio, tess: Person, account: Account): Promise<void> {
  const { t, services, portal } = studio;
  const [app, mail] = await services.authenticators.of(account.id);
  if (!app || !mail) throw new Error('Two authenticators were set up.');
  await studio.visits('two-factor/edit', tess, `${OVERVIEW}/${mail.id}`);
  await studio.presses('two-factor/asked-first', tess, t('two-factor.make-first'));
  await studio.visits('two-factor/edit-app', tess, `${OVERVIEW}/${app.id}`);
  tess.fillsIn(t('field.authenticator-name'), '');
  await studio.presses('two-factor/edit-left-empty', tess, t('two-factor.save-name'));
  tess.fillsIn(t('field.authenticator-name'), 'Work mail');
  await studio.presses('two-factor/edit-name-taken', tess, t('two-factor.save-name'));
  tess.fillsIn(t('field.authenticator-name'), LONG.authenticator);
  await studio.presses('two-factor/renamed-long', tess, t('two-factor.save-name'));
  portal.wait(120_000);
  await services.authenticators.block(app.id, portal.now());
  await studio.visits('two-factor/blocked', tess, OVERVIEW);
  await services.authenticators.unblock(account.id);
  await studio.visits('two-factor/edit-long-name', tess, `${OVERVIEW}/${app.id}`);
}

async function replacing(studio: Studio, tess: Person, account: Account): Promise<void> {
  const { t, services } = studio;
  const [app] = await services.authenticators.of(account.id);
  await tess.visits(`${OVERVIEW}/${app?.id}`);
  await studio.presses('set-up-app/replacing', tess, t('two-factor.replace'));
}

async function removing(studio: Studio, tess: Person, account: Account): Promise<void> {
  const { t, services, portal } = studio;
  const [app, mail] = await services.authenticators.of(account.id);
  await studio.visits('two-factor/remove-one', tess, `${OVERVIEW}/${app?.id}/remove`);
  await studio.presses('two-factor/removed', tess, t('two-factor.remove'));
  portal.wait(120_000);
  await studio.visits('two-factor/remove-last', tess, `${OVERVIEW}/${mail?.id}/remove`);
  await services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
  await studio.visits('two-factor/remove-last-mandatory', tess, `${OVERVIEW}/${mail?.id}/remove`);
  await studio.visits('two-factor/mandatory', tess, OVERVIEW);
  await services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
}

async function guessing(studio: Studio): Promise<void> {
  const { t } = studio;
  const theo = await studio.signsIn(await studio.account({ email: 'theo@example.org', name: 'Theo Tries' }));
  await theo.visits(`${OVERVIEW}/set-up/email`);
  theo.fillsIn(t('field.authenticator-name'), 'Work mail');
  await theo.presses(t('code.send'));
  theo.fillsIn(t('page.verification-code'), '000000');
  await studio.pressesOften('set-up-email/throttled', theo, t('enrolment.submit'), 6);
}

async function underOtherPolicies(studio: Studio): Promise<void> {
  const { services, portal, t } = studio;
  const account = await studio.account({ email: 'otto@example.org', name: 'Otto Off' });
  const app = await enrolsApp(portal, account);
  await enrolsEmail(portal, account);
  await services.recoveryCodes.renew(account, themselves(account));
  const otto = await studio.signsInWithApp(account, app);
  await services.settings.change({ twoFactor: { rule: 'optional', methods: ['email'] } });
  await studio.visits('two-factor/method-switched-off', otto, OVERVIEW);
  const una = await studio.account({ email: 'ulla@example.org', name: 'Ulla Unoffered' });
  const only = await studio.signsInWithApp(una, await enrolsApp(portal, una));
  await studio.visits('two-factor/method-still-asked', only, OVERVIEW);
  const [phone] = await services.authenticators.of(una.id);
  await studio.visits('two-factor/remove-unoffered', only, `${OVERVIEW}/${phone?.id}/remove`);
  await services.settings.change({ twoFactor: { rule: 'off', methods: ['app', 'email'] } });
  await studio.visits('two-factor/switched-off', otto, OVERVIEW);
  await services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
  await otto.visits(`${OVERVIEW}/recovery-codes`);
  await studio.presses('recovery-codes/renewed', otto, t('recovery.renew'));
}
