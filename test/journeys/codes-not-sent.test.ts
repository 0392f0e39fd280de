import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import { hours, minutes, seconds } from '../../src/kernel/time.ts';
import { type AwayMailServer, awayMailServer, OUTAGES } from '../support/away-mail-server.ts';
import { codeIn, type Mailbox } from '../support/mailbox.ts';
import type { Person } from '../support/person.ts';
import { onPortal, openPortal, type TestPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { isSignedIn, newEmail } from '../support/victim.ts';

const FIELD = 'Verification Code';
const AWAY =
  /^We could not send the email right now\. Try again in a minute, use another authenticator or a recovery code, or contact the help desk\.$/;
const AWAY_SET_UP =
  /^We could not send the email right now\. Try again in a minute\. If that does not help, contact the help desk\.$/;
const DELAYED =
  /^Your mail server is not accepting our email right now\. This may take a few minutes\. When the email arrives, enter its code here\.$/;
const REFUSED =
  /The email could not be sent: the mail server refused this address\. If the address is right, contact the help desk\./;

/** A person with email as a factor, to whom no code has been sent yet. */
async function withEmailFactor(portal: TestPortal): Promise<Account> {
  const account = await portal.account(newEmail('ann'));
  const now = portal.now();
  const authenticator = { name: 'Work mail', data: {}, createdAt: now } as const;
  const { authenticators } = portal.services;
  const owned = { id: newId(now), accountId: account.id, method: 'email', ...authenticator } as const;
  assert.ok(await authenticators.create(owned));
  return account;
}

describe('A code while the mail server fails for everyone', () => {
  let server: AwayMailServer;
  let mailbox: Mailbox;
  let portal: TestPortal;
  let ann: Account;
  let person: Person;
  before(async () => {
    server = await awayMailServer();
    portal = await openPortal('database', { SMTP_URL: server.url });
  });
  beforeEach(async () => {
    mailbox = await server.returns();
    ann = await withEmailFactor(portal);
  });
  after(async () => {
    await portal.close();
    await server.close();
  });

  const sent = () => mailbox.sentTo(ann.email).length;
  const send = async (button = 'Send a new code') => {
    await person.presses(button);
    return person.page.status;
  };

  for (const outage of OUTAGES) {
    describe(`because it ${outage}`, () => {
      it('is reported as our problem, and neither causes a wait nor uses up the five an hour', async () => {
        await server.leaves(outage);
        person = await signsIn(portal, ann.email);
        assert.equal(person.page.noticeKind, 'warning');
        assert.match(person.page.notice ?? '', AWAY);
        assert.doesNotMatch(person.page.text, /We emailed a 6-digit code|next code in/);
        assert.equal(await send('Send Verification Code'), 422);
        assert.match(person.page.errorAt(FIELD), AWAY);
        assert.doesNotMatch(person.page.text, /We emailed a 6-digit code|next code in/);

        mailbox = await server.returns();
        for (let time = 1; time <= 5; time++) {
          await send(time === 1 ? 'Send Verification Code' : 'Send a new code');
          assert.equal(person.page.notice, 'We sent a new code. Only the latest code works.');
          portal.wait(seconds(30));
        }
        assert.equal(sent(), 5);
        assert.equal(await send(), 429);
        const newest = mailbox.sentTo(ann.email).at(-1);
        person.fillsIn(FIELD, newest ? codeIn(newest) : '');
        await person.presses('Continue');
        assert.ok(isSignedIn(person), person.page.text);
      });
    });
  }

  it('does not affect the earlier code, which is still valid', async () => {
    person = await signsIn(portal, ann.email);
    const code = codeIn(await mailbox.next(ann.email));
    portal.wait(seconds(30));
    await server.leaves('refuses connections');
    assert.equal(await send(), 422);
    person.fillsIn(FIELD, code);
    await person.presses('Continue');
    assert.ok(isSignedIn(person), person.page.text);
  });

  it('is tried a few times for free, and then counts: an attacker cannot make us try for ever', async () => {
    await server.leaves('greets with 421');
    person = await signsIn(portal, ann.email);
    const before = server.tries;
    const answers = await person.races(20, 'Send Verification Code');
    assert.ok(server.tries - before <= 3, `${server.tries - before} tries at once`);
    assert.ok(answers.every(({ status }) => status === 422 || status === 429));
    portal.wait(minutes(2));
    const since = server.tries;
    for (let half = 0; half < 110; half++) {
      await send('Send Verification Code');
      portal.wait(seconds(30));
    }
    assert.ok(server.tries - since <= 25, `${server.tries - since} tries in an hour`);
    assert.equal(person.page.status, 429);
    mailbox = await server.returns();
    portal.wait(hours(1));
    person = await signsIn(portal, ann.email);
    assert.equal(sent(), 1, 'not locked out by it for longer than an hour');
  });

  it('is explained with a fitting text when something is set up or changed', async () => {
    const zoe = await portal.account(newEmail('zoe'));
    person = await signsIn(portal, zoe.email);
    await server.leaves('refuses connections');
    await person.visits('/profile/two-factor/set-up/email');
    person.fillsIn('Authenticator Name', 'Work mail');
    assert.equal(await send('Send Verification Code'), 422);
    assert.match(person.page.errorAt('Authenticator Name'), AWAY_SET_UP);
    await person.visits('/profile/email');
    person.fillsIn('New email', newEmail('new'));
    assert.equal(await send('Send Verification Code'), 422);
    assert.match(person.page.errorAt('New email'), AWAY_SET_UP);
    mailbox = await server.returns();
    assert.equal(await send('Send Verification Code'), 200);
    assert.equal(person.page.path, '/profile/email/code');
    portal.wait(seconds(30));
    await server.leaves('refuses connections');
    assert.equal(await send(), 422);
    assert.match(person.page.errorAt(FIELD), AWAY_SET_UP);
  });
});

onPortal('A code that the mail server', (portal) => {
  let ann: Account;
  let person: Person;
  beforeEach(async () => {
    ann = await withEmailFactor(portal());
  });
  afterEach(async () => {
    portal().mailbox.behave('takes');
    portal().wait(hours(1));
    await portal().deliver();
  });

  const sent = () => portal().mailbox.sentTo(ann.email).length;
  const send = async () => {
    await person.presses('Send a new code');
    return person.page.status;
  };

  it('accepts only later arrives by itself, and the page says so', async () => {
    portal().mailbox.behave('defers');
    person = await signsIn(portal(), ann.email);
    assert.equal(person.page.noticeKind, 'warning');
    assert.match(person.page.notice ?? '', DELAYED);
    assert.equal(await send(), 200);
    assert.match(person.page.notice ?? '', DELAYED);
    portal().mailbox.behave('takes');
    portal().wait(seconds(35));
    await portal().deliver();
    assert.equal(sent(), 1, 'only the newest comes');
    person.fillsIn(FIELD, codeIn(await portal().mailbox.next(ann.email)));
    await person.presses('Continue');
    assert.ok(isSignedIn(person), person.page.text);
  });

  it('accepts only later does not use up the five an hour, but has its own count', async () => {
    portal().mailbox.behave('defers');
    person = await signsIn(portal(), ann.email);
    for (let time = 2; time <= 5; time++) {
      portal().wait(seconds(30));
      assert.equal(await send(), 200);
    }
    portal().mailbox.behave('takes');
    await portal().deliver();
    const before = sent();
    for (let time = 1; time <= 5; time++) {
      portal().wait(seconds(30));
      assert.equal(await send(), 200);
      assert.match(person.page.notice ?? '', /We sent a new code/);
    }
    assert.equal(sent() - before, 5);
    portal().wait(seconds(30));
    assert.equal(await send(), 429);
  });

  it('accepts only later is tried ten times an hour, not more', async () => {
    portal().mailbox.behave('defers');
    person = await signsIn(portal(), ann.email);
    let tried = 1;
    for (let half = 0; half < 100; half++) {
      portal().wait(seconds(30));
      const [button = ''] = person.page.buttons.filter((text) => /^(?:Send|Email me) /.test(text));
      await person.presses(button);
      if (person.page.status === 200) tried += 1;
    }
    assert.equal(tried, 10);
  });

  it('refuses for this address counts, causes a wait, and is reported as such', async () => {
    portal().mailbox.behave('refuses');
    person = await signsIn(portal(), ann.email);
    assert.match(person.page.notice ?? '', REFUSED);
    await person.presses('Send Verification Code');
    assert.equal(person.page.status, 429);
    for (let time = 2; time <= 5; time++) {
      portal().wait(seconds(30));
      await person.presses('Send Verification Code');
      assert.equal(person.page.status, 422);
      assert.match(person.page.errorAt(FIELD), REFUSED);
    }
    portal().mailbox.behave('takes');
    portal().wait(seconds(30));
    await person.presses('Send Verification Code');
    assert.equal(person.page.status, 429);
    assert.equal(sent(), 0);
  });
});
