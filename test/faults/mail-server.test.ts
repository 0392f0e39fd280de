import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Knex } from 'knex';
import { hours, minutes, seconds } from '../../src/kernel/time.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { type OwnMailServer, ownMailServer } from '../support/mail-server.ts';
import { Person } from '../support/person.ts';
import { openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { isSignedIn, newEmail } from '../support/victim.ts';

const UNSURE = /The mail server has not confirmed the email yet/;
const AWAY = /We could not send the email right now/;

interface Fault {
  readonly what: string;
  readonly strikes: (server: OwnMailServer) => Promise<void>;
  readonly ends: (server: OwnMailServer) => Promise<void>;
  /** The text of the page about a code. */
  readonly says: RegExp;
  /** Whether the code that was requested in the meantime arrives once the server is back. */
  readonly comes: boolean;
}

const pauses = async (server: OwnMailServer) => server.signal('SIGSTOP');
const isKilled = (server: OwnMailServer) => server.kill();
async function startsAnew(server: OwnMailServer): Promise<void> {
  await server.kill();
  await server.start();
}

const FAULTS: readonly Fault[] = [
  {
    ...{ what: 'hangs', strikes: pauses, says: UNSURE, comes: true },
    ends: async (server) => server.signal('SIGCONT'),
  },
  { what: 'is killed and restarted', strikes: isKilled, ends: startsAnew, says: AWAY, comes: false },
  { what: 'hangs until it is killed', strikes: pauses, ends: startsAnew, says: UNSURE, comes: false },
];

describe('While the mail server', () => {
  let server: OwnMailServer;
  let portal: TestPortal;
  let db: Knex;
  before(async () => {
    server = await ownMailServer();
    portal = await openPortal('database', { SMTP_URL: server.url });
    db = openDatabase(`sqlite:${join(portal.folder, 'postern.sqlite')}`);
  });
  afterEach(async () => {
    assert.deepEqual(await brokenInvariants(db), []);
  });
  after(async () => {
    await portal.close();
    await db.destroy();
    await server.stop();
  });

  const codesTo = (email: string) => server.sentTo(email).filter(({ text }) => /^\d{6}$/m.test(text));
  const noticesTo = (email: string, subject: string) =>
    server.sentTo(email).filter((mail) => mail.subject === subject);
  const newestCode = (email: string) => /^\d{6}$/m.exec(codesTo(email).at(-1)?.text ?? '')?.[0] ?? '';
  const audited = async (event: string, email: string) =>
    (await db('audit_events').where({ event, subject_label: email })).length;

  /** Waits until running exchanges with the mail server have ended. */
  async function settles(): Promise<void> {
    await portal.delivered();
    await portal.services.codes.settled();
  }

  async function othersGoOn(): Promise<void> {
    const { email } = await portal.account(newEmail('bob'));
    assert.ok(isSignedIn(await signsIn(portal, email)), 'who needs no mail');
    assert.equal((await new Person(portal.app).loads('/readyz')).status, 200);
  }

  async function hasEmailFactor(email: string): Promise<void> {
    const account = await portal.account(email);
    const person = await signsIn(portal, email);
    await setsUp(person);
    person.fillsIn('Verification Code', newestCode(email));
    await person.presses('Submit Code and Create');
    assert.equal(person.page.heading, 'Recovery codes', person.page.text);
    await settles();
    assert.equal((await portal.services.authenticators.of(account.id)).length, 1);
    portal.wait(minutes(1));
  }

  async function setsUp(person: Person): Promise<void> {
    await person.visits('/profile/two-factor/set-up/email');
    person.fillsIn('Authenticator Name', 'Work mail');
    await person.presses('Send Verification Code');
  }

  for (const { what, strikes, ends, says, comes } of FAULTS) {
    describe(what, () => {
      let email: string;
      beforeEach(() => {
        email = newEmail('ann');
      });

      it('a sign-in by email says what to do, and works when it is back, with one code', async () => {
        await hasEmailFactor(email);
        const before = codesTo(email).length;
        await strikes(server);
        const ann = new Person(portal.app);
        await ann.visits('/sign-in');
        ann.fillsIn('Email', email);
        ann.fillsIn('Password', PASSWORD);
        await ann.presses('Sign in');
        assert.equal(ann.page.path, '/sign-in/code');
        assert.match(ann.page.notice ?? '', says);
        await othersGoOn();

        await ends(server);
        await settles();
        assert.equal(codesTo(email).length, before + Number(comes));
        if (!comes) {
          // Nothing was sent: there is no pause.
          await ann.presses('Send Verification Code');
          assert.equal(codesTo(email).length, before + 1, ann.page.text);
        }
        ann.fillsIn('Verification Code', newestCode(email));
        const twin = ann.copy();
        // With its own token it is another form, and not the same one sent twice.
        await twin.reopensForms();
        await Promise.all([ann.presses('Continue'), twin.presses('Continue')]);
        const ways = [ann, twin].map((one) => isSignedIn(one));
        assert.deepEqual(ways.sort(), [false, true], 'the same code twice');
        portal.wait(hours(1));
        await portal.deliver();
        assert.equal(codesTo(email).length, before + 1, 'it came again later');
        assert.equal(await audited('sign-in.completed', email), 2);
      });

      it('setting up email says what to do, and works when it is back', async () => {
        const account = await portal.account(email);
        const ann = await signsIn(portal, email);
        await ann.visits('/profile/two-factor/set-up/email');
        ann.fillsIn('Authenticator Name', 'Work mail');
        await strikes(server);
        await ann.presses('Send Verification Code');
        assert.match(ann.page.text, says);
        assert.deepEqual(await portal.services.authenticators.of(account.id), []);

        await ends(server);
        await settles();
        assert.equal(codesTo(email).length, Number(comes));
        if (!comes) {
          // Nothing was sent: there is no pause.
          await ann.presses(says === AWAY ? 'Send Verification Code' : 'Send a new code');
          assert.equal(codesTo(email).length, 1, ann.page.text);
        }
        ann.fillsIn('Verification Code', newestCode(email));
        await ann.presses('Submit Code and Create');
        assert.equal(ann.page.heading, 'Recovery codes', ann.page.text);
        await settles();
        assert.equal((await portal.services.authenticators.of(account.id)).length, 1);
        assert.equal(noticesTo(email, 'An authenticator was added to your account').length, 1);
      });

      it('a change is saved, and its notice arrives once when it is back', async () => {
        await portal.account(email);
        const ann = await signsIn(portal, email);
        await ann.visits('/profile/password');
        ann.fillsIn('Current password', PASSWORD);
        ann.fillsIn('New password', 'eleven purple wagons');
        await strikes(server);
        await ann.presses('Change password');
        assert.match(ann.page.notice ?? '', /has been changed/);
        await ends(server);
        await settles();
        for (const pause of [seconds(5), seconds(30), minutes(2)]) {
          portal.wait(pause);
          await portal.deliver();
        }
        assert.equal(noticesTo(email, 'Your password was changed').length, 1);
        const waiting = await db('mails').where({ state: 'waiting' });
        assert.deepEqual(waiting, []);
      });
    });
  }
});
