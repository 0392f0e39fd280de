import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { AuthenticatorApp } from '../support/authenticator-app.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { enrolsApp, enrolsEmail, givesAppCode, isSignedIn, mailedCode, newEmail } from '../support/victim.ts';

const STOLEN = 'a password that the thief has chosen';

onPortal('A thief who reads the mailbox', (portal) => {
  let vera: Account;
  let app: AuthenticatorApp;

  beforeEach(async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    vera = await portal().account(newEmail('vera'));
    app = await enrolsApp(portal(), vera);
    await enrolsEmail(portal(), vera);
  });

  /** Chooses a new password by the mailed link. */
  async function resets(account: Account): Promise<void> {
    await portal().services.credentials.sendReset(account, OPERATOR);
    const person = new Person(portal().app);
    await person.visits(linkIn(await portal().mailbox.next(account.email)));
    person.fillsIn('New password', STOLEN);
    await person.presses('Save password');
    await portal().mailbox.next(account.email);
  }

  async function signsInWith(account: Account): Promise<Person> {
    const person = new Person(portal().app);
    await person.visits('/sign-in');
    await givesPassword(person, account.email, STOLEN);
    return person;
  }

  const emailOf = async (account: Account) => {
    const all = await portal().services.authenticators.of(account.id);
    return all.find(({ method }) => method === 'email')?.id ?? '';
  };

  it('is asked for the app, and for nothing that is sent to the mailbox', async () => {
    await portal().services.authenticators.prefer(vera.id, await emailOf(vera), portal().now());
    await resets(vera);
    const thief = await signsInWith(vera);
    assert.equal(thief.page.heading, 'Enter the code from your app');
    assert.match(thief.page.text, /password was reset by email.*a code by email is not accepted/);
    assert.ok(!thief.page.links.some(({ href }) => href.endsWith('/other')), 'there is no other one');
    assert.doesNotMatch((await thief.loads('/sign-in/code/other')).text, /Email Authentication/);
    const chosen = { authenticator: await emailOf(vera) };
    assert.equal((await thief.submitsRaw('POST', '/sign-in/code/other', chosen)).status, 404);
    await thief.submitsRaw('POST', '/sign-in/code/send', {});
    const codes = portal()
      .mailbox.sentTo(vera.email)
      .filter(({ text }) => /^\d{6}$/m.test(text ?? ''));
    assert.equal(codes.length, 1, 'the one by which it was set up');
  });

  for (const [what, change] of [
    [
      'the app is blocked',
      async () => {
        const [phone] = await portal().services.authenticators.of(vera.id);
        await portal().services.authenticators.block(phone?.id ?? '', portal().now());
      },
    ],
    ['the policy offers only email', () => siteRuleIs(portal(), { rule: 'mandatory', methods: ['email'] })],
    ['2FA is switched off', () => siteRuleIs(portal(), { rule: 'off' })],
  ] as const) {
    it(`is asked for the app, also if ${what}`, async () => {
      await change();
      await resets(vera);
      const thief = await signsInWith(vera);
      assert.equal(thief.page.path, '/sign-in/code');
      assert.equal(thief.page.heading, 'Enter the code from your app');
      const chosen = { authenticator: await emailOf(vera) };
      assert.equal((await thief.submitsRaw('POST', '/sign-in/code/other', chosen)).status, 404);
    });
  }

  it('gains nothing by waiting, or by a second reset', async () => {
    await resets(vera);
    portal().wait(365 * 86_400_000);
    await resets(vera);
    const thief = await signsInWith(vera);
    assert.match(thief.page.text, /a code by email is not accepted/);
    const chosen = { authenticator: await emailOf(vera) };
    assert.equal((await thief.submitsRaw('POST', '/sign-in/code/other', chosen)).status, 404);
  });

  it('does not take email from the owner: it is offered again after the app was proven', async () => {
    await resets(vera);
    const person = await signsInWith(vera);
    await givesAppCode(portal(), person, app);
    assert.ok(isSignedIn(person));
    const again = await signsInWith(vera);
    assert.doesNotMatch(again.page.text, /reset by email/);
    await again.follow('Use another authenticator');
    assert.match(again.page.text, /Email Authentication/);
  });

  it('does not take email from the owner: it is offered again after a recovery code was used', async () => {
    const [code = ''] = await portal().services.recoveryCodes.renew(vera, OPERATOR);
    await portal().mailbox.next(vera.email);
    await resets(vera);
    const person = await signsInWith(vera);
    await person.follow('Use a recovery code');
    person.fillsIn('Recovery code', code);
    await person.presses('Continue');
    assert.ok(isSignedIn(person));
    const again = await signsInWith(vera);
    assert.ok(again.page.links.some(({ href }) => href.endsWith('/other')));
  });

  it('gets in if email is the only factor, as SECURITY.md says', async () => {
    const emil = await portal().account(newEmail('emil'));
    await enrolsEmail(portal(), emil);
    await resets(emil);
    const thief = await signsInWith(emil);
    assert.doesNotMatch(thief.page.text, /reset by email/);
    thief.fillsIn('Verification Code', await mailedCode(portal(), emil.email));
    await thief.presses('Continue');
    assert.ok(isSignedIn(thief));
  });

  it('does not affect a person whose password was not reset', async () => {
    const person = await signsIn(portal(), vera.email);
    assert.doesNotMatch(person.page.text, /reset by email/);
    assert.ok(person.page.links.some(({ href }) => href.endsWith('/other')));
  });
});
