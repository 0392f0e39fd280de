import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexSettingsStore } from '../../../src/storage/settings.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { person } from './people.ts';

export function transactionsSuite(engine: Engine): void {
  describe('a transaction', () => {
    const database = useDatabase(engine);
    const stores = () => ({
      accounts: new KnexAccounts(database()),
      settings: new KnexSettingsStore(database()),
    });
    type Stores = ReturnType<typeof stores>;
    const transact = <T>(work: (bound: Stores) => Promise<T>) => transactOn(database())(stores(), work);
    const siteName = async () => (await stores().settings.read()).siteName;

    class Broken extends Error {}
    const breaks = () => Promise.reject(new Broken());

    it('commits the writes of all stores', async () => {
      const ann = person();
      const created = await transact(async ({ accounts, settings }) => {
        await settings.change({ siteName: 'Kept' });
        return accounts.create(ann);
      });
      assert.ok(created);
      assert.equal(await siteName(), 'Kept');
      assert.ok(await stores().accounts.find(ann.id));
    });

    it('rolls back everything when it fails', async () => {
      const [ann, bob] = [person(), person()];
      await stores().accounts.create(ann);
      const broken = transact(async ({ accounts, settings }) => {
        await settings.change({ siteName: 'Half done' });
        await accounts.create(bob);
        await accounts.changePassword(ann.id, 'a hash');
        assert.equal((await settings.read()).siteName, 'Half done', 'it sees what it writes');
        return breaks();
      });
      await assert.rejects(broken, Broken);
      assert.equal(await siteName(), 'Help Center');
      assert.equal(await stores().accounts.find(bob.id), undefined);
      const { passwordHash, sessionEpoch } = (await stores().accounts.find(ann.id)) ?? {};
      assert.deepEqual([passwordHash, sessionEpoch], [null, 0]);
    });

    it('continues after a taken key, with its earlier writes', async () => {
      const ann = person();
      await stores().accounts.create(ann);
      const outcome = await transact(async ({ accounts, settings }) => {
        await settings.change({ siteName: 'Before' });
        const created = await accounts.create(person({ email: ann.email }));
        await settings.change({ helpContact: 'after' });
        return created;
      });
      assert.equal(outcome, false);
      const { siteName: before, helpContact } = await stores().settings.read();
      assert.deepEqual([before, helpContact], ['Before', 'after']);
    });

    it('includes the transaction of a bound service', async () => {
      const services = { ...stores(), transaction: transactOn(database()) };
      const outer = services.transaction(services, async ({ transaction, settings }) => {
        await transaction({ settings }, (inner) => inner.settings.change({ siteName: 'Inner' }));
        return breaks();
      });
      await assert.rejects(outer, Broken);
      assert.equal(await siteName(), 'Help Center');
    });

    it('does not affect concurrent writes', async () => {
      const ann = person();
      const broken = transact(async ({ settings }) => {
        await settings.change({ siteName: 'Half done' });
        await delay(50);
        return breaks();
      });
      await Promise.all([assert.rejects(broken, Broken), stores().accounts.create(ann)]);
      assert.ok(await stores().accounts.find(ann.id));
      assert.equal(await siteName(), 'Help Center');
    });

    it('refuses an unbound store at once', async () => {
      const { accounts, settings } = stores();
      const outside = {
        read: () => settings.read(),
        write: () => accounts.create(person()),
        'a transaction of its own': () => settings.change({ siteName: 'Outside' }),
        'another transaction': () => transactOn(database())({ settings }, (bound) => bound.settings.read()),
      };
      for (const [what, act] of Object.entries(outside)) {
        const transaction = transact(async (bound) => {
          await bound.settings.change({ siteName: 'Inside' });
          return act();
        });
        await assert.rejects(transaction, /outside of the open transaction/, what);
      }
      assert.equal(await siteName(), 'Help Center');
      // Afterwards, and in parallel, every store is usable.
      await accounts.create(person());
    });

    it('acts after the commit, once, however often it had to start again', async () => {
      const acts: string[] = [];
      const { settings } = stores();
      let runs = 0;
      await transactOn(database())({ settings }, async (bound, tx) => {
        runs += 1;
        tx.afterCommit(() => acts.push(`run ${runs}`));
        await bound.settings.change({ siteName: 'Kept' });
        assert.deepEqual(acts, []);
        if (runs === 1) throw Object.assign(new Error('given up'), { code: '40001' });
      });
      assert.deepEqual(acts, ['run 2']);
      const broken = transactOn(database())({}, async (_, tx) => {
        tx.afterCommit(() => acts.push('broken'));
        return breaks();
      });
      await assert.rejects(broken, Broken);
      assert.deepEqual(acts, ['run 2']);
    });

    it('is carried out even if several conflict with each other', async () => {
      const [ann, bob] = [person(), person()];
      await stores().accounts.create(ann);
      await stores().accounts.create(bob);
      const raises = (...ids: string[]) =>
        transact(async ({ accounts }) => {
          for (const id of ids) await accounts.endSessions(id);
        });
      // Each locks one row and waits for the other: the database has to abort some of them. No more, because PostgreSQL takes a
      // second to detect a deadlock.
      await Promise.all(
        Array.from({ length: 4 }, (_, index) =>
          index % 2 ? raises(ann.id, bob.id) : raises(bob.id, ann.id),
        ),
      );
      for (const { id } of [ann, bob]) assert.equal((await stores().accounts.find(id))?.sessionEpoch, 4);
    });
  });
}
