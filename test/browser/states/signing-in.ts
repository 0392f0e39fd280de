import { passwordSubjects } from '../../../src/accounts/password-sign-in.ts';
import { FailureBackoff, PASSWORD_ACCOUNT_RULE } from '../../../src/limits/failure-backoff.ts';
import { KnexBackoffStore } from '../../../src/storage/limits.ts';
import { openDatabase } from '../../../src/storage/sql/database.ts';
import { OPERATOR, PASSWORD } from '../../support/portal.ts';
import { enrolsApp, enrolsEmail } from '../../support/victim.ts';
import { LONG } from './long-words.ts';
import { type Studio, themselves } from './studio.ts';

/** Signing in and out: the password, the second step in each of its forms, lost access, a first enrolment. */
export async function signingIn(studio: Studio): Promise<void> {
  await password(studio);
  await appCode(studio);
  await mailedCode(studio);
  await afterReset(studio);
  await lostAccess(studio);
  await firstEnrolment(studio);
}

async function password(studio: Studio): Promise<void> {
  const { t, services } = studio;
  const person = studio.browser();
  await studio.visits('sign-in/empty', person, '/sign-in');
  await studio.presses('sign-in/left-empty', person, t('sign-in.submit'));
  person.fillsIn(t('field.email'), 'nobody@example.org');
  person.fillsIn(t('field.password'), 'not the right one');
  const guesser = person.copy();
  await studio.presses('sign-in/refused', person, t('sign-in.submit'));
  await studio.pressesOften('sign-in/throttled', guesser, t('sign-in.submit'), 5);
  await guessedByOthers(studio);
  await services.settings.change({ signUp: true, helpContact: 'help@example.org' });
  await studio.visits('sign-in/with-sign-up-and-contact', studio.browser(), '/sign-in');
  await services.settings.change({ signUp: false, helpContact: '' });
  const account = await studio.account({ email: 'olivia@example.org', name: 'Olivia Out' });
  const olivia = await studio.signsIn(account);
  await olivia.visits('/');
  await studio.presses('sign-in/signed-out', olivia, t('menu.sign-out'));
}

/** A hundred strangers have guessed at this address. */
async function guessedByOthers(studio: Studio): Promise<void> {
  const { t, portal } = studio;
  const email = 'besieged@example.org';
  const db = openDatabase(`sqlite:${portal.folder}/postern.sqlite`);
  const throttle = new FailureBackoff(new KnexBackoffStore(db), portal.now);
  const [, anywhere] = passwordSubjects(email, OPERATOR.origin, portal.services.keyring);
  for (let guesses = 0; guesses < 100; guesses++) await throttle.consume(anywhere, PASSWORD_ACCOUNT_RULE);
  await db.destroy();
  const person = studio.browser();
  await person.visits('/sign-in');
  person.fillsIn(t('field.email'), email);
  person.fillsIn(t('field.password'), PASSWORD);
  await studio.presses('sign-in/throttled-by-others', person, t('sign-in.submit'));
}

async function appCode(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  const account = await studio.account({ email: 'alex@example.org', name: 'Alex App' });
  const app = await enrolsApp(portal, account);
  const alex = await studio.signsIn(account);
  await studio.keeps('sign-in-code/app', alex);
  await studio.presses('sign-in-code/app-left-empty', alex, t('code.submit'));
  alex.fillsIn(t('page.verification-code'), '000000');
  const guesser = alex.copy();
  await studio.presses('sign-in-code/app-wrong', alex, t('code.submit'));
  await studio.presses('sign-in-code/app-wrong-again', guesser, t('code.submit'));
  guesser.fillsIn(t('page.verification-code'), '000000');
  await studio.pressesOften('sign-in-code/app-throttled', guesser, t('code.submit'), 4);
  await studio.visits('sign-in-code/app-waiting', guesser, '/sign-in/code');
  portal.wait(3_600_000);
  await services.settings.change({ trustDays: 30 });
  const again = await studio.signsIn(account);
  await studio.keeps('sign-in-code/trusted-browser-offered', again);
  await studio.givesCode(again, app);
  await services.settings.change({ trustDays: 0 });
  const [authenticator] = await services.authenticators.of(account.id);
  if (!authenticator) throw new Error('The app is gone.');
  await services.authenticators.block(authenticator.id, portal.now());
  await studio.keeps('sign-in-code/app-blocked', await studio.signsIn(account));
}

async function afterReset(studio: Studio): Promise<void> {
  const { services, portal } = studio;
  const account = await studio.account({ email: 'rena@example.org', name: 'Rena Reset' });
  await enrolsApp(portal, account);
  await enrolsEmail(portal, account);
  await services.accounts.resetPassword(account.id, account.passwordHash ?? '', portal.now());
  await studio.keeps('sign-in-code/after-reset', await studio.signsIn(account));
}

async function mailedCode(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  const account = await studio.account({ email: 'emil@example.org', name: 'Emil Mail' });
  await enrolsEmail(portal, account);
  portal.mailbox.refuse(true);
  const emil = await studio.signsIn(account);
  await studio.keeps('sign-in-code/email-not-sent', emil);
  portal.wait(30_000);
  await studio.presses('sign-in-code/email-refused-again', emil, t('code.send'));
  portal.wait(30_000);
  portal.mailbox.behave('turns away');
  await studio.presses('sign-in-code/email-mail-server-away', emil, t('code.send'));
  portal.mailbox.behave('defers');
  await studio.presses('sign-in-code/email-delayed', emil, t('code.send'));
  portal.mailbox.behave('takes');
  portal.wait(3_570_000);
  const again = await studio.signsIn(account);
  await studio.keeps('sign-in-code/email', again);
  await studio.presses('sign-in-code/email-sent-too-often', again.copy(), t('code.send-again'));
  again.fillsIn(t('page.verification-code'), 'no code');
  await studio.presses('sign-in-code/email-no-code', again, t('code.submit'));
  portal.wait(30_000);
  await studio.visits('sign-in-code/email-may-send-again', again, '/sign-in/code');
  await studio.presses('sign-in-code/email-sent-again', again, t('code.send-again'));
  await enrolsApp(portal, account);
  await services.recoveryCodes.renew(account, themselves(account));
  portal.wait(120_000);
  await studio.visits('sign-in-code/several-ways', again, '/sign-in/code');
  const mistaken = again.copy();
  mistaken.fillsIn(t('page.verification-code'), 'ABCD-EFGH-JKMN-PQRS');
  await studio.presses('sign-in-code/recovery-code-typed', mistaken, t('code.submit'));
  await again.follow(t('code.use-other'));
  await studio.keeps('sign-in-code/other', again);
  await studio.visits('sign-in-code/recovery', again, '/sign-in/code/recovery');
  await studio.presses('sign-in-code/recovery-left-empty', again, t('code.submit'));
  again.fillsIn(t('recovery.field'), 'ABCD-EFGH-JKMN-PQRS');
  const guesser = again.copy();
  await studio.presses('sign-in-code/recovery-wrong', again, t('code.submit'));
  await studio.pressesOften('sign-in-code/recovery-throttled', guesser, t('code.submit'), 5);
  portal.wait(120_000);
  const [code = ''] = await services.recoveryCodes.renew(account, themselves(account));
  again.fillsIn(t('recovery.field'), code);
  await studio.presses('sign-in-code/recovered', again, t('code.submit'));
}

async function lostAccess(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  const account = await studio.account({ email: 'lou@example.org', name: 'Lou Lost' });
  await enrolsApp(portal, account);
  const lou = await studio.signsIn(account);
  await studio.visits('lost-access/empty', lou, '/sign-in/code/lost-access');
  await studio.presses('lost-access/left-empty', lou, t('lost-access.submit'));
  lou.fillsIn(t('lost-access.happened'), 'My phone fell into a lake.');
  lou.fillsIn(t('lost-access.reach'), 'Room 5');
  const unlucky = lou.copy();
  portal.mailbox.refuse(true);
  await studio.presses('lost-access/asked-without-mail', unlucky, t('lost-access.submit'));
  portal.mailbox.refuse(false);
  const first = await services.resetRequests.openOf(account);
  if (!first) throw new Error('Nothing was asked for.');
  await services.resetRequests.refuse(first, 'A test', themselves(account));
  await studio.presses('lost-access/throttled', lou.copy(), t('lost-access.submit'));
  portal.wait(60_000);
  await services.settings.change({ helpContact: 'Call +49 30 1234567, weekdays from 9 to 17' });
  await studio.presses('lost-access/asked', lou, t('lost-access.submit'));
  await services.settings.change({ helpContact: '', resets: { secondApproval: false, waitingHours: 24 } });
  const open = await services.resetRequests.openOf(account);
  const administrator = await services.accounts.findByEmail('ada@example.org');
  if (!open || !administrator) throw new Error('There is nobody to approve, or nothing.');
  await services.resetRequests.approve(open, 'Known by sight', administrator, themselves(administrator));
  portal.wait(120_000);
  await studio.visits('lost-access/approved', lou, '/sign-in/code/lost-access');
  await services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
}

async function firstEnrolment(studio: Studio): Promise<void> {
  const { t, services, portal } = studio;
  await services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
  const account = await studio.account({ email: 'mia@example.org', name: 'Mia Must' });
  const mia = await studio.signsIn(account);
  await studio.keeps('first-set-up/choose', mia);
  await studio.visits('first-set-up/app', mia, '/sign-in/set-up/app');
  await studio.visits('first-set-up/email-name', mia, '/sign-in/set-up/email');
  mia.fillsIn(t('field.authenticator-name'), 'Work mail');
  await studio.presses('first-set-up/email-code', mia, t('code.send'));
  const mail = await portal.mailbox.next(account.email);
  mia.fillsIn(t('page.verification-code'), /^\d{6}$/m.exec(mail.text ?? '')?.[0] ?? '');
  await studio.presses('first-set-up/recovery-codes', mia, t('enrolment.submit'));
  await services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
  const long = await studio.account({ email: `m.${LONG.email}`, name: LONG.name });
  await enrolsEmail(portal, long);
  await studio.keeps('sign-in-code/long-address', await studio.signsIn(long));
}
