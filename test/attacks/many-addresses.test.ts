import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

onPortal(
  'An attacker who has many addresses, or many spellings of one',
  (portal) => {
    async function guessesFrom(addresses: readonly string[]): Promise<readonly number[]> {
      const email = newEmail('ann');
      await portal().account(email);
      const statuses: number[] = [];
      for (const address of addresses) {
        const guesser = new Person(portal().app, { address });
        await guesser.visits('/sign-in');
        await givesPassword(guesser, email, 'a wrong guess');
        statuses.push(guesser.page.status);
      }
      return statuses;
    }
    const WAITS_FROM_THE_SIXTH = [422, 422, 422, 422, 422, 429, 429, 429, 429, 429, 429, 429];
    const twelve = (address: (number: number) => string) => Array.from({ length: 12 }, (_, i) => address(i));

    it('waits after five guesses from twelve addresses of one IPv6 network', async () => {
      assert.deepEqual(await guessesFrom(twelve((i) => `2001:db8:1:2::${i + 1}`)), WAITS_FROM_THE_SIXTH);
    });

    it('waits after five guesses from one IPv4 address in twelve spellings', async () => {
      const spellings = [
        ...['203.0.113.9', '::ffff:203.0.113.9', '::ffff:cb00:7109', '::FFFF:203.0.113.9'],
        ...['203.0.113.9:4711', '[::ffff:203.0.113.9]:443', '64:ff9b::203.0.113.9', '64:ff9b::cb00:7109'],
        ...['0:0:0:0:0:ffff:203.0.113.9', '203.0.113.9:80', '[::ffff:cb00:7109]', '64:FF9B::cb00:7109'],
      ];
      assert.deepEqual(await guessesFrom(spellings), WAITS_FROM_THE_SIXTH);
    });

    it('waits after five guesses with twelve texts that are no address', async () => {
      assert.deepEqual(await guessesFrom(twelve((i) => `no-address-${i}`)), WAITS_FROM_THE_SIXTH);
    });

    it('counts as somebody else in another IPv6 network', async () => {
      assert.deepEqual(await guessesFrom(twelve((i) => `2001:db8:1:${i + 16}::1`)), Array(12).fill(422));
    });

    it('appears with the whole address, in one spelling, in the audit log, the log and the list of sign-ins', async () => {
      for (const [written, shown] of [
        ['::ffff:203.0.113.77', '203.0.113.77'],
        ['[2001:DB8:1:2:0:0:0:77]:443', '2001:db8:1:2::77'],
      ] as const) {
        const email = newEmail('ann');
        await portal().account(email);
        const ann = await signsIn(portal(), email, { address: written });
        await ann.visits('/profile/sign-ins');
        assert.ok(ann.page.text.includes(`Address ${shown} `), ann.page.text);
        const { events } = await portal().services.audit.search({ person: email, page: 1, pageSize: 50 });
        assert.equal(events.find(({ event }) => event === 'sign-in.completed')?.address, shown);
        assert.ok(portal().log().includes(`"address":"${shown}"`));
        assert.ok(!portal().log().includes(written));
      }
    });

    it('causes one entry in the audit log for all unchecked guesses', async () => {
      const throttled = async () =>
        (await portal().services.audit.search({ event: 'sign-in.throttled', page: 1, pageSize: 50 })).total;
      const before = await throttled();
      await guessesFrom(Array.from({ length: 40 }, (_, i) => `2001:db8:2:2::${i + 1}`));
      assert.equal((await throttled()) - before, 1);
    });

    it('gets nothing into the audit log or the log that is not an address', async () => {
      await guessesFrom(['<b>forged</b>', 'password=hunter2']);
      const { events } = await portal().services.audit.search({ page: 1, pageSize: 100 });
      assert.ok(!/forged|hunter2/.test(JSON.stringify(events) + portal().log()));
    });

    it('appears in one spelling, also if an earlier version stored another', async () => {
      const email = newEmail('ann');
      const account = await portal().account(email);
      const origin = { requestId: 'old', address: '::ffff:203.0.113.78', browser: 'Lynx' };
      await portal().services.completion.complete(
        account,
        { party: { id: account.id, label: email }, origin },
        [],
      );
      const ann = await signsIn(portal(), email, { address: '198.51.100.1' });
      await ann.visits('/profile/sign-ins');
      assert.match(ann.page.text, /Address 203\.0\.113\.78 /);
      assert.ok(!ann.page.text.includes('::ffff'));
      const { events } = await portal().services.audit.search({ person: email, page: 1, pageSize: 50 });
      assert.ok(events.some(({ address }) => address === '203.0.113.78'));
      assert.ok(!JSON.stringify(events).includes('::ffff'));
    });
  },
  { TRUST_PROXY: '1' },
);

onPortal(
  'A chain of proxies that write addresses with ports and IPv4 as IPv6',
  (portal) => {
    it('is followed to the first address that is not one of them', async () => {
      for (const [forwarded, shown] of [
        ['198.51.100.7:4711, 10.0.0.2:8080', '198.51.100.7'],
        ['198.51.100.8, ::ffff:10.0.0.2', '198.51.100.8'],
        ['6.6.6.6, 198.51.100.9, [::ffff:10.0.0.2]:80', '198.51.100.9'],
        ['6.6.6.6, not-one-of-ours', ''],
      ] as const) {
        const email = newEmail('ann');
        await portal().account(email);
        await signsIn(portal(), email, { address: forwarded });
        const { events } = await portal().services.audit.search({ person: email, page: 1, pageSize: 50 });
        assert.equal(events.find(({ event }) => event === 'sign-in.completed')?.address, shown, forwarded);
      }
    });
  },
  { TRUST_PROXY: 'loopback, 10.0.0.0/8' },
);
