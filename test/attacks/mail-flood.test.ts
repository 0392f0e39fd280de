import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsEmail, newEmail, thiefOf, victimOf } from '../support/victim.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

onPortal("An attacker who floods somebody's mailbox", (portal) => {
  function mailsTo(email: string): number {
    return portal().mailbox.addressees.filter((address) => address === email).length;
  }

  async function withEmail(): Promise<string> {
    const email = newEmail('vera');
    await enrolsEmail(portal(), await portal().account(email));
    portal().wait(DAY);
    return email;
  }

  it('causes one code by pressing the button twenty times at once', async () => {
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

  it('causes no more than five codes an hour and ten a day, with new sessions and the button together', async () => {
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

  it('causes three links an hour to one mailbox, whatever sub-addresses they invent', async () => {
    await portal().services.settings.change({ signUp: true });
    const victim = newEmail('flooded');
    const [name, domain] = victim.split('@');
    const before = portal().mailbox.messages.length;
    const stranger = new Person(portal().app);
    await stranger.visits('/sign-up');
    for (let time = 0; time < 30; time++) {
      const email = time % 5 === 0 ? victim : `${name}+${time}@${domain}`;
      await stranger.submitsRaw('POST', '/sign-up', { name: 'Vera', email });
      portal().wait(MINUTE);
    }
    while (portal().mailbox.messages.length < before + 3) await pause(20);
    await pause(300);
    await portal().delivered();
    const sent = portal().mailbox.addressees.filter((to) => to.startsWith(`${name}`));
    assert.equal(sent.length, 3, sent.join());
  });

  it('causes no more than three links an hour and ten a day, whether or not there is an account', async () => {
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

  it('causes one mail about wrong codes, however many there are', async () => {
    const vera = await victimOf(portal());
    const thief = await thiefOf(portal(), vera);
    const before = mailsTo(vera.email);
    for (let time = 0; time < 8; time++) {
      thief.fillsIn('Verification Code', '000000');
      await thief.presses('Continue');
      portal().wait(60 * MINUTE);
      await thief.visits('/sign-in');
      thief.fillsIn('Email', vera.email);
      thief.fillsIn('Password', 'seventeen green herons');
      await thief.presses('Sign in');
    }
    assert.equal(mailsTo(vera.email) - before, 1);
  });

  it('causes no more than three requests for a reset to the administrators in a day', async () => {
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

onPortal(
  'An attacker who sends mails to many addresses',
  (portal) => {
    const from = (address: string) => new Person(portal().app, { address });

    async function asks(person: Person, path: string, email: string): Promise<number> {
      await person.visits(path);
      const fields = path === '/sign-up' ? { name: 'Sue', email } : { email };
      return (await person.submitsRaw('POST', path, fields)).status;
    }

    async function asksOften(person: Person, path: string, times: number): Promise<readonly number[]> {
      const statuses: number[] = [];
      for (let time = 0; time < times; time++) statuses.push(await asks(person, path, newEmail('made-up')));
      return statuses;
    }

    const TEN = Array(10).fill(303);
    const FIVE_WAIT = Array(5).fill(429);

    before(async () => {
      await portal().services.settings.change({ signUp: true });
    });

    it('waits after ten sign-ups, from all addresses of an IPv6 network; others do not', async () => {
      const statuses = [
        ...(await asksOften(from('2001:db8:1:2::1'), '/sign-up', 5)),
        ...(await asksOften(from('2001:db8:1:2::2'), '/sign-up', 10)),
      ];
      assert.deepEqual(statuses, [...TEN, ...FIVE_WAIT]);
      assert.deepEqual(await asksOften(from('2001:db8:1:3::1'), '/sign-up', 1), [303]);
      assert.deepEqual(await asksOften(from('198.51.100.1'), '/sign-up', 1), [303]);
    });

    it('takes no links for new passwords from their neighbours by sign-ups, and vice versa', async () => {
      await asksOften(from('203.0.113.1'), '/sign-up', 12);
      const links = await asksOften(from('203.0.113.1'), '/forgotten-password', 12);
      assert.deepEqual(links, [...TEN, 429, 429]);
      assert.deepEqual(await asksOften(from('203.0.113.2'), '/forgotten-password', 12), [...TEN, 429, 429]);
      assert.deepEqual(await asksOften(from('203.0.113.2'), '/sign-up', 1), [303]);
    });

    it('gets the same page with the time to try again, whether or not the address has an account', async () => {
      const email = newEmail('vera');
      await portal().account(email);
      await asksOften(from('203.0.113.3'), '/forgotten-password', 10);
      const texts = [];
      for (const one of [email, newEmail('nobody')]) {
        const person = from('203.0.113.3');
        await person.visits('/forgotten-password');
        person.fillsIn('Email', one);
        await person.presses('Email me a link');
        assert.equal(person.page.status, 429);
        texts.push(person.page.text.replaceAll(one, 'X').replace(/\d+ (minute|second)s?/g, 'soon'));
      }
      assert.match(texts[0] ?? '', /Too many emails were requested from your network\. .* in soon/);
      assert.equal(texts[0], texts[1]);
    });

    it('can go on bit by bit, and with the full budget an hour later', async () => {
      const person = from('203.0.113.4');
      await asksOften(person, '/sign-up', 12);
      portal().wait(31_000);
      assert.deepEqual(await asksOften(person, '/sign-up', 2), [303, 429]);
      portal().wait(2 * 60 * MINUTE);
      assert.deepEqual(await asksOften(person, '/sign-up', 11), [...TEN, 429]);
    });

    it('gets no extra mail by twenty concurrent requests', async () => {
      const person = from('203.0.113.5');
      await person.visits('/forgotten-password');
      const answers = await Promise.all(
        Array.from({ length: 20 }, () =>
          person.submitsRaw('POST', '/forgotten-password', { email: newEmail('made-up') }),
        ),
      );
      assert.equal(answers.filter(({ status }) => status === 303).length, 10);
    });

    it('does not use up the budget with refused addresses', async () => {
      const person = from('203.0.113.6');
      const email = newEmail('vera');
      for (let time = 0; time < 20; time++) await asks(person, '/sign-up', email);
      assert.deepEqual(await asksOften(person, '/sign-up', 10), [...Array(9).fill(303), 429]);
    });
  },
  { TRUST_PROXY: '1', CLIENT_MAILS: '10' },
);
