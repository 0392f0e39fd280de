import assert from 'node:assert/strict';
import type { Binding, Challenge } from '../../../src/codes/challenges.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { days, minutes } from '../../../src/kernel/time.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexChallengeStore } from '../../../src/storage/challenges.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

const EXPIRY = NOW + minutes(10);
const MOST = 5;
/** What a new code keeps of an earlier one. */
const CARRIED = { now: NOW, most: MOST - 1 };

export function challengesSuite(engine: Engine): void {
  describe('challenges', () => {
    const database = useDatabase(engine);
    const store = () => new KnexChallengeStore(database());
    let binding: Binding;
    beforeEach(async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      binding = { accountId: account.id, purpose: 'sign-in', browser: 'the secret of a browser' };
    });

    it('are found by account, purpose and browser, all three', async () => {
      const sent = challenge({ tries: 3 });
      await store().replace(binding, sent, CARRIED);
      assert.deepEqual(await store().find(binding), sent);
      assert.equal(await store().find({ ...binding, purpose: 'step-up' }), undefined);
      assert.equal(await store().find({ ...binding, browser: 'the secret of another' }), undefined);
      assert.equal(await store().find({ ...binding, accountId: 'unknown' }), undefined);
    });

    it('do not store the secret of the browser', async () => {
      await store().replace(binding, challenge(), CARRIED);
      const rows = await database()('challenges');
      assert.equal(rows.length, 1);
      assert.equal(JSON.stringify(rows).includes(binding.browser), false);
    });

    it('replace the earlier one with the same binding, which becomes invalid', async () => {
      const [earlier, other, newer] = [challenge(), challenge(), challenge({ address: 'new@example.org' })];
      await store().replace(binding, earlier, CARRIED);
      await store().replace({ ...binding, purpose: 'enrolment' }, other, CARRIED);
      await store().consume(earlier.id, NOW);
      await store().replace(binding, newer, CARRIED);
      assert.deepEqual(await store().find(binding), newer);
      assert.equal(await store().takeTry(earlier.id, NOW, MOST), false);
      assert.deepEqual(await store().find({ ...binding, purpose: 'enrolment' }), other);
    });

    it('keep the attempts of a valid earlier one, except one, and none of an invalid one', async () => {
      for (const [earlier, tries] of [
        [challenge({ tries: 3 }), 3],
        [challenge({ tries: MOST }), MOST - 1],
        [challenge({ tries: 3, usedAt: NOW }), 0],
        [challenge({ tries: 3, expiresAt: NOW }), 0],
      ] as const) {
        await database()('challenges').delete();
        await store().replace(binding, earlier, CARRIED);
        await store().replace(binding, challenge(), CARRIED);
        assert.equal((await store().find(binding))?.tries, tries);
      }
    });

    it('lose none of the attempts that are made while the next one replaces them', async () => {
      const sent = challenge();
      await store().replace(binding, sent, CARRIED);
      const taking = Array.from({ length: 3 }, () => store().takeTry(sent.id, NOW, MOST));
      const replacing = store().replace(binding, challenge(), CARRIED);
      const taken = (await Promise.all(taking)).filter(Boolean).length;
      await replacing;
      assert.equal((await store().find(binding))?.tries, taken);
    });

    it('are left as one when twenty are sent for one binding at once', async () => {
      await Promise.all(Array.from({ length: 20 }, () => store().replace(binding, challenge(), CARRIED)));
      assert.equal((await database()('challenges')).length, 1);
    });

    it('grant only the remaining attempts to twenty concurrent requests', async () => {
      const sent = challenge({ tries: 2 });
      await store().replace(binding, sent, CARRIED);
      assert.equal(await winners(() => store().takeTry(sent.id, NOW, MOST)), 3);
      assert.equal((await store().find(binding))?.tries, MOST);
    });

    it('are used up by one of twenty, and have no attempts after that', async () => {
      const sent = challenge();
      await store().replace(binding, sent, CARRIED);
      assert.equal(await winners(() => store().consume(sent.id, NOW)), 1);
      assert.equal(await store().takeTry(sent.id, NOW, MOST), false);
      assert.equal((await store().find(binding))?.usedAt, NOW);
    });

    it('end exactly when they expire', async () => {
      const sent = challenge();
      await store().replace(binding, sent, CARRIED);
      assert.equal(await store().takeTry(sent.id, EXPIRY, MOST), false);
      assert.equal(await store().consume(sent.id, EXPIRY), false);
      assert.equal(await store().takeTry(sent.id, EXPIRY - 1, MOST), true);
      assert.equal(await store().consume(sent.id, EXPIRY - 1), true);
    });

    it('are deleted a day after their expiry, when the account gets the next one', async () => {
      const yesterday = challenge();
      await store().replace({ ...binding, browser: 'old' }, yesterday, CARRIED);
      await store().replace(binding, challenge({ sentAt: EXPIRY + days(1) }), CARRIED);
      assert.deepEqual(await store().find({ ...binding, browser: 'old' }), yesterday);
      await store().replace(
        binding,
        challenge({ sentAt: EXPIRY + days(1) + 1, expiresAt: EXPIRY + days(2) }),
        CARRIED,
      );
      assert.equal(await store().find({ ...binding, browser: 'old' }), undefined);
    });

    it('are deleted with their account', async () => {
      await store().replace(binding, challenge(), CARRIED);
      await database()('accounts').delete();
      assert.equal(await store().find(binding), undefined);
    });
  });
}

/** A challenge that was just sent. */
export function challenge(changes: Partial<Challenge> = {}): Challenge {
  return {
    id: newId(NOW),
    address: 'ann@example.org',
    codeHash: 'a keyed hash',
    sentAt: NOW,
    expiresAt: EXPIRY,
    tries: 0,
    usedAt: null,
    ...changes,
  };
}
