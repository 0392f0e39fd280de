import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from 'express-session';
import { openDatabase } from '../../../src/storage/database.ts';
import { type KnexSessionStore, knexSessionStore } from '../../../src/storage/sessions.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { assertFailsOnce, get, LASTING, sessionStoreSuite, set } from './session-stores.ts';

export function sessionsSuite(engine: Engine): void {
  describe('sessions in the database', () => {
    const database = useDatabase(engine);
    let store: KnexSessionStore;
    let faults: unknown[];
    beforeEach(() => {
      faults = [];
      store = knexSessionStore(database(), LASTING, (error) => faults.push(error));
    });
    afterEach(() => store.close());

    sessionStoreSuite(
      () => store,
      async (idleLimit) => knexSessionStore(database(), idleLimit),
    );

    it('are counted, listed and cleared', async () => {
      await set(store, 'one', 1);
      await set(store, 'two', 2);
      assert.equal(await store.length(() => {}), 2);
      assert.deepEqual((await store.all(() => {})).map(({ state }) => state).sort(), [1, 2]);
      await store.clear();
      assert.equal(await store.length(() => {}), 0);
    });

    it('that have expired are cleared away', async () => {
      await set(knexSessionStore(database(), -5000), 'old', 1);
      await set(store, 'new', 2);
      await store['dbCleanup']();
      assert.deepEqual(
        (await database()('sessions')).map(({ sid }: { sid: string }) => sid),
        ['new'],
      );
      assert.deepEqual(faults, []);
    });

    it('fail once for each call when the database is gone, and reject nothing', async () => {
      const rejections = await unhandled(async () => {
        const gone = openDatabase('sqlite::memory:');
        await gone.destroy();
        const broken = knexSessionStore(gone, LASTING, (error) => faults.push(error));
        await assertFailsOnce(broken, 'by itself');
        assert.deepEqual(faults, []);
        await broken.destroy('one');
        assert.equal(faults.length, 1);
        await broken['dbCleanup']();
        assert.equal(faults.length, 2);
        await broken.close();
      });
      assert.deepEqual(rejections, []);
    });

    it('work once the database is there, even if it was not when the store was made', async () => {
      const late = openDatabase('sqlite::memory:');
      try {
        const early = knexSessionStore(late, LASTING);
        await early.close();
        await late.schema.createTable('sessions', (table) => {
          table.string('sid').primary();
          table.json('sess');
          table.dateTime('expired');
        });
        await set(early, 'one', 1);
        assert.equal((await get(early, 'one'))?.state, 1);
      } finally {
        await late.destroy();
      }
    });

    it('let a callback throw without calling it again', async () => {
      const caught = await thrownBy((callback) => store.get('unknown', callback));
      assert.deepEqual(caught, ['the fault of a callback']);
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

async function thrownBy(
  call: (callback: Parameters<Store['get']>[1]) => unknown,
): Promise<readonly string[]> {
  const caught: string[] = [];
  const before = process.listeners('uncaughtException');
  process
    .removeAllListeners('uncaughtException')
    .on('uncaughtException', ({ message }) => caught.push(message));
  try {
    call(() => {
      throw new Error('the fault of a callback');
    });
    for (let waited = 0; caught.length === 0 && waited < 5000; waited += 50) await delay(50);
    // A second call would follow at once.
    await delay(100);
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  }
  return caught;
}
