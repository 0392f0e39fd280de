import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import { triesEveryForm } from '../support/every-page-with-forms.ts';
import { codeIn, linkIn } from '../support/mailbox.ts';
import type { Page } from '../support/page.ts';
import { Person } from '../support/person.ts';
import { siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onBothStores, onPortal, PASSWORD } from '../support/portal.ts';
import { assertSame, SentTwice } from '../support/sent-twice.ts';
import { nextStep, signsIn } from '../support/steps.ts';
import {
  canReachProfile,
  codesLeft,
  isSignedIn,
  newEmail,
  signsInFully,
  thiefOf,
  victimOf,
  victimWithCodes,
} from '../support/victim.ts';

const STEP_UP_OVER = 11 * 60_000;

onPortal('Every form that is sent twice', (portal) => {
  let trial: SentTwice;

  before(() => {
    trial = new SentTwice(portal());
  });

  triesEveryForm('gets the same response twice, and does nothing twice', portal, () => trial);
});

onBothStores('A person with a tremor', (portal) => {
  /** The time of the second press: before the first response is read, after it, or while it is made. */
  const PRESSES: Readonly<Record<string, (person: Person, button: string) => Promise<readonly Page[]>>> = {
    async 'who presses again after the first response, without reading it,'(person, button) {
      const [first] = await person.repeats(1, button);
      const [second] = await person.repeats(1, button);
      return [first, second].flatMap((page) => page ?? []);
    },
    async 'who presses again when the cookie is stored and the next page is loading,'(person, button) {
      const { action, fields } = person.form(button);
      const first = await person.submitsRaw('POST', action, fields, { csrf: 'none' });
      const second = await person.submitsRaw('POST', action, fields, { csrf: 'none' });
      return [first, second];
    },
    'who presses five times at once': (person, button) => person.repeats(5, button),
  };

  for (const [when, presses] of Object.entries(PRESSES)) {
    describe(when, () => {
      /** Presses, checks that all responses are the same, and continues from the last one, like a browser. */
      async function trembles(person: Person, button: string): Promise<void> {
        const answers = await presses(person, button);
        const [first] = answers;
        for (const answer of answers) if (first) assertSame(first, answer, button);
        const last = answers.at(-1);
        if (last) await person.goesOnFrom(last);
      }

      it('is signed in, and gets one code', async () => {
        const vera = await victimOf(portal());
        const person = new Person(portal().app);
        await person.visits('/sign-in');
        person.fillsIn('Email', vera.email);
        person.fillsIn('Password', PASSWORD);
        await trembles(person, 'Sign in');
        assert.equal(person.page.path, '/sign-in/code');
        nextStep(portal());
        person.fillsIn('Verification Code', vera.app.code(portal().now()));
        await trembles(person, 'Continue');
        assert.ok(isSignedIn(person), person.page.text);
        assert.ok(await canReachProfile(person));
      });

      it('is refused once for one wrong password', async () => {
        const { email } = await portal().account(newEmail('ann'));
        const person = new Person(portal().app);
        for (let time = 0; time < 4; time += 1) {
          await person.visits('/sign-in');
          person.fillsIn('Email', email);
          person.fillsIn('Password', 'not the right one');
          await trembles(person, 'Sign in');
          assert.equal(person.page.status, 422);
        }
        await person.visits('/sign-in');
        person.fillsIn('Email', email);
        person.fillsIn('Password', PASSWORD);
        await trembles(person, 'Sign in');
        assert.ok(isSignedIn(person), person.page.text);
      });

      it('uses up one recovery code', async () => {
        const vera = await victimWithCodes(portal());
        const person = await thiefOf(portal(), vera);
        await person.visits('/sign-in/code/recovery');
        person.fillsIn('Recovery code', vera.recoveryCodes[0] ?? '');
        await trembles(person, 'Continue');
        assert.ok(isSignedIn(person), person.page.text);
        assert.equal(await codesLeft(portal(), vera.account), 9);
      });

      it('steps up, by password and by code', async () => {
        const vera = await victimOf(portal());
        const person = await signsInFully(portal(), vera);
        portal().wait(STEP_UP_OVER);
        await person.visits('/profile/email');
        person.fillsIn('Password', PASSWORD);
        await trembles(person, 'Continue');
        nextStep(portal());
        person.fillsIn('Verification Code', vera.app.code(portal().now()));
        await trembles(person, 'Continue');
        assert.equal(person.page.path, '/profile/email');
      });

      it('creates the mailbox as authenticator by one mail, and sees the recovery codes', async () => {
        const email = newEmail('ann');
        await portal().account(email);
        const person = await signsIn(portal(), email);
        await person.visits('/profile/two-factor/set-up/email');
        person.fillsIn('Authenticator Name', 'Mail');
        await trembles(person, 'Send Verification Code');
        assert.equal(person.page.errors.length, 0, person.page.text);
        const code = codeIn(await portal().mailbox.next(email));
        assert.equal(portal().mailbox.sentTo(email).length, 1);
        person.fillsIn('Verification Code', code);
        await trembles(person, 'Submit Code and Create');
        assert.equal(person.page.heading, 'Recovery codes');
        assert.equal(person.page.$('.recovery-codes code').length, 10);
      });

      it('creates the first app at sign-in, and sees the recovery codes', async () => {
        const email = newEmail('ann');
        const { id } = await portal().account(email);
        await siteRuleIs(portal(), { rule: 'mandatory' });
        const person = await signsIn(portal(), email);
        await person.visits('/sign-in/set-up/app');
        const app = new AuthenticatorApp();
        app.type(person.page.$('#setup-key').text());
        person.fillsIn('Authenticator Name', 'Phone');
        person.fillsIn('Verification Code', app.code(portal().now()));
        await trembles(person, 'Submit Code and Create');
        assert.equal(person.page.heading, 'Recovery codes');
        assert.equal((await portal().services.authenticators.of(id)).length, 1);
        await siteRuleIs(portal(), { rule: 'optional' });
      });

      it('chooses a password by a mailed link', async () => {
        const { email } = await portal().account(newEmail('ann'));
        await portal().services.credentials.requestReset(email, OPERATOR.origin);
        const person = new Person(portal().app);
        await person.visits(linkIn(await portal().mailbox.next(email)));
        person.fillsIn('New password', 'forty brown sparrows');
        await trembles(person, 'Save password');
        assert.equal(person.page.heading, 'Sign in');
        assert.match(person.page.notice ?? '', /password/);
      });

      it('invites one person, and sees the confirmation', async () => {
        const boss = await victimOf(portal(), { role: 'administrator' });
        const invited = newEmail('ivy');
        await boss.browser.visits('/admin/people/invite');
        boss.browser.fillsIn('Name', 'Ivy');
        boss.browser.fillsIn('Email', invited);
        await trembles(boss.browser, 'Send invitation');
        assert.equal(boss.browser.page.noticeKind, 'success', boss.browser.page.text);
        await portal().delivered();
        assert.equal(portal().mailbox.sentTo(invited).length, 1);
      });

      it('signs out', async () => {
        const vera = await victimOf(portal());
        await vera.browser.visits('/');
        await trembles(vera.browser, 'Sign out');
        assert.equal(vera.browser.page.path, '/signed-out');
        assert.ok(!(await canReachProfile(vera.browser)));
      });
    });
  }

  it('reads to try again if the first request failed, and the next one succeeds', async () => {
    const { email } = await portal().account(newEmail('ann'));
    const person = new Person(portal().app);
    await person.visits('/sign-in');
    person.fillsIn('Email', email);
    person.fillsIn('Password', PASSWORD);
    const { passwordSignIn } = portal().services;
    const check = passwordSignIn.check.bind(passwordSignIn);
    passwordSignIn.check = async () => {
      throw new Error('The database is away.');
    };
    const [first] = await person.repeats(1, 'Sign in');
    passwordSignIn.check = check;
    assert.equal(first?.status, 500);
    await person.presses('Sign in');
    assert.ok(isSignedIn(person), person.page.text);
  });

  it('can continue after many presses that all failed', async () => {
    const { email } = await portal().account(newEmail('ann'));
    const person = new Person(portal().app);
    await person.visits('/sign-in');
    person.fillsIn('Email', email);
    person.fillsIn('Password', PASSWORD);
    const { passwordSignIn } = portal().services;
    const check = passwordSignIn.check.bind(passwordSignIn);
    passwordSignIn.check = async () => {
      await delay(100);
      throw new Error('The database is away.');
    };
    const answers = await person.repeats(6, 'Sign in');
    passwordSignIn.check = check;
    assert.ok(answers.every(({ status }) => status >= 500));
    await person.presses('Sign in');
    assert.ok(isSignedIn(person), person.page.text);
  });
});
