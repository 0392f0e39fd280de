import assert from 'node:assert/strict';
import type { Account, Role } from '../../src/accounts/account.ts';
import type { MethodId } from '../../src/settings/method-ids.ts';
import { siteRule } from '../../src/settings/settings.ts';
import type { EnrolmentOutcome } from '../../src/two-factor/authenticator-enrolments.ts';
import type { EnrolmentContext, EnrolmentState, FieldValues } from '../../src/two-factor/method.ts';
import { AuthenticatorApp } from './authenticator-app.ts';
import { codeIn } from './mailbox.ts';
import type { Person } from './person.ts';
import { groupWith } from './policies.ts';
import { OPERATOR, type TestPortal } from './portal.ts';
import { nextStep, savesRecoveryCodes, setsUpEmail, signsIn } from './steps.ts';

export const TRUST = 'Don’t ask for a code in this browser for 30 days';

/** A person with an app, recovery codes and a browser, whom the attacker targets. */
export interface Victim {
  readonly email: string;
  readonly account: Account;
  readonly app: AuthenticatorApp;
  readonly recoveryCodes: readonly string[];
  /** Signed in. */
  readonly browser: Person;
}

let number = 0;

export function newEmail(name: string): string {
  number += 1;
  return `${name}${number}@example.org`;
}

interface Who {
  readonly role?: Role;
  readonly name?: string;
}

/** A new person with an app, signed in with it; without the slow pages and the recovery codes. */
export async function victimOf(
  portal: TestPortal,
  { role = 'member', name = 'Vera Victim' }: Who = {},
): Promise<Victim> {
  const email = newEmail('vera');
  const account = await portal.account(email, role, name);
  const app = await enrolsApp(portal, account);
  const browser = await signsIn(portal, email);
  await givesAppCode(portal, browser, app);
  assert.ok(isSignedIn(browser), browser.page.heading);
  return { email, account, app, recoveryCodes: [], browser };
}

/** A new person who has set up an app on the pages of the site, and has ten recovery codes. */
export async function victimWithCodes(portal: TestPortal): Promise<Victim> {
  const email = newEmail('vera');
  const account = await portal.account(email, 'member', 'Vera Victim');
  const browser = await signsIn(portal, email);
  await browser.visits('/profile/two-factor/set-up/app');
  const app = new AuthenticatorApp();
  app.type(browser.page.$('#setup-key').text());
  browser.fillsIn('Authenticator Name', 'Phone');
  browser.fillsIn('Verification Code', app.code(portal.now()));
  await browser.presses('Submit Code and Create');
  await portal.mailbox.next(email);
  const recoveryCodes = await savesRecoveryCodes(portal, browser, email);
  assert.equal(recoveryCodes.length, 10);
  return { email, account, app, recoveryCodes, browser };
}

/** Gives the account an app, only in the domain. */
export async function enrolsApp(portal: TestPortal, account: Account): Promise<AuthenticatorApp> {
  const method = portal.services.methods.app;
  const context = contextOf(account);
  const state = method.enrolment.begin(context);
  const shown = await method.enrolment.steps['scan']?.describe(state, context);
  const app = new AuthenticatorApp();
  app.type(String(shown?.['setupKey']));
  await enrols(portal, 'app', state, { name: 'Phone', code: app.code(portal.now()) }, account);
  await portal.mailbox.next(account.email);
  return app;
}

/** Gives the account email as a factor, only in the domain; the next code may be sent afterwards. */
export async function enrolsEmail(portal: TestPortal, account: Account): Promise<void> {
  const state = portal.services.methods.email.enrolment.begin(contextOf(account));
  const sent = await enrols(portal, 'email', state, { name: 'Work mail' }, account);
  assert.ok(sent.kind === 'continue');
  const code = await mailedCode(portal, account.email);
  await enrols(portal, 'email', sent.state, { code }, account);
  await portal.mailbox.next(account.email);
  portal.wait(30_000);
}

async function enrols(
  { services }: TestPortal,
  method: MethodId,
  state: EnrolmentState,
  values: FieldValues,
  account: Account,
): Promise<EnrolmentOutcome> {
  return services.enrolments.submit(services.methods[method], state, values, contextOf(account));
}

export function contextOf(account: Account): EnrolmentContext {
  const actor = { party: { id: account.id, label: account.email }, origin: OPERATOR.origin };
  return {
    ...{ account, existing: [], proven: true },
    ...{ siteName: 'Help Center', replacedId: undefined, browser: 'a test', actor },
  };
}

/** Types the app's next code into the page that asks for it. */
export async function givesAppCode(portal: TestPortal, person: Person, app: AuthenticatorApp): Promise<void> {
  nextStep(portal);
  person.fillsIn('Verification Code', app.code(portal.now()));
  await person.presses('Continue');
}

/** Another browser of the victim's, signed in with both factors. */
export async function signsInFully(portal: TestPortal, { email, app }: Victim): Promise<Person> {
  const person = await signsIn(portal, email);
  await givesAppCode(portal, person, app);
  assert.ok(isSignedIn(person), person.page.heading);
  return person;
}

/** Whether the open page is a signed-in one. */
export function isSignedIn(person: Person): boolean {
  return person.page.$('details.menu').length > 0;
}

/** Whether the browser's session can open a signed-in page. */
export async function canReachProfile(person: Person): Promise<boolean> {
  const answer = await person.loads('/profile');
  return answer.status === 200;
}

/** The victim signs in with a tick at "Don't ask for a code", which the policy allows from now on. */
export async function trustsBrowser(portal: TestPortal, { email, app }: Victim): Promise<Person> {
  await portal.services.settings.change({ trustDays: 30 });
  const person = await signsIn(portal, email);
  person.chooses(TRUST);
  await givesAppCode(portal, person, app);
  assert.ok(isSignedIn(person), person.page.heading);
  return person;
}

/** Real ids of everything of a person: account, authenticators, sign-in, trusted browser, group, reset request. */
export async function idsOf(portal: TestPortal, victim: Victim): Promise<readonly string[]> {
  const { authenticators, signIns, trustedBrowsers, resetRequests, settings, policies } = portal.services;
  await setsUpEmail(portal, victim.browser, victim.email);
  await trustsBrowser(portal, victim);
  const account = await currentAccount(portal, victim);
  await resetRequests.ask(
    account,
    { happened: 'I lost my phone.', contact: 'At the desk' },
    { party: { id: account.id, label: account.email }, origin: { requestId: '', address: '', browser: '' } },
  );
  const own = await authenticators.of(account.id);
  const present = await settings.read();
  const policy = await policies.of(account, siteRule(present));
  const { trustDays } = present;
  const trusted = await trustedBrowsers.of({ account, authenticators: own, policy, trustDays });
  const request = await resetRequests.openOf(account);
  const [open] = await signIns.of(account, Number.POSITIVE_INFINITY);
  assert.ok(own.length === 2 && trusted.length === 1 && open && request);
  const group = await groupWith(portal, { rule: 'off' }, [account]);
  return [account, ...own, open, ...trusted, group, request].map(({ id }) => id);
}

/** The number of the account's usable recovery codes. */
export async function codesLeft({ services }: TestPortal, { id }: Pick<Account, 'id'>): Promise<number> {
  const { person } = await services.snapshots.read({ accountId: id, signInId: undefined });
  assert.ok(person);
  return person.codesLeft;
}

/** The account as it is stored now. */
export async function currentAccount(portal: TestPortal, { account }: Victim): Promise<Account> {
  const found = await portal.services.accounts.find(account.id);
  assert.ok(found);
  return found;
}

/** An attacker with only the password: is asked for the second factor. */
export async function thiefOf(portal: TestPortal, { email }: Victim): Promise<Person> {
  const thief = await signsIn(portal, email, { userAgent: 'Dillo/3.1.1' });
  assert.equal(thief.page.path, '/sign-in/code');
  return thief;
}

/** The code in the next mail to this address that has one. */
export async function mailedCode(portal: TestPortal, email: string): Promise<string> {
  return codeIn(await portal.mailbox.next(email));
}
