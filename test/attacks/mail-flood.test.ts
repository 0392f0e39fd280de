import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { OPERATOR, onBothStores } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsEmail, newEmail, thiefOf, victimOf } from '../support/victim.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

onBothStores("An attacker who floods somebody's mailbox", (portal) => {
  function mailsTo(email: string): number {
    return portal().mailbox.addressees.filter((address) => address === email).length;
  }

  async function withEmail(): Promise<string> {
    const email = newEmail('vera');
    await enrolsEmail(portal(), await portal().account(email));
    portal().wait(DAY);
    return email;
  }

  it('has one code sent by pressing the button twenty times at once', async () => {
    const email = await withEmail();
    const thief = await signsIn(portal(), email);
    portal().wait(30_000);
    await thief.visits('/sign-in/code');
    const before = mailsTo(email);
    const answers = await thief.races(20, 'Send a new code');
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(answers.filter(({ status }) => status === 429).length, 19);
    assert.equal(mailsTo(email) - before, 1);
  });

  it('has no more than five an hour and ten a day sent, by new sessions and the button together', async () => {
    const email = await withEmail();
    const before = mailsTo(email);
    for (let time = 0; time < 7; time++) {
      await signsIn(portal(), email);
      portal().wait(MINUTE);
    }
    assert.equal(mailsTo(email) - before, 5);
    const thief = await signsIn(portal(), email);
    for (let time = 0; time < 9; time++) {
      portal().wait(30 * MINUTE);
      const again = await signsIn(portal(), email);
      await again.submitsRaw('POST', '/sign-in/code/send', {});
    }
    assert.equal(mailsTo(email) - before, 10);
    assert.equal((await thief.loads('/sign-in/code')).status, 303, 'the first session is over by now');
  });

  it('has no more than three links an hour and ten a day sent, whether or not there is an account', async () => {
    await portal().services.settings.change({ signUp: true });
    for (const [path, fields] of [
      ['/forgotten-password', {}],
      ['/sign-up', { name: 'Vera Victim' }],
    ] as const) {
      const email = newEmail('flooded');
      if (path === '/forgotten-password') await portal().account(email);
      const stranger = new Person(portal().app);
      await stranger.visits(path);
      const statuses: number[] = [];
      for (let time = 0; time < 16; time++) {
        const spelling = time % 2 === 0 ? email : email.toUpperCase();
        statuses.push((await stranger.submitsRaw('POST', path, { ...fields, email: spelling })).status);
        portal().wait(31 * MINUTE - 1);
      }
      assert.ok(statuses.includes(429));
      await stranger.visits('/sign-in');
      await portal().mailbox.next(email);
      assert.ok(mailsTo(email) <= 10, `${mailsTo(email)} mails by ${path}`);
    }
  });

  it('has one mail about wrong codes sent, however many there are', async () => {
    const vera = await victimOf(portal());
    const thief = await thiefOf(portal(), vera);
    const before = mailsTo(vera.email);
    for (let time = 0; time < 8; time++) {
      thief.fillsIn('Verification Code', '000000');
      await thief.presses('Continue');
      portal().wait(60 * MINUTE);
      await thief.visits('/sign-in');
      thief.fillsIn('E-mail', vera.email);
      thief.fillsIn('Password', 'seventeen green herons');
      await thief.presses('Sign in');
    }
    assert.equal(mailsTo(vera.email) - before, 1);
  });

  it('has no more than three requests for a reset put to the administrators in a day', async () => {
    const vera = await victimOf(portal());
    const { resetRequests } = portal().services;
    const asked: string[] = [];
    for (let time = 0; time < 10; time++) {
      const outcome = await resetRequests.ask(vera.account, { happened: 'Lost', contact: 'Desk' }, OPERATOR);
      asked.push(outcome.kind);
      portal().wait(MINUTE);
    }
    assert.equal(asked.filter((kind) => kind === 'asked').length, 1, 'one is open at a time');
    assert.ok(mailsTo(vera.email) <= 6);
  });
});
