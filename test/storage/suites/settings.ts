import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_SETTINGS } from '../../../src/settings/settings.ts';
import { KnexSettingsStore } from '../../../src/storage/settings.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';

export function settingsSuite(engine: Engine): void {
  describe('settings', () => {
    const database = useDatabase(engine);
    const store = () => new KnexSettingsStore(database());
    const write = (name: string, value: string) => database()('settings').insert({ name, value });

    it('are the defaults until somebody changes them', async () => {
      assert.deepEqual(await store().read(), DEFAULT_SETTINGS);
      assert.deepEqual(await store().change({}), DEFAULT_SETTINGS);
    });

    it('change independently, on every instance', async () => {
      const twoFactor = { rule: 'mandatory', methods: ['app'] } as const;
      assert.deepEqual(await store().change({ twoFactor, siteName: 'Hilfe "Süd"' }), {
        ...DEFAULT_SETTINGS,
        siteName: 'Hilfe "Süd"',
        twoFactor,
      });
      await store().change({ signUp: true, siteName: 'Süd' });
      assert.deepEqual(await store().read(), {
        ...DEFAULT_SETTINGS,
        siteName: 'Süd',
        signUp: true,
        twoFactor,
      });
    });

    it('all survive twenty concurrent changes of different ones', async () => {
      const changes = [
        { siteName: 'Site' },
        { helpContact: 'Call us' },
        { sender: 'a@example.org' },
        { signUp: true },
      ];
      await Promise.all(Array.from({ length: 20 }, (_, i) => store().change(changes[i % 4] ?? {})));
      assert.deepEqual(await store().read(), Object.assign({ ...DEFAULT_SETTINGS }, ...changes));
    });

    it('may be cached for a second: another instance sees a change by then, this one at once', async () => {
      const [here, there] = [store(), store()];
      for (const instance of [here, there]) assert.equal((await instance.recent()).signUp, false);
      await here.change({ signUp: true });
      assert.equal((await here.recent()).signUp, true);
      assert.equal((await there.read()).signUp, true);
      await delay(1100);
      assert.equal((await there.recent()).signUp, true);
    });

    it('are those of a change after its commit, even if they were read during it', async () => {
      const settings = store();
      const made = Promise.withResolvers<void>();
      // A promise runs where it was created: outside of the transaction. SQLite, with its one connection, waits for its end.
      const meanwhile = made.promise.then(() => settings.recent());
      await transactOn(database())({ settings }, async (bound) => {
        await bound.settings.change({ signUp: true });
        made.resolve();
        await Promise.race([meanwhile, delay(200)]);
      });
      await meanwhile;
      assert.equal((await settings.recent()).signUp, true);
    });

    it('are read once for any number of concurrent requests for recent ones', async () => {
      let asked = 0;
      database().on('query', () => {
        asked += 1;
      });
      const busy = store();
      await Promise.all(Array.from({ length: 20 }, () => busy.recent()));
      assert.equal(asked, 1);
    });

    it('are read again after an error', async () => {
      const broken = store();
      await write('signUp', '"perhaps"');
      await assert.rejects(broken.recent());
      await database()('settings').update({ value: 'true' });
      assert.equal((await broken.recent()).signUp, true);
    });

    it('of another version are not changed', async () => {
      await write('colour', '"blue"');
      assert.deepEqual(await store().read(), DEFAULT_SETTINGS);
    });

    it('keep the rule when another version offers more methods', async () => {
      await write('twoFactor', '{"rule":"mandatory","methods":["pigeon","email"]}');
      assert.deepEqual((await store().read()).twoFactor, { rule: 'mandatory', methods: ['email'] });
    });

    it('contain the grace, and since when 2FA has been mandatory', async () => {
      for (const grace of [
        { kind: 'until', at: Date.UTC(2031, 0, 1) },
        { kind: 'days', days: 14 },
        { kind: 'none' },
      ] as const) {
        await store().change({ grace, mandatorySince: 1_900_000_000_000 });
        const { grace: kept, mandatorySince } = await store().read();
        assert.deepEqual([kept, mandatorySince], [grace, 1_900_000_000_000]);
      }
      await database()('settings').where({ name: 'grace' }).update({ value: '{"kind":"days"}' });
      await assert.rejects(store().read());
    });

    it('that cannot be read are an error, because a default could be weaker', async () => {
      await write('twoFactor', '{"rule":"strict","methods":[]}');
      await assert.rejects(store().read());
      await database()('settings').update({ value: '{"rule":"mand' });
      await assert.rejects(store().read());
    });
  });
}
