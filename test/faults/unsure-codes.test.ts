import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Account } from '../../src/accounts/account.ts';
import { minutes, seconds } from '../../src/kernel/time.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { codeIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { enrolsEmail, isSignedIn, newEmail } from '../support/victim.ts';

const UNSURE = /has not confirmed the email yet\. If it arrives, enter its code here\./;

type How = 'drops' | 'dawdles';

/** It has the mail, but its response does not come, or not in time. */
describe('A code that the mail server may or may not have accepted', () => {
  let portal: TestPortal;
  let ann: Account;
  before(async () => {
    portal = await openPortal('database');
  });
  beforeEach(async () => {
    ann = await portal.account(newEmail('ann'));
  });
  afterEach(async () => {
    portal.mailbox.behave('takes');
    portal.wait(minutes(1));
    await portal.deliver();
    const db = openDatabase(`sqlite:${join(portal.folder, 'postern.sqlite')}`);
    assert.deepEqual(await brokenInvariants(db), []);
    await db.destroy();
  });
  after(() => portal.close());

  /** The one code that has arrived after the page was there; then the mail server is done with it. */
  async function codeOf(how: How, person: Person, act: () => Promise<unknown>, address = ann.email) {
    const before = portal.mailbox.sentTo(address).length;
    portal.mailbox.behave(how);
    await act();
    assert.equal(person.page.noticeKind, 'warning');
    assert.match(person.page.notice ?? '', UNSURE);
    portal.mailbox.behave('takes');
    await portal.services.codes.settled();
    const [mail, ...more] = portal.mailbox.sentTo(address).slice(before);
    assert.ok(mail && more.length === 0, 'it came once');
    return codeIn(mail);
  }

  async function asksForChange(person: Person, address: string): Promise<void> {
    await person.visits('/profile/email');
    person.fillsIn('New email', address);
    await person.presses('Send Verification Code');
  }

  for (const [how, what] of [
    ['drops', 'breaks the connection once it has the mail'],
    ['dawdles', 'takes its time'],
  ] as const) {
    describe(`because it ${what}`, () => {
      it('lets in the person who gets it, once', async () => {
        await enrolsEmail(portal, ann);
        const person = new Person(portal.app);
        const code = await codeOf(how, person, async () => {
          await person.visits('/sign-in');
          await givesPassword(person, ann.email);
        });
        person.fillsIn('Verification Code', code);
        const twin = person.copy();
        // With its own token it is another form, and not the same one sent twice.
        await twin.reopensForms();
        await Promise.all([person.presses('Continue'), twin.presses('Continue')]);
        const ways = [person, twin].map((one) => isSignedIn(one));
        assert.deepEqual(ways.sort(), [false, true], 'the same code twice');
      });

      it('proves the mailbox when setting up email, also if it was sent again', async () => {
        const person = await signsIn(portal, ann.email);
        await person.visits('/profile/two-factor/set-up/email');
        person.fillsIn('Authenticator Name', 'Work mail');
        const first = await codeOf(how, person, () => person.presses('Send Verification Code'));
        portal.wait(seconds(30));
        const second = await codeOf(how, person, () => person.presses('Send a new code'));
        const entries = first === second ? [second] : [first, second];
        for (const code of entries) {
          assert.deepEqual(await portal.services.authenticators.of(ann.id), []);
          person.fillsIn('Verification Code', code);
          await person.presses('Submit Code and Create');
        }
        assert.equal(person.page.heading, 'Recovery codes', person.page.text);
        assert.equal((await portal.services.authenticators.of(ann.id)).length, 1);
      });

      it('proves a new address, and its absence does not reveal who has an account', async () => {
        const person = await signsIn(portal, ann.email);
        const taken = await portal.account(newEmail('taken'));
        portal.mailbox.behave(how);
        await asksForChange(person, taken.email);
        const said = [person.page.path, person.page.notice];
        portal.mailbox.behave('takes');
        await portal.services.codes.settled();
        assert.deepEqual(
          portal.mailbox.sentTo(taken.email).map(({ subject }) => subject),
          ['You already have an account at Help Center'],
        );
        portal.wait(seconds(30));
        const free = newEmail('free');
        const code = await codeOf(how, person, () => asksForChange(person, free), free);
        assert.deepEqual([person.page.path, person.page.notice], said);
        person.fillsIn('Verification Code', code);
        await person.presses('Submit Code and Change');
        assert.match(person.page.text, new RegExp(free), person.page.text);
        assert.equal((await portal.services.accounts.find(ann.id))?.email, free);
      });
    });
  }
});
