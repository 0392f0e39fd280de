import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { KnexSessionStore } from '../../../src/storage/sessions.ts';
import { migrate, openDatabase, pendingMigrations, ping } from '../../../src/storage/sql/database.ts';
import { CREATION_TIMEOUT, type EmptyDatabase, type Engine } from '../../support/databases.ts';
import { type Gateway, gateway } from '../../support/gateway.ts';
import { settlesWithin } from '../../support/until.ts';
import { assertFails, get, LASTING, set } from './session-stores.ts';
import { unhandled } from './sessions.ts';

/** Instances that find the server empty at the same moment; SQLite instances would not share a file over a network. */
export function firstStartSuite(engine: Engine): void {
  describe(`the first start on ${engine.name}`, () => {
    before('the server', async function () {
      this.timeout(CREATION_TIMEOUT);
      await (await engine.create()).drop();
    });

    it('leaves one free lock when eight instances migrate at once', async () => {
      for (let round = 0; round < 3; round += 1) {
        const empty = await engine.create();
        const instances = Array.from({ length: 8 }, () => openDatabase(empty.url));
        try {
          await Promise.all(instances.map(ping));
          await Promise.all(instances.map(migrate));
          const [db] = instances;
          assert.ok(db);
          assert.deepEqual(await pendingMigrations(db), []);
          const locks: readonly { readonly is_locked: number }[] = await db('knex_migrations_lock');
          assert.deepEqual(
            locks.map(({ is_locked }) => is_locked),
            [0],
          );
        } finally {
          await Promise.all(instances.map((instance) => instance.destroy()));
          await empty.drop();
        }
      }
    });
  });
}

/** A database server that becomes unavailable and comes back. */
export function outageSuite(engine: Engine): void {
  describe(`an outage of ${engine.name}`, () => {
    let empty: EmptyDatabase;
    let way: Gateway;
    let db: Knex;
    let store: KnexSessionStore;
    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      empty = await engine.create();
      way = await gateway(empty.url);
      db = openDatabase(way.url);
      await migrate(db);
      store = new KnexSessionStore(db, { idleLimit: LASTING, clock: Date.now });
    });
    after(async () => {
      await way.open();
      await store.close();
      await db.destroy();
      await way.cut();
      await empty.drop();
    });

    it('makes each call fail once, rejects nothing else, and ends when the server is back', async () => {
      await set(store, 'one', 1);
      const rejections = await unhandled(async () => {
        await way.cut();
        await assert.rejects(ping(db));
        await assertFails(store, 'by itself');
        await way.open();
        await ping(db);
      });
      assert.deepEqual(rejections, []);
      assert.equal((await get(store, 'one'))?.state, 1);
    });

    it('is noticed within 4 seconds when the server hangs', async () => {
      await ping(db);
      way.freeze();
      const answer = ping(db);
      assert.ok(await settlesWithin(4000, answer));
      await assert.rejects(answer);
      await way.open();
    });
  });
}
