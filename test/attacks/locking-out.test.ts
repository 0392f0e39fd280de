import assert from 'node:assert/strict';
import { hashing } from '../../src/accounts/hashing-queue.ts';
import { passwordSubjects } from '../../src/accounts/password-sign-in.ts';
import { FailureBackoff, PASSWORD_ACCOUNT_RULE } from '../../src/limits/failure-backoff.ts';
import { KnexBackoffStore } from '../../src/storage/limits.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal, openPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { isSignedIn, newEmail, trustsBrowser, victimOf } from '../support/victim.ts';

const NEXT = 'nineteen brown otters';
const COOKIE = 'postern-device';
/** The person's address; the attackers have others. */
const HOME = { address: '198.51.100.7' };

onPortal(
  'An attacker who wants to lock a person out',
  (portal) => {
    /** Sends a hundred wrong passwords from twenty-five networks, and one more whenever a wait ends. */
    async function besieges(email: string): Promise<() => Promise<void>> {
      const guessers = await Promise.all(
        Array.from({ length: 25 }, async (_, number) => {
          const guesser = new Person(portal().app, { address: `203.0.113.${number}` });
          await guesser.visits('/sign-in');
          return guesser;
        }),
      );
      let turn = 0;
      const guess = async () => {
        const guesser = guessers[turn++ % guessers.length];
        if (guesser) await guesser.submitsRaw('POST', '/sign-in', { email, password: 'a wrong guess' });
      };
      for (let guesses = 0; guesses < 100; guesses++) await guess();
      return guess;
    }

    /** The same without the work: only the count that the attack above leaves. */
    async function isBesieged(email: string): Promise<void> {
      const { services, folder, now } = portal();
      const db = openDatabase(`sqlite:${folder}/postern.sqlite`);
      const throttle = new FailureBackoff(new KnexBackoffStore(db), now);
      const [, anywhere] = passwordSubjects(email, OPERATOR.origin, services.keyring);
      for (let guesses = 0; guesses < 100; guesses++) await throttle.consume(anywhere, PASSWORD_ACCOUNT_RULE);
      await db.destroy();
    }

    async function signsOut(person: Person): Promise<void> {
      await person.visits('/');
      await person.presses('Sign out');
      assert.ok(!isSignedIn(person));
    }

    it('does not lock them out of a browser in which they have signed in before, however long the attack lasts', async () => {
      const email = newEmail('boss');
      await portal().account(email, 'administrator');
      const boss = await signsIn(portal(), email, HOME);
      await signsOut(boss);
      const goOn = await besieges(email);
      for (let hour = 0; hour < 6; hour++) {
        await goOn();
        await boss.visits('/sign-in');
        await givesPassword(boss, email);
        assert.equal(boss.page.status, 200);
        assert.ok(isSignedIn(boss));
        await signsOut(boss);
        portal().wait(10 * 60_000);
      }
    });

    it('does not make them wait at a step-up or a change of the password in an open session', async () => {
      const email = newEmail('boss');
      await portal().account(email, 'administrator');
      const boss = await signsIn(portal(), email, HOME);
      boss.cookies.delete(COOKIE);
      await isBesieged(email);
      portal().wait(10 * 60_000);
      await boss.visits('/step-up?return-to=/admin/people');
      boss.fillsIn('Password', PASSWORD);
      await boss.presses('Continue');
      assert.equal(boss.page.path, '/admin/people');
      await boss.visits('/profile/password');
      boss.fillsIn('Current password', PASSWORD);
      boss.fillsIn('New password', NEXT);
      await boss.presses('Change password');
      assert.equal(boss.page.path, '/profile');
      // With the new password the browser is no longer known, and then it is known again.
      await signsOut(boss);
      await boss.visits('/sign-in');
      await givesPassword(boss, email, NEXT);
      assert.ok(isSignedIn(boss));
    });

    it('does not see a time for the next guess; the person does not either, but can choose a new password', async () => {
      const email = newEmail('ann');
      await portal().account(email);
      await isBesieged(email);
      const ann = new Person(portal().app, HOME);
      await ann.visits('/sign-in');
      for (let tries = 0; tries < 7; tries++) await givesPassword(ann, email);
      assert.equal(ann.page.status, 429);
      assert.equal(ann.page.headers['retry-after'], undefined);
      const said = ann.page.errorAt('Email');
      assert.match(said, /Too many failed sign-ins with this email/);
      assert.doesNotMatch(said, /\d|second/);
      await ann.follow('Forgot your password?');
      ann.fillsIn('Email', email);
      await ann.presses('Email me a link');
      await ann.visits(linkIn(await portal().mailbox.next(email)));
      ann.fillsIn('New password', NEXT);
      await ann.presses('Save password');
      await isBesieged(email);
      await givesPassword(ann, email, NEXT);
      assert.ok(isSignedIn(ann), ann.page.text);
    });

    it('does not prevent a valid link by requesting all that an address may have in a day', async () => {
      const email = newEmail('ann');
      await portal().account(email);
      const [stranger, ann] = [new Person(portal().app), new Person(portal().app, HOME)];
      const asks = async (person: Person) => {
        await person.visits('/forgotten-password');
        await person.submitsRaw('POST', '/forgotten-password', { email });
        await portal().delivered();
      };
      for (let hour = 0; hour < 30; hour++) {
        // Three an hour as long as there are any, then whatever becomes free.
        for (let time = 0; time < 4; time++) {
          await asks(stranger);
          portal().wait(31_000);
        }
        portal().wait(58 * 60_000);
        await asks(ann);
        const mail = portal().mailbox.sentTo(email).at(-1);
        assert.ok(mail);
        const opened = await new Person(portal().app, HOME).visits(linkIn(mail));
        assert.equal(opened.status, 200, `after ${hour} hours`);
      }
      assert.ok(portal().mailbox.sentTo(email).length <= 60, `${portal().mailbox.sentTo(email).length}`);
    });

    it('makes nobody wait whose attempts were not checked', async () => {
      const email = newEmail('ann');
      await portal().account(email);
      await isBesieged(email);
      const ann = new Person(portal().app, HOME);
      await ann.visits('/sign-in');
      for (let tries = 0; tries < 12; tries++) {
        await givesPassword(ann, email);
        assert.equal(ann.page.status, 429);
      }
      portal().wait(31_000);
      await givesPassword(ann, email);
      assert.ok(isSignedIn(ann));
    });

    it('counts no password and no recovery code that finds no place in the hashing queue', async () => {
      const victim = await victimOf(portal());
      const half = await signsIn(portal(), victim.email);
      await half.visits('/sign-in/code/recovery');
      const ann = new Person(portal().app, HOME);
      await ann.visits('/sign-in');
      const end = await fillsQueue();
      for (let tries = 0; tries < 7; tries++) {
        const fields = { email: victim.email, password: 'a wrong guess' };
        assert.equal((await ann.submitsRaw('POST', '/sign-in', fields)).status, 503);
        const code = { code: 'AAAA-AAAA-AAAA-AAAA' };
        assert.equal((await half.submitsRaw('POST', '/sign-in/code/recovery', code)).status, 503);
      }
      await end();
      half.fillsIn('Recovery code', 'AAAA-AAAA-AAAA-AAAA');
      await half.presses('Continue');
      assert.equal(half.page.status, 422);
      await givesPassword(ann, victim.email, 'a wrong guess');
      assert.equal(ann.page.status, 422);
    });

    it('does not affect a trusted browser without the cookie of a known browser', async () => {
      const victim = await victimOf(portal());
      const browser = await trustsBrowser(portal(), victim);
      await signsOut(browser);
      browser.cookies.delete(COOKIE);
      await isBesieged(victim.email);
      await browser.visits('/sign-in');
      await givesPassword(browser, victim.email);
      assert.ok(isSignedIn(browser), browser.page.text);
    });

    it('cannot use the cookie of another person’s browser, of another account, or an altered one', async () => {
      const [email, other] = [newEmail('ann'), newEmail('mallory')];
      for (const address of [email, other]) await portal().account(address);
      const ann = await signsIn(portal(), email, HOME);
      const mallory = await signsIn(portal(), other);
      const [own = '', foreign = ''] = [ann, mallory].map(({ cookies }) => cookies.get(COOKIE));
      await isBesieged(email);
      for (const [cookie, status] of [
        [foreign, 429],
        [`${own}x`, 429],
        [own.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')), 429],
        ['x'.repeat(3000), 429],
        ['%00', 429],
        [own, 200],
      ] as const) {
        const person = new Person(portal().app, HOME);
        await person.visits('/sign-in');
        person.cookies.set(COOKIE, cookie);
        await givesPassword(person, email);
        assert.equal(person.page.status, status, cookie.slice(0, 20));
      }
    });

    it('gets no access with the cookie, and no more guesses than the person', async () => {
      const email = newEmail('ann');
      await portal().account(email);
      const ann = await signsIn(portal(), email, HOME);
      const thief = new Person(portal().app, { address: '203.0.113.200' });
      thief.cookies.set(COOKIE, ann.cookies.get(COOKIE) ?? '');
      await thief.visits('/profile');
      assert.equal(thief.page.path, '/sign-in?return-to=%2Fprofile');
      await isBesieged(email);
      for (let tries = 0; tries < 5; tries++) {
        await givesPassword(thief, email, 'a wrong guess');
        assert.equal(thief.page.status, 422);
      }
      await givesPassword(thief, email, 'a wrong guess');
      assert.equal(thief.page.status, 429, 'a stranger like any other');
    });

    it('cannot read the account from the cookie, and no script can read the cookie', async () => {
      const email = newEmail('ann');
      const { id } = await portal().account(email);
      const ann = new Person(portal().app);
      await ann.visits('/sign-in');
      const answer = await ann.submitsRaw('POST', '/sign-in', { email, password: PASSWORD });
      const set = [answer.headers['set-cookie'] ?? ''].flat().join('\n');
      const [line = ''] = new RegExp(`${COOKIE}=[^\\n]*?(?=, postern|\\n|$)`).exec(set) ?? [];
      assert.match(line, /; Path=\/; Expires=[^;]+ GMT; HttpOnly; SameSite=Lax$/);
      for (const secret of [id, email, encodeURIComponent(email), 'ann']) assert.ok(!line.includes(secret));
    });

    it('gets no cookie for a wrong password, or for half a sign-in', async () => {
      const victim = await victimOf(portal());
      const thief = await signsIn(portal(), victim.email);
      assert.equal(thief.page.path, '/sign-in/code');
      assert.equal(thief.cookies.has(COOKIE), false);
      const guesser = new Person(portal().app);
      await guesser.visits('/sign-in');
      await givesPassword(guesser, victim.email, 'a wrong guess');
      assert.equal(guesser.cookies.has(COOKIE), false);
    });
  },
  { TRUST_PROXY: 'loopback' },
);

describe('The cookie of a known browser, over https', () => {
  it('is Secure, for this host only, and invisible to scripts', async () => {
    const origin = 'https://account.example.org';
    const portal = await openPortal('database', { BASE_URL: origin });
    try {
      const email = newEmail('ann');
      await portal.account(email);
      const ann = new Person(portal.app, { origin });
      await ann.visits('/sign-in');
      const { headers } = await ann.submitsRaw('POST', '/sign-in', { email, password: PASSWORD });
      assert.match(
        headers['set-cookie'] ?? '',
        /__Host-postern-device=[\w.~-]+; Path=\/; Expires=[^;]+ GMT; HttpOnly; Secure; SameSite=Lax/,
      );
    } finally {
      await portal.close();
    }
  });
});

/** Takes every place in the hashing queue; the returned function ends it. */
async function fillsQueue(): Promise<() => Promise<void>> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held: Promise<void>[] = [];
  for (const lane of ['strangers', 'people'] as const) {
    const before = hashing.load.refused;
    while (hashing.load.refused === before) {
      held.push(hashing.admit({ lane, key: String(held.length) }, () => promise));
      await Promise.race([held.at(-1)?.catch(() => {}), Promise.resolve()]);
    }
  }
  return async () => {
    resolve();
    await Promise.allSettled(held);
  };
}
