import assert from 'node:assert/strict';
import { typist } from '../../src/accounts/typed-address.ts';
import type { AuditEventName } from '../../src/audit/vocabulary.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, scansQrCode, setsUpApp, setsUpEmail, signsIn } from '../support/steps.ts';
import { givesAppCode, signsInFully, trustsBrowser, victimOf } from '../support/victim.ts';

onPortal('The audit log', (portal) => {
  const events = async (event: AuditEventName, person: string) =>
    (await portal().services.audit.search({ event, person, page: 1, pageSize: 50 })).events;

  before(async () => {
    await portal().services.settings.change({ signUp: true });
  });

  it('has requests for an account, also too frequent ones, whether or not there is one', async () => {
    await portal().account('there@example.org');
    for (const [email, hasAccount] of [
      ['there@example.org', true],
      ['nobody@example.org', false],
    ] as const) {
      const person = new Person(portal().app);
      for (const status of [200, 429]) {
        await person.visits('/sign-up');
        person.fillsIn('Your name', 'Sue');
        person.fillsIn('Email', email);
        await person.presses('Email me a link');
        assert.equal(person.page.status, status);
      }
      const { label } = typist(email, hasAccount, portal().services.keyring);
      assert.equal(label === email, hasAccount);
      assert.equal((await events('sign-up.requested', label)).length, 1, email);
      assert.equal((await events('links.throttled', label)).length, 1, email);
    }
  });

  it('has too frequent requests for a new password', async () => {
    const email = 'forgetful@example.org';
    await portal().account(email);
    const person = new Person(portal().app);
    for (let index = 0; index < 2; index++) {
      await person.visits('/forgotten-password');
      person.fillsIn('Email', email);
      await person.presses('Email me a link');
    }
    await portal().mailbox.next(email);
    assert.equal((await events('password.reset-requested', email)).length, 1);
    assert.equal((await events('links.throttled', email)).length, 1);
  });

  it('has a change of email from its request on', async () => {
    const email = 'mover@example.org';
    await portal().account(email);
    const person = await signsIn(portal(), email);
    await person.visits('/profile/email');
    person.fillsIn('New email', 'moved@example.org');
    await person.presses('Send Verification Code');
    const [event] = await events('email.change-requested', email);
    assert.equal(event?.detail['to'], 'moved@example.org');
  });

  it('has each code of an enrolment: sent, not sent, wrong, throttled', async () => {
    const email = 'enroller@example.org';
    await portal().account(email);
    const person = await signsIn(portal(), email);
    const kinds = async (event: AuditEventName) =>
      (await events(event, email)).map(({ detail }) => `${detail['purpose']} ${detail['method']}`);
    await person.visits('/profile/two-factor/set-up/app');
    person.fillsIn('Authenticator Name', 'Phone');
    person.fillsIn('Verification Code', '000000');
    await person.presses('Submit Code and Create');
    assert.deepEqual(await kinds('second-step.refused'), ['enrolment app']);
    await person.visits('/profile/two-factor/set-up/email');
    person.fillsIn('Authenticator Name', 'Mail');
    await person.presses('Send Verification Code');
    await portal().mailbox.next(email);
    await person.presses('Send a new code');
    assert.deepEqual(await kinds('second-step.code-sent'), ['enrolment email']);
    const [waited] = await events('second-step.code-not-sent', email);
    assert.deepEqual(waited?.detail, { method: 'email', purpose: 'enrolment', outcome: 'wait' });
    for (let index = 0; index < 6; index++) {
      person.fillsIn('Verification Code', '000000');
      await person.presses('Submit Code and Create');
    }
    assert.equal((await kinds('second-step.refused')).length, 6);
    assert.deepEqual(await kinds('second-step.throttled'), ['enrolment email']);
  });

  it('has too frequent requests for a reset', async () => {
    const email = 'impatient@example.org';
    await portal().account(email);
    await setsUpApp(portal(), await signsIn(portal(), email), email);
    const person = await signsIn(portal(), email);
    const asks = async () => {
      await person.visits('/sign-in/code/lost-access');
      person.fillsIn('What happened?', 'My phone is broken');
      person.fillsIn('How can we reach you?', 'Room 5');
      await person.presses('Request a reset');
    };
    await asks();
    const cancelling = new Person(portal().app);
    await cancelling.visits(linkIn(await portal().mailbox.next(email)));
    await cancelling.presses('Cancel request');
    await asks();
    assert.equal(person.page.status, 429);
    assert.equal((await events('reset-request.throttled', email)).length, 1);
  });

  it('has each guess at a recovery code, also throttled ones', async () => {
    const email = 'guessed@example.org';
    await portal().account(email);
    await setsUpApp(portal(), await signsIn(portal(), email), email);
    const guesser = await signsIn(portal(), email);
    for (let index = 0; index < 6; index++) {
      await guesser.visits('/sign-in/code/recovery');
      guesser.fillsIn('Recovery code', 'AAAA-BBBB-CCCC-DDDD');
      await guesser.presses('Continue');
    }
    assert.equal((await events('recovery-code.refused', email)).length, 5);
    const [waited, ...more] = await events('second-step.throttled', email);
    assert.deepEqual([waited?.detail['purpose'], more.length], ['recovery code', 0]);
  });

  it('has everything that a person does about their 2FA, their browsers and their language, step by step', async () => {
    const victim = await victimOf(portal());
    const { email, app } = victim;
    const ann = await trustsBrowser(portal(), victim);
    const other = await signsInFully(portal(), victim);
    const seen = new Set((await eventsOf(email)).map(({ id }) => id));
    const next = async () => {
      const fresh = (await eventsOf(email)).filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen.add(id);
      return fresh.map(({ event }) => event).toReversed();
    };
    portal().wait(10 * 60_000);
    await ann.visits('/profile/two-factor/set-up/email');
    ann.fillsIn('Password', 'not the password');
    await ann.presses('Continue');
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Continue');
    ann.fillsIn('Verification Code', '000000');
    await ann.presses('Continue');
    await givesAppCode(portal(), ann, app);
    assert.deepEqual(await next(), ['step-up.refused', 'step-up.refused', 'step-up.completed']);
    await setsUpEmail(portal(), ann, email, 'Mail');
    await edits(ann, 'Mail', (page) => {
      page.fillsIn('Authenticator Name', 'Post');
      return page.presses('Save name');
    });
    await edits(ann, 'Post', (page) => page.presses('Make default'));
    await edits(ann, 'Post', async (page) => {
      await page.follow('Remove');
      await page.presses('Remove');
    });
    assert.deepEqual(await next(), [
      'second-step.code-sent',
      'authenticator.created',
      'authenticator.renamed',
      'authenticator.preferred',
      'authenticator.removed',
    ]);
    await edits(ann, 'Phone', (page) => page.presses('Replace'));
    const fresh = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', fresh.code(portal().now()));
    await ann.presses('Submit Code and Create');
    await ann.visits('/profile/two-factor/recovery-codes');
    await ann.presses('Create recovery codes');
    assert.deepEqual(await next(), ['authenticator.replaced', 'recovery-codes.created']);
    await ann.visits('/profile/sign-ins');
    await ann.presses(ann.page.buttons.find((text) => text.startsWith('Sign out –')) ?? '');
    await ann.visits('/profile/language');
    ann.chooses('العربية', 'Language');
    await ann.presses('Save');
    await ann.submitsRaw('POST', '/profile/language', { language: 'en' });
    assert.deepEqual(await next(), ['session.ended', 'language.changed', 'language.changed']);
    await other.visits('/');
    assert.equal(other.page.heading, 'Sign in');
    const trusting = await trustsBrowser(portal(), { ...victim, app: fresh });
    const thief = trusting.copy();
    await trusting.presses('Sign out');
    await trusting.visits('/sign-in');
    await givesPassword(trusting, email);
    thief.cookies.delete('postern');
    await thief.visits('/sign-in');
    await givesPassword(thief, email);
    const signIn = ['sign-in.password-accepted', 'sign-in.completed'];
    assert.deepEqual(await next(), [
      'sign-in.password-accepted',
      'trusted-browser.added',
      'sign-in.completed',
      'sign-out',
      ...signIn,
      'sign-in.password-accepted',
      'trusted-browser.replayed',
    ]);
    await trustsBrowser(portal(), { ...victim, app: fresh });
    await next();
    await ann.visits('/profile/sign-ins');
    await ann.presses('Ask for a code again – ELinks');
    assert.deepEqual(await next(), ['trusted-browser.removed']);
  });

  const eventsOf = async (person: string) =>
    (await portal().services.audit.search({ person, page: 1, pageSize: 50 })).events;

  async function edits(person: Person, name: string, does: (person: Person) => Promise<unknown>) {
    await person.visits('/profile/two-factor');
    await person.follow(`Edit ${name}`);
    await does(person);
  }
});
