import assert from 'node:assert/strict';
import type { NewSignIn, SignIn } from '../../../src/accounts/sign-ins.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { days } from '../../../src/kernel/time.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuthSnapshots } from '../../../src/storage/auth-snapshots.ts';
import { KnexSignInStore } from '../../../src/storage/sign-ins.ts';
import { KnexTrustedBrowserStore } from '../../../src/storage/trusted-browsers.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

const PASSWORD = [{ factor: 'password', at: NOW }] as const;

export function signInsSuite(engine: Engine): void {
  describe('sign-ins', () => {
    const database = useDatabase(engine);
    const store = () => new KnexSignInStore(database());
    const createAccount = async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      return account.id;
    };
    const found = async (accountId: string, signInId: string) =>
      (await new KnexAuthSnapshots(database()).read({ accountId, signInId })).person?.signIn;
    const begin = async (accountId: string, changes: Partial<NewSignIn> = {}): Promise<SignIn> => {
      const { trustedBrowserId, ...signIn }: NewSignIn = {
        ...{ id: newId(NOW), accountId, epoch: 3, browser: 'Lynx', address: '192.0.2.7' },
        ...{ startedAt: NOW, lastSeenAt: NOW, trustedBrowserId: null, assurance: PASSWORD },
        ...changes,
      };
      await store().create({ ...signIn, trustedBrowserId });
      return { ...signIn, endedAt: null, trust: null };
    };

    it('are stored with all their data, newest first, for their own account', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const one = await begin(ann);
      const two = await begin(ann, { startedAt: NOW + 1, browser: 'w3m' });
      assert.deepEqual(await store().open(ann), [two, one]);
      assert.deepEqual(await store().open(bob), []);
      await store().touch(one.id, NOW + 5);
      assert.deepEqual(await found(ann, one.id), { ...one, lastSeenAt: NOW + 5 });
    });

    it('are ended by their owner, by one of twenty, and stay ended', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const { id } = await begin(ann);
      assert.equal(await store().end(bob, id, NOW), false);
      assert.equal(await winners(() => store().end(ann, id, NOW + 1)), 1);
      assert.equal((await found(ann, id))?.endedAt, NOW + 1);
      assert.deepEqual(await store().open(ann), []);
    });

    it('are ended except one, each counted once for twenty concurrent requests', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const mine = await begin(ann);
      for (let time = 0; time < 3; time += 1) await begin(ann);
      const others = await begin(bob);
      const counts = await Promise.all(
        Array.from({ length: 20 }, () => store().endOthers(ann, mine.id, NOW + 1)),
      );
      assert.equal(
        counts.reduce((sum, count) => sum + count),
        3,
      );
      assert.deepEqual(await store().open(ann), [mine]);
      assert.deepEqual(await store().open(bob), [others]);
    });

    it('store the basis of the trust that opened them, that it is gone, and that they need none any more', async () => {
      const ann = await createAccount();
      const browsers = new KnexTrustedBrowserStore(database());
      const browser = { id: newId(NOW), accountId: ann, tokenHash: 'first', basis: 'basis' };
      const where = { browser: 'w3m', address: '::1', createdAt: NOW, expiresAt: NOW + 1 };
      await browsers.create({ ...browser, ...where });
      const one = await begin(ann, { trustedBrowserId: browser.id });
      const trustOf = async () => {
        const [open] = await store().open(ann);
        assert.deepEqual(await found(ann, one.id), open);
        return open?.trust;
      };
      assert.deepEqual(await trustOf(), { browserId: browser.id, basis: 'basis' });
      await browsers.remove(ann, browser.id);
      assert.deepEqual(await trustOf(), { browserId: browser.id, basis: null });
      await store().prove(one.id, PASSWORD, false);
      assert.deepEqual(await trustOf(), { browserId: browser.id, basis: null });
      await store().prove(one.id, PASSWORD, true);
      assert.equal(await trustOf(), null);
    });

    it('store what was proven; unknown or unreadable proofs do not count', async () => {
      const ann = await createAccount();
      const one = await begin(ann);
      const proven = [...PASSWORD, { factor: 'app', at: NOW + 1 }];
      await store().prove(one.id, proven, false);
      assert.deepEqual((await found(ann, one.id))?.assurance, proven);
      for (const assurance of [null, 'no JSON', '{}', '[{"factor":1}]']) {
        await database()('sign_ins').where({ id: one.id }).update({ assurance });
        assert.deepEqual((await found(ann, one.id))?.assurance, [], String(assurance));
      }
    });

    it('are deleted after two days', async () => {
      const ann = await createAccount();
      const old = await begin(ann, { startedAt: NOW - days(2) - 1 });
      const kept = await begin(ann, { startedAt: NOW - days(2) });
      await store().forget(NOW);
      assert.equal(await found(ann, old.id), undefined);
      assert.ok(await found(ann, kept.id));
    });

    it('are deleted with their account', async () => {
      const ann = await createAccount();
      const { id } = await begin(ann);
      await database()('accounts').where({ id: ann }).delete();
      assert.deepEqual(await database()('sign_ins').where({ id }), []);
    });
  });
}
