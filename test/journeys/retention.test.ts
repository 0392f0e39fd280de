import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { days } from '../../src/kernel/time.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { Person } from '../support/person.ts';
import { anotherInstance, onBothStores } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const TABLES = ['throttles', 'allowances', 'client_budgets', 'links', 'mails'] as const;

onBothStores(
  'Data that strangers leave in the database',
  (portal) => {
    async function rows(): Promise<Record<string, number>> {
      const db = openDatabase(`sqlite:${portal().folder}/postern.sqlite`);
      try {
        const counts = TABLES.map(async (table) => [table, (await db(table)).length] as const);
        return Object.fromEntries(await Promise.all(counts));
      } finally {
        await db.destroy();
      }
    }

    it('is removed once it cannot matter any more, whichever instances remove it, and not before', async () => {
      await portal().services.settings.change({ signUp: true });
      for (let time = 0; time < 5; time++) {
        const stranger = new Person(portal().app, { address: `203.0.113.${time}` });
        await stranger.visits('/sign-in');
        await givesPassword(stranger, newEmail('nobody'), 'a wrong guess');
        await stranger.visits('/sign-up');
        stranger.fillsIn('Your name', 'Sue');
        stranger.fillsIn('Email', newEmail('sue'));
        await stranger.presses('Email me a link');
        assert.equal(stranger.page.heading, 'Check your email');
      }
      while (portal().mailbox.messages.length < 5) await pause(20);
      await portal().delivered();
      const kept = await rows();
      assert.ok(
        TABLES.every((table) => (kept[table] ?? 0) >= 5),
        JSON.stringify(kept),
      );
      await portal().forget();
      assert.deepEqual(await rows(), kept);
      portal().wait(days(40));
      const other = await anotherInstance(portal());
      await Promise.all([portal().forget(), other.forget(), portal().forget()]);
      await other.close();
      assert.deepEqual(await rows(), Object.fromEntries(TABLES.map((table) => [table, 0])));
    });
  },
  // With the large limits of other tests, a count expires within a second.
  { TRUST_PROXY: '1', CLIENT_MAILS: '10', CLIENT_FAILURES: '10' },
);
