import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal, openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { quickAccount } from '../support/quick-account.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const HERE = '203.0.113.9';
const WRONG = 'Spring2030!';

async function guesses(portal: TestPortal, email: string, address = HERE, password = WRONG): Promise<number> {
  const person = new Person(portal.app, { address });
  await person.visits('/sign-in');
  await givesPassword(person, email, password);
  return person.page.status;
}

onPortal(
  'An attacker who tries a few passwords at each of many accounts',
  (portal) => {
    let next = 1;
    const anotherClient = () => `198.51.100.${next++}`;

    it('is stopped at the fifty-first guess, and nobody else is', async () => {
      const address = anotherClient();
      const statuses: number[] = [];
      for (let account = 0; account < 20; account++) {
        const email = newEmail('ann');
        if (account % 2 === 0) await portal().account(email);
        for (let guess = 0; guess < 3; guess++) statuses.push(await guesses(portal(), email, address));
      }
      assert.deepEqual(statuses, [...Array(50).fill(422), ...Array(10).fill(429)]);
      assert.equal(await guesses(portal(), newEmail('ann'), anotherClient()), 422);
    });

    it('reads when to try again, with the same text whether or not there is an account', async () => {
      const address = anotherClient();
      await usesUp(address);
      const email = newEmail('ann');
      await portal().account(email);
      const texts: string[] = [];
      for (const one of [email, newEmail('nobody')]) {
        const person = new Person(portal().app, { address });
        await person.visits('/sign-in');
        await givesPassword(person, one, PASSWORD);
        assert.equal(person.page.status, 429);
        texts.push(person.page.text.replaceAll(one, 'X').replace(/\d+ seconds?/g, 'N seconds'));
      }
      assert.match(texts[0] ?? '', /Too many wrong passwords from your network\. Wait N seconds/);
      assert.equal(texts[0], texts[1]);
    });

    it('locks nobody out by guesses that were refused', async () => {
      const address = anotherClient();
      await usesUp(address);
      const vera = newEmail('vera');
      await portal().account(vera);
      for (let guess = 0; guess < 120; guess++) {
        assert.equal((await check(vera, WRONG, address)).kind, 'wait');
      }
      const signedIn = await signsIn(portal(), vera, { address: anotherClient() });
      assert.notEqual(signedIn.page.heading, 'Sign in');
      const { total } = await portal().services.audit.search({
        ...{ event: 'sign-in.throttled', person: address, page: 1, pageSize: 10 },
      });
      assert.equal(total, 1);
    });

    it('gains no guesses by an account of their own', async () => {
      const address = anotherClient();
      const own = newEmail('mallory');
      await portal().account(own);
      let looked = 0;
      for (let round = 0; round < 30; round++) {
        for (let guess = 0; guess < 3; guess++) {
          if ((await check(newEmail('ann'), WRONG, address)).kind === 'refused') looked += 1;
        }
        await check(own, PASSWORD, address);
      }
      assert.equal(looked, 50);
    });

    it('locks out no neighbour whose browser is known, and asks nothing more of an open session', async () => {
      const address = anotherClient();
      const email = newEmail('ann');
      await portal().account(email);
      const ann = await signsIn(portal(), email, { address });
      await usesUp(address);
      await ann.visits('/profile/password');
      assert.equal(ann.page.status, 200);
      await ann.visits('/profile');
      await ann.presses('Sign out');
      await ann.visits('/sign-in');
      await givesPassword(ann, email);
      assert.notEqual(ann.page.status, 429, ann.page.text);
      assert.notEqual(ann.page.heading, 'Sign in');
    });

    it('has ten of twenty concurrent guesses checked if ten are left', async () => {
      const address = anotherClient();
      await usesUp(address, 40);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => check(newEmail('ann'), WRONG, address)),
      );
      assert.equal(outcomes.filter(({ kind }) => kind === 'refused').length, 10);
    });

    function check(email: string, password: string, address: string) {
      const origin = { requestId: 'test', address, browser: 'Lynx' };
      return portal().services.passwordSignIn.check(email, password, origin);
    }

    async function usesUp(address: string, times = 50): Promise<void> {
      for (let guess = 0; guess < times; guess++) await check(newEmail('nobody'), WRONG, address);
    }
  },
  { TRUST_PROXY: '1', CLIENT_FAILURES: '50' },
);

describe('A school of two hundred people behind one address', () => {
  it('signs in with a usual rate of typing errors, and nobody waits because of others', async () => {
    const portal = await openPortal('database', { CLIENT_FAILURES: '50' });
    try {
      const origin = { requestId: 'test', address: HERE, browser: 'Lynx' };
      const check = (email: string, password: string) =>
        portal.services.passwordSignIn.check(email, password, origin);
      let errors = 0;
      for (let number = 1; number <= 200; number++) {
        const email = `pupil${number}@school.example`;
        await quickAccount(portal, { email, name: 'Pupil', role: 'member' });
        // Every fourth person makes an error: most once, some three times, a few in the address.
        const wrong = number % 20 === 0 ? 3 : Number(number % 4 === 0);
        for (let time = 0; time < wrong; time++) {
          assert.equal((await check(email, WRONG)).kind, 'refused');
          errors += 1;
        }
        if (number % 10 === 0) assert.equal((await check(`x${email}`, PASSWORD)).kind, 'refused');
        assert.equal((await check(email, PASSWORD)).kind, 'accepted', email);
        portal.wait(2000);
      }
      assert.ok(errors > 50, `${errors}`);
    } finally {
      await portal.close();
    }
  });
});
