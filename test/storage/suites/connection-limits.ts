import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { openDatabase } from '../../../src/storage/sql/database.ts';
import { CREATION_TIMEOUT, type EmptyDatabase, type Engine } from '../../support/databases.ts';
import { type Gateway, gateway } from '../../support/gateway.ts';
import { Person } from '../../support/person.ts';
import { openPortal } from '../../support/portal.ts';
import { signsIn } from '../../support/steps.ts';

interface Statements {
  /** A statement that takes the seconds that are bound to it. */
  readonly sleep: string;
  /** The number of connections to the database with this name. */
  readonly connections: string;
}

/** The connections that a database server sees, and the time that they are waited for. */
export function connectionLimitsSuite(engine: Engine, { sleep, connections }: Statements): void {
  describe(`connections to ${engine.name}`, () => {
    let empty: EmptyDatabase;
    let way: Gateway;
    /** Another one, of the observer. */
    let observer: Knex;
    before(async function () {
      this.timeout(CREATION_TIMEOUT);
      empty = await engine.create();
      way = await gateway(empty.url);
      const server = new URL(empty.url);
      server.pathname = engine.name === 'PostgreSQL' ? '/postgres' : '/mysql';
      observer = openDatabase(server.href);
    });
    after(async () => {
      await observer.destroy();
      await way.cut();
      await empty.drop();
    });

    /** The maximum during the work. */
    async function mostDuring(work: Promise<unknown>): Promise<number> {
      let isOver = false;
      let most = 0;
      const watched = work.finally(() => {
        isOver = true;
      });
      while (!isOver) most = Math.max(most, await seen());
      await watched;
      return most;
    }

    async function seen(): Promise<number> {
      const answer = await observer.raw(connections, [new URL(empty.url).pathname.slice(1)]);
      const [row] = engine.name === 'PostgreSQL' ? answer.rows : answer[0];
      return Number(row.total);
    }

    it('are as many as the pool allows, and never more, whatever the number of statements', async () => {
      for (const [options, expected] of [
        [{}, 10],
        [{ poolSize: 3 }, 3],
      ] as const) {
        const db = openDatabase(empty.url, options);
        const work = Array.from({ length: 30 }, () => db.raw(sleep, [0.25]));
        const most = await mostDuring(Promise.all(work));
        await db.destroy();
        assert.equal(most, expected);
        // The server takes a while to drop closed ones.
        while ((await seen()) > 0) await delay(10);
      }
    });

    it('are as many as DATABASE_POOL_SIZE for a whole portal, which needs no more than one', async () => {
      const environment = { DATABASE_URL: empty.url, DATABASE_POOL_SIZE: '1' };
      const portal = await openPortal('database', environment);
      const email = 'ann@example.org';
      await portal.account(email);
      const most = await mostDuring(
        Promise.all([
          ...[1, 2].map(async () => {
            const ann = await signsIn(portal, email);
            assert.equal((await ann.visits('/')).heading, 'Hello, Ann Example');
          }),
          ...Array.from({ length: 10 }, () => new Person(portal.app).visits('/sign-in')),
        ]),
      );
      await portal.close();
      assert.equal(most, 1);
    });

    it('are waited for no longer than the timeout, if all are in use or the server hangs', async () => {
      const db = openDatabase(way.url, { poolSize: 1, timeout: 1000 });
      const failing = async () => String(await db.raw('select 1').then(ignore, (reason: unknown) => reason));
      let isBusy = true;
      const busy = db.raw(sleep, [2.5]).then(() => {
        isBusy = false;
      });
      const inUse = await failing();
      assert.ok(isBusy, 'the connection is still in use');
      await busy;
      await db.destroy();
      way.freeze();
      db.initialize();
      const hanging = await failing();
      await way.open();
      await db.destroy();
      assert.match(inUse, /pool is probably full/);
      assert.match(hanging, /timeout expired|ETIMEDOUT/, 'the server, and not the pool');
    });
  });
}

function ignore(): void {}
