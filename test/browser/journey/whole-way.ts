import assert from 'node:assert/strict';
import { AuthenticatorApp } from '../../support/authenticator-app.ts';
import { freePort } from '../../support/free-port.ts';
import { codeIn, linkIn } from '../../support/mailbox.ts';
import { openPortal, PASSWORD, type TestPortal } from '../../support/portal.ts';
import { nextStep } from '../../support/steps.ts';
import { listensOn, type Site } from './site.ts';

/** A person at their own browser, who only knows the readable text of the page. */
export interface Traveller {
  /** Opens an address directly: one from a mail, or typed in. */
  visits(address: string): Promise<void>;
  /** The readable text of the page, in one line. */
  reads(): Promise<string>;
  /** Throws, with the page, if it does not have this text. */
  shows(text: string): Promise<void>;
  fillsIn(label: string, text: string): Promise<void>;
  chooses(choice: string): Promise<void>;
  unticks(box: string): Promise<void>;
  /** Presses a button that sends its form, and waits for the next page. */
  presses(button: string): Promise<void>;
  /** Follows a link to another page. */
  follows(link: string): Promise<void>;
  close(): Promise<void>;
}

/** People with the same kind of browser, and what only that kind shows. */
export interface People<One extends Traveller = Traveller> {
  readonly where: string;
  arrive(site: Site, address: string): Promise<One>;
  /** On the page of the first set-up. */
  atSetUp?(boss: One): Promise<void>;
  /** On the page that refuses a code. */
  atRefusal?(ann: One): Promise<void>;
  /** The browser's errors, if it reports any. */
  complaintsOf?(one: One): readonly string[];
  /** Once all browsers are closed. */
  leave?(): Promise<void>;
}

const BOSS = 'boss@example.org';
const ANN = 'ann@example.org';

/**
 * The whole journey of an administrator and of a member. The tests depend on each other: each starts on the page on which the
 * one before it ended.
 */
export function goesTheWholeWay<One extends Traveller>(people: People<One>): void {
  describe(people.where, () => {
    let portal: TestPortal;
    let site: Site;
    let origin: string;
    let boss: One;
    let ann: One;
    let phone: AuthenticatorApp;
    let codes: readonly string[];

    before(async () => {
      const port = await freePort();
      origin = `http://localhost:${port}`;
      portal = await openPortal('database', { BASE_URL: origin });
      site = await listensOn(port, portal.app);
    });

    after(async () => {
      await ann?.close();
      await boss?.close();
      await people.leave?.();
      await site?.close();
      await portal?.close();
    });

    afterEach('has a page for the next test to begin on', function () {
      assert.notEqual(this.currentTest?.state, 'failed');
    });

    it('a person sets up the site, and signs in as its administrator', async () => {
      const token = await portal.services.registration.setupToken();
      boss = await people.arrive(site, `${origin}/setup?token=${token}`);
      await people.atSetUp?.(boss);
      await boss.fillsIn('Site name', 'Acme Help');
      await boss.fillsIn('Your name', 'Bo Boss');
      await boss.fillsIn('Email', BOSS);
      await boss.fillsIn('Password', PASSWORD);
      await boss.presses('Set up the site');
      await boss.shows('The site is set up. You can sign in now.');
      await givesPassword(boss, BOSS);
      await boss.shows('Protect your account with 2FA');
      await boss.follows('Not now');
      await boss.shows('Hello, Bo Boss');
    });

    it('the administrator invites a person, who accepts and signs in', async () => {
      await boss.follows('Administration');
      await boss.follows('Invite a person');
      await boss.fillsIn('Name', 'Ann Example');
      await boss.fillsIn('Email', ANN);
      await boss.presses('Send invitation');
      await boss.shows(`the invitation is on its way to ${ANN}.`);
      ann = await people.arrive(site, linkIn(await portal.mailbox.next(ANN)));
      await ann.fillsIn('Password', PASSWORD);
      await ann.presses('Save password');
      await ann.shows('Your password is set. You can sign in with it now.');
      await givesPassword(ann, ANN);
      await ann.shows('Protect your account with 2FA');
    });

    it('the person sets up email authentication, and reads the recovery codes', async () => {
      await ann.follows('Set up 2FA');
      await ann.follows('Set up email authentication');
      await ann.shows(ANN);
      await ann.fillsIn('Authenticator Name', 'Work mail');
      await ann.presses('Send Verification Code');
      await ann.fillsIn('Verification Code', await nextCode(portal));
      await ann.presses('Submit Code and Create');
      await ann.shows('“Work mail” is set up.');
      codes = codesIn(await ann.reads());
      await ann.presses('I have saved them. Continue');
      await ann.shows('Your 2FA');
      await ann.shows('You have 10 unused codes.');
    });

    it('the person sets up an app by typing the Setup Key', async () => {
      await ann.follows('Set up authentication app');
      phone = await setsUpApp(ann, portal);
      await ann.shows('“Phone” is set up.');
    });

    it('the person signs in with the app, after a wrong code', async () => {
      await signsOutAndIn(ann);
      await ann.shows('Enter the code from your app');
      await ann.fillsIn('Verification Code', '000000');
      await ann.presses('Continue');
      await ann.shows('There is a problem');
      await people.atRefusal?.(ann);
      nextStep(portal);
      await ann.fillsIn('Verification Code', phone.code(portal.now()));
      await ann.presses('Continue');
      await ann.shows('Hello, Ann Example');
    });

    it('the person signs in with a code from an email instead', async () => {
      await signsOutAndIn(ann);
      await ann.follows('Use another authenticator');
      await ann.presses('Use “Work mail”');
      await ann.fillsIn('Verification Code', await nextCode(portal));
      await ann.presses('Continue');
      await ann.shows('Hello, Ann Example');
    });

    it('the person renames an authenticator, and removes the other', async () => {
      await ann.follows('See your 2FA');
      await ann.shows('Your 2FA');
      await ann.follows('My Profile');
      await ann.follows('Your 2FA – Two-factor authentication');
      await ann.follows('Edit Phone');
      await ann.fillsIn('Authenticator Name', 'Old phone');
      await ann.presses('Save name');
      await ann.shows('The name is now “Old phone”.');
      await ann.follows('Edit Work mail');
      await ann.follows('Remove');
      await ann.shows('Remove “Work mail”?');
      await ann.presses('Remove');
      await ann.shows('“Work mail” has been removed.');
    });

    it('the person signs in with a recovery code', async () => {
      await signsOutAndIn(ann);
      await ann.follows('Use a recovery code');
      await ann.fillsIn('Recovery code', codes[3] ?? '');
      await ann.presses('Continue');
      await ann.shows('You signed in with a recovery code. 9 are left.');
    });

    it('the administrator makes 2FA mandatory, and has to set it up', async () => {
      await boss.follows('Administration');
      await boss.follows('Policy');
      await boss.chooses('Require users to set up 2FA');
      await boss.unticks('Email Authentication');
      await boss.fillsIn('Help contact (optional)', 'help@example.org');
      await boss.presses('Save policy');
      await boss.presses('Save');
      await boss.shows('requires two-factor authentication');
      await setsUpApp(boss, portal);
      await boss.presses('I have saved them. Continue');
      await boss.shows('Need help? help@example.org');
    });

    it('the administrator resets the 2FA of the person, who has to set it up before anything else', async () => {
      await boss.follows('Administration');
      await boss.follows('People');
      await boss.follows('Ann Example');
      await boss.follows('Reset 2FA');
      await boss.presses('Reset 2FA');
      await boss.shows('The 2FA of Ann Example has been reset.');
      await ann.follows('My Profile');
      await ann.shows('Sign in');
      await givesPassword(ann, ANN);
      await ann.shows('requires two-factor authentication');
      await ann.visits(`${origin}/profile`);
      await ann.shows('requires two-factor authentication');
    });

    const { complaintsOf } = people;
    if (complaintsOf) {
      it('neither browser has reported an error', () => {
        assert.deepEqual([boss, ann].flatMap(complaintsOf), []);
      });
    }
  });
}

async function givesPassword(person: Traveller, email: string): Promise<void> {
  await person.fillsIn('Email', email);
  await person.fillsIn('Password', PASSWORD);
  await person.presses('Sign in');
}

async function signsOutAndIn(ann: Traveller): Promise<void> {
  await ann.presses('Sign out');
  await ann.follows('Sign in again');
  await givesPassword(ann, ANN);
}

/** Reads the Setup Key from the page, like a person who cannot scan, and types the code of the app. */
async function setsUpApp(person: Traveller, portal: TestPortal): Promise<AuthenticatorApp> {
  const [, key] = /Setup Key ((?:[A-Z2-7]{4} ){8})/.exec(await person.reads()) ?? [];
  assert.ok(key, 'The page shows no Setup Key.');
  const app = new AuthenticatorApp();
  app.type(key);
  await person.fillsIn('Authenticator Name', 'Phone');
  await person.fillsIn('Verification Code', app.code(portal.now()));
  await person.presses('Submit Code and Create');
  return app;
}

function codesIn(text: string): readonly string[] {
  const codes = text.match(/\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b/g) ?? [];
  assert.equal(new Set(codes).size, 10, text);
  return codes;
}

/** Skips notices. */
async function nextCode({ mailbox }: TestPortal): Promise<string> {
  for (;;) {
    const mail = await mailbox.next(ANN);
    if (/^\d{6}$/m.test(mail.text ?? '')) return codeIn(mail);
  }
}
