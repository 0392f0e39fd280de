import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { Link } from '../../src/accounts/links.ts';
import { type Actor, party } from '../../src/audit/audit.ts';
import { hours } from '../../src/kernel/time.ts';
import { siteRule } from '../../src/settings/settings.ts';
import type { EnrolmentState } from '../../src/two-factor/method.ts';
import { APP_CHANGES } from './app-changes.ts';
import { AuthenticatorApp } from './authenticator-app.ts';
import { GROUP_CHANGES } from './group-changes.ts';
import { codeIn, linkIn } from './mailbox.ts';
import { OPERATOR, type TestPortal } from './portal.ts';
import { contextOf, enrolsApp, enrolsEmail, newEmail } from './victim.ts';

const NEXT = 'forty brown sparrows fly';
const TOLD = { happened: 'My phone fell into a lake', contact: 'Room 5' };

/** A change, once everything that it needs exists. */
type Prepared = () => Promise<unknown>;

/** The person whose account is changed. */
export interface Subject {
  readonly portal: TestPortal;
  readonly account: Account;
  readonly actor: Actor;
  /** The account has failed this often in a row at the second factor, and does not have to wait. */
  readonly fails: (times: number) => Promise<void>;
  /** Nobody has an account any more. */
  readonly goesAlone: () => Promise<void>;
  /** The account has recovery codes; returns the valid one. */
  readonly hasCodes: () => Promise<string>;
}

export type Preparation = (subject: Subject) => Promise<Prepared>;

/** The token of the next mailed link to the address. */
async function tokenTo({ mailbox }: TestPortal, email: string): Promise<string> {
  return new URL(linkIn(await mailbox.next(email))).searchParams.get('token') ?? '';
}

async function linkTo(portal: TestPortal, email: string, purpose: 'invitation' | 'sign-up'): Promise<Link> {
  const link = await portal.services.registration.look(purpose, await tokenTo(portal, email));
  assert.ok(link);
  return link;
}

/** The account has an app. */
const app = async ({ portal, account }: Subject) => {
  await enrolsApp(portal, account);
  const [phone] = await portal.services.authenticators.of(account.id);
  assert.ok(phone);
  return phone;
};

/** Creates a person with an app and a request for a reset; the mail about it is read. */
const request = async (subject: Subject, rules = { secondApproval: false, waitingHours: 0 }) => {
  const { portal, account, actor } = subject;
  await app(subject);
  await portal.services.settings.change({ resets: rules });
  await portal.services.resetRequests.ask(account, TOLD, actor);
  await portal.mailbox.next(account.email);
  const open = await portal.services.resetRequests.openOf(account);
  assert.ok(open);
  return open;
};

const administrator = async ({ portal }: Subject) => portal.account(newEmail('ada'), 'administrator');

const trustBasis = async ({ portal, account }: Subject) => {
  const { authenticators, policies, settings } = portal.services;
  const policy = await policies.of(account, siteRule(await settings.read()));
  return { account, authenticators: await authenticators.of(account.id), policy, trustDays: 30 };
};

/** The account has an app, and a trusted browser. */
export async function trusts(subject: Subject): Promise<void> {
  await app(subject);
  await subject.portal.services.trustedBrowsers.trust(await trustBasis(subject), subject.actor);
}

/** All changes by people, administrators and the operator. */
export const CHANGES: Readonly<Record<string, Preparation>> = {
  'the first administrator': async ({ portal, actor, goesAlone }) => {
    const { registration, settings } = portal.services;
    await settings.change({ siteName: newEmail('site') });
    await goesAlone();
    const link = await registration.look('setup', (await registration.setupToken()) ?? '');
    assert.ok(link);
    const person = { email: newEmail('ada'), name: 'Ada' };
    return () => registration.setUp(link, newEmail('site'), person, NEXT, actor.origin);
  },
  'an account from the command line': async ({ portal }) => {
    const person = { email: newEmail('new'), name: 'New' };
    return () => portal.services.registration.create(person, 'member', NEXT, OPERATOR);
  },
  'an invitation': async ({ portal }) => {
    const person = { email: newEmail('ivy'), name: 'Ivy' };
    return () => portal.services.registration.invite(person, 'member', OPERATOR);
  },
  'an invitation that is accepted': async ({ portal, actor }) => {
    const email = newEmail('ivy');
    await portal.services.registration.invite({ email, name: 'Ivy' }, 'member', OPERATOR);
    const invitation = await linkTo(portal, email, 'invitation');
    return () => portal.services.registration.acceptInvitation(invitation, NEXT, actor.origin);
  },
  'a sign-up that is confirmed': async ({ portal, actor }) => {
    const email = newEmail('sue');
    await portal.services.registration.signUp({ email, name: 'Sue' }, OPERATOR.origin);
    const confirmation = await linkTo(portal, email, 'sign-up');
    return () => portal.services.registration.confirmSignUp(confirmation, NEXT, actor.origin);
  },
  'an import': async ({ portal }) => {
    const people = ['one', 'two', 'three'].map((name) => ({
      ...{ email: newEmail(name), name },
      ...{ role: 'member' as const, passwordHash: null, groupIds: [], language: null },
    }));
    return () => portal.services.peopleImport.create(people, OPERATOR);
  },
  'a link for a new password': async ({ portal, account }) => {
    return () => portal.services.credentials.sendReset(account, OPERATOR);
  },
  'a new password by a link': async ({ portal, account, actor }) => {
    const { credentials } = portal.services;
    await credentials.sendReset(account, OPERATOR);
    const found = await credentials.resetLink(await tokenTo(portal, account.email));
    assert.ok(found);
    return () => credentials.reset(found.link, account, NEXT, actor.origin);
  },
  'a new password by the old one': async ({ portal, account, actor }) => {
    return () => portal.services.credentials.changePassword(account, NEXT, actor);
  },
  'a new email address': async ({ portal, account, actor }) => {
    const { credentials, emailChanges } = portal.services;
    await credentials.sendReset(account, OPERATOR);
    const change = { account, email: newEmail('moved'), browser: 'a test' };
    await emailChanges.sendCode(change, actor);
    const code = codeIn(await portal.mailbox.next(change.email));
    return () => emailChanges.confirm(change, code, actor);
  },
  'another name': async ({ portal, account, actor }) => {
    return () => portal.services.profileChanges.rename(account, 'Another name', actor);
  },
  'another language': async ({ portal, account, actor }) => {
    return () => portal.services.profileChanges.chooseLocale(account, 'ar', actor);
  },
  "a reset by an administrator, with an unused link and the person's request": async (subject) => {
    await request(subject);
    const { portal, account, actor } = subject;
    await subject.hasCodes();
    await portal.services.trustedBrowsers.trust(await trustBasis(subject), actor);
    return () => portal.services.administration.resetTwoFactor(account, OPERATOR);
  },
  'a blocked authenticator that is freed': async (subject) => {
    const { authenticators, administration } = subject.portal.services;
    await authenticators.block((await app(subject)).id, subject.portal.now());
    return () => administration.unlock(subject.account, OPERATOR);
  },
  'sessions that an administrator ends': async ({ portal, account }) => {
    return () => portal.services.administration.endSessions(account, OPERATOR);
  },
  'an account that is disabled': async ({ portal, account }) => {
    await portal.services.credentials.sendReset(account, OPERATOR);
    return () => portal.services.administration.disable(account, OPERATOR);
  },
  'an account that is enabled': async ({ portal, account }) => {
    await portal.services.administration.disable(account, OPERATOR);
    return () => portal.services.administration.enable(account, OPERATOR);
  },
  'a new administrator': async ({ portal, account }) => {
    return () => portal.services.administration.setRole(account, 'administrator', OPERATOR);
  },
  'a request for a reset': async (subject) => {
    await app(subject);
    return () => subject.portal.services.resetRequests.ask(subject.account, TOLD, subject.actor);
  },
  "an administrator's request for a reset": async (subject) => {
    const ada = await administrator(subject);
    const actor = { ...subject.actor, party: party(ada) };
    return () => subject.portal.services.resetRequests.askFor(subject.account, 'Called back', ada, actor);
  },
  'an approval without a waiting period': async (subject) => {
    const open = await request(subject);
    const ada = await administrator(subject);
    return () => subject.portal.services.resetRequests.approve(open, 'Called back', ada, OPERATOR);
  },
  'an approval with a waiting period': async (subject) => {
    const open = await request(subject, { secondApproval: false, waitingHours: 24 });
    const ada = await administrator(subject);
    return () => subject.portal.services.resetRequests.approve(open, 'Called back', ada, OPERATOR);
  },
  'a reset after the waiting period': async (subject) => {
    const { portal } = subject;
    const open = await request(subject, { secondApproval: false, waitingHours: 24 });
    await portal.services.resetRequests.approve(open, 'Called', await administrator(subject), OPERATOR);
    portal.wait(hours(24));
    return () => portal.services.resetRequests.carryOut(open, OPERATOR);
  },
  'a request that is refused': async (subject) => {
    const open = await request(subject);
    return () => subject.portal.services.resetRequests.refuse(open, 'Unknown voice', OPERATOR);
  },
  'a request that the person cancels': async (subject) => {
    const { portal, account, actor } = subject;
    await app(subject);
    await portal.services.resetRequests.ask(account, TOLD, actor);
    const token = await tokenTo(portal, account.email);
    const cancellation = await portal.services.resetRequests.cancellation(token);
    assert.ok(cancellation);
    return () => portal.services.resetRequests.cancel(cancellation, actor.origin);
  },
  'recovery codes': async (subject) => {
    await app(subject);
    await subject.hasCodes();
    return () => subject.portal.services.recoveryCodes.renew(subject.account, subject.actor);
  },
  'a recovery code that is used, and frees': async (subject) => {
    const { recoveryCodes, authenticators } = subject.portal.services;
    await authenticators.block((await app(subject)).id, subject.portal.now());
    const code = await subject.hasCodes();
    return () => recoveryCodes.use(subject.account, code, subject.actor, async () => undefined);
  },
  'a first authenticator': async ({ portal, account }) => {
    const { enrolments, methods } = portal.services;
    const context = contextOf(account);
    const state = methods.app.enrolment.begin(context);
    const code = await codeOf(portal, state, account);
    return () => enrolments.submit(methods.app, state, { name: 'Phone', code }, context);
  },
  'an authenticator that replaces another': async (subject) => {
    const { portal, account } = subject;
    const { enrolments, methods, authenticators } = portal.services;
    const { id } = await app(subject);
    const context = {
      ...contextOf(account),
      existing: await authenticators.of(account.id),
      replacedId: id,
    };
    const state = methods.app.enrolment.begin(context);
    const code = await codeOf(portal, state, account);
    return () => enrolments.submit(methods.app, state, { name: 'New phone', code }, context);
  },
  'an authenticator that is renamed': async (subject) => {
    const phone = await app(subject);
    const { authenticatorChanges } = subject.portal.services;
    return () => authenticatorChanges.rename(subject.account, phone, 'Old phone', subject.actor);
  },
  'a preferred authenticator': async (subject) => {
    const phone = await app(subject);
    return () => subject.portal.services.authenticatorChanges.prefer(subject.account, phone, subject.actor);
  },
  'a removed authenticator, one of two': async (subject) => {
    const phone = await app(subject);
    await enrolsEmail(subject.portal, subject.account);
    await subject.hasCodes();
    return () => subject.portal.services.authenticatorChanges.remove(subject.account, phone, subject.actor);
  },
  'the last authenticator that is removed, with the recovery codes': async (subject) => {
    const phone = await app(subject);
    await subject.hasCodes();
    return () => subject.portal.services.authenticatorChanges.remove(subject.account, phone, subject.actor);
  },
  'an authenticator that is blocked at the hundredth wrong code': async (subject) => {
    const { portal, account, actor } = subject;
    const phone = await app(subject);
    const context = { account, purpose: 'sign-in', browser: 'a test', actor } as const;
    await subject.fails(99);
    return () => portal.services.secondStep.verify(phone, { code: '000000' }, context, async () => {});
  },
  'a browser that is trusted': async (subject) => {
    await app(subject);
    const basis = await trustBasis(subject);
    return () => subject.portal.services.trustedBrowsers.trust(basis, subject.actor);
  },
  'a removed trust': async (subject) => {
    const { trustedBrowsers } = subject.portal.services;
    await app(subject);
    const basis = await trustBasis(subject);
    await trustedBrowsers.trust(basis, subject.actor);
    const [browser] = await trustedBrowsers.of(basis);
    assert.ok(browser);
    return () => trustedBrowsers.end(subject.account, browser.id, subject.actor);
  },
  'a trust that ends with a copied cookie': async (subject) => {
    const { trustedBrowsers } = subject.portal.services;
    await app(subject);
    const basis = await trustBasis(subject);
    const trusted = await trustedBrowsers.trust(basis, subject.actor);
    assert.ok(trusted);
    const check = async () => {
      const presented = await trustedBrowsers.present(trusted.cookie);
      assert.ok(presented);
      return trustedBrowsers.check(presented, basis, subject.actor);
    };
    await check();
    return check;
  },
  'a sign-in': async ({ portal, account, actor }) => {
    return () => portal.services.completion.complete(account, actor, []);
  },
  'an ended sign-in': async ({ portal, account, actor }) => {
    const { signInId: id } = await portal.services.completion.complete(account, actor, []);
    return () => portal.services.signIns.end(account, id, actor);
  },
  'all other sign-ins that are ended': async ({ portal, account, actor }) => {
    for (let time = 0; time < 3; time++) await portal.services.completion.complete(account, actor, []);
    return () => portal.services.signIns.endOthers(account, 'this one', actor);
  },
  ...GROUP_CHANGES,
  ...APP_CHANGES,
  'a change of the settings': async ({ portal }) => {
    const changes = () => ({ siteName: newEmail('site'), helpContact: newEmail('help') });
    await portal.services.settings.change({ ...changes(), mandatorySince: 0 });
    return () => portal.services.settingsChanges.change(changes(), OPERATOR);
  },
  'old entries of the audit log that are removed': async ({ portal }) => {
    return () => portal.services.audit.prune(portal.now() + hours(1), OPERATOR);
  },
};

async function codeOf(
  { services, now }: TestPortal,
  state: EnrolmentState,
  account: Account,
): Promise<string> {
  const { steps } = services.methods.app.enrolment;
  const shown = await steps['scan']?.describe(state, contextOf(account));
  const phone = new AuthenticatorApp();
  phone.type(String(shown?.['setupKey']));
  return phone.code(now());
}
