import type { ParsedMail } from 'mailparser';
import { linkIn } from '../../support/mailbox.ts';
import { OPERATOR, PASSWORD } from '../../support/portal.ts';
import { enrolsApp } from '../../support/victim.ts';
import { type Studio, themselves } from './studio.ts';

/** Creating accounts and choosing passwords: pages of mailed links, and pages that request one. */
export async function accounts(studio: Studio): Promise<void> {
  await invitation(studio);
  await forgottenPassword(studio);
  await signUp(studio);
  await cancelling(studio);
}

async function invitation(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  await services.registration.invite({ email: 'ivy@example.org', name: 'Ivy Invited' }, 'member', OPERATOR);
  const link = linkIn(await portal.mailbox.next('ivy@example.org'));
  const ivy = studio.browser();
  await studio.visits('invitation/empty', ivy, link);
  await studio.presses('invitation/left-empty', ivy, t('new-password.submit'));
  ivy.fillsIn(t('field.password'), 'Ivy Invited 1');
  await studio.presses('invitation/own-words', ivy, t('new-password.submit'));
  ivy.fillsIn(t('field.password'), PASSWORD);
  await studio.presses('invitation/done', ivy, t('new-password.submit'));
  await studio.visits('invitation/dead-link', ivy, link);
}

async function forgottenPassword(studio: Studio): Promise<void> {
  const { t, portal } = studio;
  const account = await studio.account({ email: 'finn@example.org', name: 'Finn Forgot' });
  const finn = studio.browser();
  await studio.visits('forgotten-password/empty', finn, '/forgotten-password');
  await studio.presses('forgotten-password/left-empty', finn, t('forgotten-password.submit'));
  finn.fillsIn(t('field.email'), 'finn');
  await studio.presses('forgotten-password/no-address', finn, t('forgotten-password.submit'));
  finn.fillsIn(t('field.email'), account.email);
  const again = finn.copy();
  await studio.presses('forgotten-password/sent', finn, t('forgotten-password.submit'));
  await studio.presses('forgotten-password/throttled', again, t('forgotten-password.submit'));
  const link = linkIn(await portal.mailbox.next(account.email));
  await studio.visits('reset-password/empty', finn, link);
  finn.fillsIn(t('field.new-password'), 'password1234');
  await studio.presses('reset-password/common', finn, t('new-password.submit'));
  await studio.visits('reset-password/dead-link', finn, '/reset-password?token=used');
}

async function signUp(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  await services.settings.change({ signUp: true });
  const sue = studio.browser();
  await studio.visits('sign-up/empty', sue, '/sign-up');
  await studio.presses('sign-up/left-empty', sue, t('sign-up.submit'));
  sue.fillsIn(t('field.own-name'), 'Sue Sign-up');
  sue.fillsIn(t('field.email'), 'sue@example.org');
  const again = sue.copy();
  await studio.presses('sign-up/sent', sue, t('sign-up.submit'));
  await studio.presses('sign-up/throttled', again, t('sign-up.submit'));
  const link = linkIn(await portal.mailbox.next('sue@example.org'));
  await studio.visits('sign-up/confirm', sue, link);
  await studio.presses('sign-up/confirm-left-empty', sue, t('sign-up-confirm.submit'));
  await studio.visits('sign-up/dead-link', sue, '/sign-up/confirm?token=used');
  await services.settings.change({ signUp: false });
}

async function cancelling(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  const account = await studio.account({ email: 'carl@example.org', name: 'Carl Cancels' });
  await enrolsApp(portal, account);
  const told = { happened: 'I have lost my phone.', contact: 'Room 5' };
  const actor = { ...themselves(account), origin: { requestId: '', address: '192.0.2.7', browser: 'Lynx' } };
  await services.resetRequests.ask(account, told, actor);
  const carl = studio.browser();
  await studio.visits('cancel-request/own', carl, cancelLinkIn(await portal.mailbox.next(account.email)));
  await studio.presses('cancel-request/done', carl, t('cancel-request.submit'));
  await studio.visits('cancel-request/dead-link', carl, '/cancel-request?token=used');
  const ada = await services.accounts.findByEmail('ada@example.org');
  if (!ada) throw new Error('There is no administrator.');
  await portal.mailbox.next(account.email);
  await services.resetRequests.askFor(account, 'Called back', ada, themselves(ada));
  const link = cancelLinkIn(await portal.mailbox.next(account.email));
  await studio.visits('cancel-request/administrator', carl, link);
}

function cancelLinkIn(mail: ParsedMail): string {
  const link = /^https?:\/\/\S+\/cancel-request\?token=\S+$/m.exec(mail.text ?? '')?.[0];
  if (link === undefined) throw new Error(`There is no link to cancel in "${mail.subject}".`);
  return link;
}
