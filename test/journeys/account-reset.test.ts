import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { badEmails, badNewPasswords, refusesBadFields } from '../support/bad-fields.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal, openPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, nextStep, setsUpApp, signsIn } from '../support/steps.ts';

const NEXT = 'eleven purple wagons';

onPortal('A forgotten password', (portal) => {
  let number = 0;
  let email = '';
  let ann: Person;

  const tokenOf = (address: string) => new URL(address).searchParams.get('token') ?? '';

  async function asksForLink(person: Person, address = email): Promise<void> {
    await person.visits('/forgotten-password');
    person.fillsIn('Email', address);
    await person.presses('Email me a link');
  }

  async function opensLink(person: Person): Promise<string> {
    await asksForLink(person);
    const link = linkIn(await portal().mailbox.next(email));
    await person.visits(link);
    return link;
  }

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    ann = new Person(portal().app);
  });

  describe('requesting the link', () => {
    it('is reached from the sign-in page', async () => {
      await ann.visits('/sign-in');
      await ann.follow('Forgot your password?');
      assert.equal(ann.page.heading, 'Forgot your password?');
      await ann.follow('Sign in');
      assert.equal(ann.page.path, '/sign-in');
    });

    it('gives the same response for every address, and mails only people with an enabled account', async () => {
      const { accounts, registration } = portal().services;
      const gone = await portal().account(`gone${number}@example.org`);
      await accounts.disable(gone.id, portal().now());
      await registration.invite({ email: `new${number}@example.org`, name: 'New' }, 'member', OPERATOR);
      await portal().mailbox.next(`new${number}@example.org`);
      const pages = new Set<string>();
      let text = '';
      for (const address of [email, `nobody${number}@example.org`, gone.email, `new${number}@example.org`]) {
        const person = new Person(portal().app);
        await asksForLink(person, address);
        assert.equal(person.page.status, 200);
        assert.equal(person.page.path, '/forgotten-password/sent');
        assert.ok(person.trail.includes('POST /forgotten-password 303'));
        pages.add(person.page.html.replace(/value="[^"]*"/g, ''));
        text = person.page.text;
      }
      assert.equal(pages.size, 1);
      assert.match(text, /If there is an account with this address/);
      await portal().mailbox.next(email);
      await portal().mailbox.next(`new${number}@example.org`);
      assert.ok(!portal().mailbox.addressees.includes(`nobody${number}@example.org`));
      assert.ok(!portal().mailbox.addressees.includes(gone.email));
    });

    it('refuses every malformed address with a message at the field', async () => {
      await ann.visits('/forgotten-password');
      await refusesBadFields(ann, '/forgotten-password', {}, badEmails());
    });

    it('says how long to wait when requested again at once, whether or not there is an account', async () => {
      for (const address of [email, `nobody-either${number}@example.org`]) {
        await portal().atOnce(async () => {
          await asksForLink(ann, address);
          await asksForLink(ann, address.toUpperCase());
        });
        assert.equal(ann.page.status, 429);
        assert.match(ann.page.errorAt('Email'), /next one in 30 seconds/);
        assert.equal(ann.page.headers['retry-after'], '30');
        assert.equal(ann.page.value('Email'), address.toUpperCase());
      }
    });

    it('grants one of twenty concurrent requests', async () => {
      await ann.visits('/forgotten-password');
      ann.fillsIn('Email', email);
      const answers = await ann.races(20, 'Email me a link');
      assert.equal(answers.filter(({ status }) => status === 303).length, 1);
      assert.equal(answers.filter(({ status }) => status === 429).length, 19);
    });

    it('works for people who have to wait at the sign-in, and ends their wait at once', async () => {
      await ann.visits('/sign-in');
      for (let failures = 0; failures < 5; failures++) await givesPassword(ann, email, 'a wrong guess');
      await givesPassword(ann, email);
      assert.equal(ann.page.status, 429);
      await opensLink(ann);
      ann.fillsIn('New password', NEXT);
      await ann.presses('Save password');
      await givesPassword(ann, email, NEXT);
      assert.equal(ann.page.heading, 'Protect your account with 2FA');
    });

    it('is open to signed-in people, because notices by mail lead there', async () => {
      ann = await signsIn(portal(), email);
      await ann.visits('/forgotten-password');
      assert.equal(ann.page.value('Email'), email);
    });
  });

  describe('choosing the new one', () => {
    it('changes the password, signs nobody in, and mails the person', async () => {
      await opensLink(ann);
      assert.equal(ann.page.heading, 'Choose a new password');
      ann.fillsIn('New password', NEXT);
      await ann.presses('Save password');
      assert.equal(ann.page.path, '/sign-in');
      assert.match(ann.page.notice ?? '', /Your password is set/);
      assert.match((await portal().mailbox.next(email)).subject ?? '', /Your password was changed/);
      await ann.visits('/profile');
      assert.equal(ann.page.heading, 'Sign in');
      await givesPassword(ann, email, PASSWORD);
      assert.equal(ann.page.status, 422);
      await givesPassword(ann, email, NEXT);
      assert.notEqual(ann.page.heading, 'Sign in');
    });

    it('ends every session', async () => {
      const elsewhere = await signsIn(portal(), email);
      await opensLink(ann);
      ann.fillsIn('New password', NEXT);
      await ann.presses('Save password');
      await elsewhere.visits('/profile');
      assert.equal(elsewhere.page.heading, 'Sign in');
    });

    it('never replaces the second factor', async () => {
      const elsewhere = await signsIn(portal(), email);
      const app = await setsUpApp(portal(), elsewhere, email);
      await opensLink(ann);
      ann.fillsIn('New password', NEXT);
      await ann.presses('Save password');
      await givesPassword(ann, email, NEXT);
      assert.equal(ann.page.heading, 'Enter the code from your app');
      await ann.visits('/profile');
      assert.equal(ann.page.path, '/sign-in/code');
      nextStep(portal());
      ann.fillsIn('Verification Code', app.code(portal().now()));
      await ann.presses('Continue');
      assert.equal(ann.page.heading, 'Hello, Ann Example');
    });

    it('refuses an unsuitable password, and keeps the link and the old password valid', async () => {
      const link = await opensLink(ann);
      const cases = badNewPasswords([email, 'example-ann-ann'], 'New password');
      await refusesBadFields(ann, '/reset-password', { token: tokenOf(link) }, cases);
      await ann.visits(link);
      assert.equal(ann.page.status, 200);
      assert.notEqual((await signsIn(portal(), email)).page.heading, 'Sign in');
    });

    it('happens once for twenty concurrent requests', async () => {
      await opensLink(ann);
      ann.fillsIn('New password', NEXT);
      const answers = await ann.races(20, 'Save password');
      assert.equal(answers.filter(({ status }) => status === 303).length, 1);
      assert.equal(answers.filter(({ status }) => status === 410).length, 19);
      await portal().mailbox.next(email);
    });

    it('fails if the link is used, replaced, altered or an hour old, or if the password has changed in between', async () => {
      const first = await opensLink(ann);
      portal().wait(31_000);
      const second = await opensLink(ann);
      for (const dead of [first, `${second}x`, '/reset-password', '/reset-password?token=a&token=b']) {
        await ann.visits(dead);
        assert.equal(ann.page.status, 410, dead);
        assert.equal(ann.page.heading, 'This link no longer works');
      }
      await ann.follow('Request a new link');
      assert.equal(ann.page.path, '/forgotten-password');
      portal().wait(60 * 60 * 1000);
      assert.equal((await ann.visits(second)).status, 410);

      const third = await opensLink(ann);
      const account = await portal().services.accounts.findByEmail(email);
      assert.ok(account);
      await portal().services.credentials.changePassword(account, NEXT, OPERATOR);
      assert.equal((await ann.visits(third)).status, 410);
    });

    it('fails for an account that was disabled in between, also with the form open', async () => {
      const link = await opensLink(ann);
      const account = await portal().services.accounts.findByEmail(email);
      await portal().services.accounts.disable(account?.id ?? '', portal().now());
      ann.fillsIn('New password', NEXT);
      await ann.presses('Save password');
      assert.equal(ann.page.status, 410);
      assert.equal((await ann.visits(link)).status, 410);
    });

    it('is recorded: requested, and done; the token is not', async () => {
      const link = await opensLink(ann);
      ann.fillsIn('New password', NEXT);
      await ann.presses('Save password');
      const query = { person: email, page: 1, pageSize: 50 };
      const { events } = await portal().services.audit.search(query);
      const names = events.map(({ event }) => event);
      assert.ok(names.includes('password.reset-requested'));
      assert.ok(names.includes('password.reset'));
      assert.ok(!JSON.stringify(events).includes(tokenOf(link)));
      assert.ok(!portal().log().includes(tokenOf(link)));
      assert.ok(!portal().log().includes(NEXT));
    });
  });
});

describe('The response to a forgotten password', () => {
  it('does not wait for the mail, because its time would reveal who has an account', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port.');
    const portal = await openPortal('database', { SMTP_URL: `smtp://127.0.0.1:${address.port}` });
    try {
      await portal.account('ann@example.org');
      const ann = new Person(portal.app);
      await ann.visits('/forgotten-password');
      ann.fillsIn('Email', 'ann@example.org');
      await ann.presses('Email me a link');
      assert.equal(ann.page.path, '/forgotten-password/sent');
      while (sockets.size === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    } finally {
      for (const socket of sockets) socket.destroy();
      silent.close();
      await portal.close();
    }
  });
});
