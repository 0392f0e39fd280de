import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { KnexSessionStore } from '../../../src/storage/sessions.ts';
import { openDatabase } from '../../../src/storage/sql/database.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { assertFails, get, LASTING, sessionStoreSuite, set } from './session-stores.ts';

export function sessionsSuite(engine: Engine): void {
  describe('sessions in the database', () => {
    const database = useDatabase(engine);
    let store: KnexSessionStore;
    let now: number;
    let errors: unknown[];
    let failures: number;
    beforeEach(() => {
      now = Date.UTC(2030, 0, 1);
      errors = [];
      failures = 0;
      store = opened(database());
    });
    afterEach(() => store.close());

    function opened(db: Knex, idleLimit = LASTING): KnexSessionStore {
      return new KnexSessionStore(db, {
        idleLimit,
        clock: () => now,
        report: (error) => errors.push(error),
        failed: () => {
          failures += 1;
        },
      });
    }

    sessionStoreSuite(
      () => store,
      async (idleLimit) => opened(database(), idleLimit),
      (milliseconds) => {
        now += milliseconds;
      },
    );

    it('that have expired are deleted by the clean-up, and only those', async () => {
      await set(store, 'old', 1);
      now += LASTING - 1000;
      await set(store, 'new', 2);
      now += 2000;
      await store.cleanUp();
      assert.deepEqual(
        (await database()('sessions')).map(({ sid }: { sid: string }) => sid),
        ['new'],
      );
      assert.deepEqual(errors, []);
    });

    it('of connect-session-knex are read, extended and expire', async () => {
      // As its version 5 wrote them: text in ISO 8601 on SQLite, a time of whole seconds on MariaDB.
      const soon = new Date(now + 60_000);
      const expired =
        engine.name === 'MariaDB' ? soon.toISOString().slice(0, 19).replace('T', ' ') : soon.toISOString();
      const sess = JSON.stringify({
        cookie: { originalMaxAge: 86_400_000, httpOnly: true, path: '/' },
        state: { kind: 'anonymous' },
      });
      for (const sid of ['kept', 'left']) await database()('sessions').insert({ sid, sess, expired });
      assert.deepEqual((await get(store, 'kept'))?.state, { kind: 'anonymous' });
      await store.prolong('kept');
      now += 62_000;
      assert.deepEqual((await get(store, 'kept'))?.state, { kind: 'anonymous' });
      assert.equal(await get(store, 'left'), undefined);
    });

    it('fail once for each call when the database is unavailable, and reject nothing else', async () => {
      const rejections = await unhandled(async () => {
        const gone = openDatabase('sqlite::memory:');
        await gone.destroy();
        const broken = opened(gone);
        await assertFails(broken, 'by itself');
        assert.deepEqual([failures, errors.length], [5, 0]);
        await broken.cleanUp();
        assert.deepEqual([failures, errors.length], [6, 1]);
        await broken.close();
      });
      assert.deepEqual(rejections, []);
    });

    it('work once the database is available, even if it was not when the store was created', async () => {
      const late = openDatabase('sqlite::memory:');
      try {
        const early = opened(late);
        await early.cleanUp();
        await late.schema.createTable('sessions', (table) => {
          table.string('sid').primary();
          table.json('sess');
          table.dateTime('expired');
        });
        await set(early, 'one', 1);
        assert.equal((await get(early, 'one'))?.state, 1);
        await early.close();
      } finally {
        await late.destroy();
      }
    });
  });
}

/** Every promise rejected without a catch while `work` runs. */
export async function unhandled(work: () => Promise<void>): Promise<readonly unknown[]> {
  const rejections: unknown[] = [];
  const note = (reason: unknown) => rejections.push(reason);
  const before = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
  try {
    await work();
    await delay(50);
  } finally {
    process.removeListener('unhandledRejection', note);
    for (const listener of before) process.on('unhandledRejection', listener);
  }
  return rejections;
}
