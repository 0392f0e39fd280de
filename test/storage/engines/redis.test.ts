import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from 'redis';
import { type RedisSessions, redisSessionStore } from '../../../src/storage/redis/session-store.ts';
import { CREATION_TIMEOUT } from '../../support/databases.ts';
import { type Gateway, gateway } from '../../support/gateway.ts';
import { told } from '../../support/redis-sets.ts';
import { ownServer, redis } from '../../support/servers.ts';
import { settlesWithin, until } from '../../support/until.ts';
import { interactionStoreSuite } from '../suites/oidc-models.ts';
import { assertFails, get, LASTING, sessionStoreSuite, set } from '../suites/session-stores.ts';
import { unhandled } from '../suites/sessions.ts';
import { submissionStoreSuite } from '../suites/submissions.ts';

describe('sessions in Redis', () => {
  let way: Gateway;
  let sessions: RedisSessions;
  let brief: RedisSessions | undefined;
  let faults: unknown[];
  let failures: number;
  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    const { url } = await redis();
    way = await gateway(url);
  });
  beforeEach(async () => {
    faults = [];
    failures = 0;
    sessions = redisSessionStore(way.url, {
      clock: Date.now,
      idleLimit: LASTING,
      report: (error) => faults.push(error),
      failed: () => {
        failures += 1;
      },
    });
    await sessions.opened();
  });
  afterEach(async () => {
    await way.open();
    await Promise.all([sessions.close(), brief?.close()]);
    brief = undefined;
  });
  after(() => way.cut());

  sessionStoreSuite(
    () => sessions.store,
    async (idleLimit) => {
      brief = redisSessionStore(way.url, { clock: Date.now, idleLimit });
      await brief.opened();
      return brief.store;
    },
    (milliseconds) => delay(milliseconds),
  );

  describe('and requests of apps under way', () => {
    interactionStoreSuite(() => sessions.interactions);
  });

  describe('and submitted forms', () => {
    submissionStoreSuite(
      () => sessions.submissions,
      (milliseconds) => delay(milliseconds),
    );
  });

  it('are stored under keys of the portal and expire by themselves', async () => {
    const id = randomBytes(8).toString('hex');
    await set(sessions.store, id, 1);
    const client = createClient({ url: (await redis()).url });
    await client.connect();
    const left = await client.ttl(`postern:session:${id}`);
    client.destroy();
    assert.ok(left > 0 && left <= 300, `${left} s`);
  });

  it('fail once for each call while Redis is down, reject nothing else, and work again when it is back', async () => {
    await set(sessions.store, 'lasting', 1);
    const rejections = await unhandled(async () => {
      await way.cut();
      await assert.rejects(sessions.ping());
      assert.equal(failures, 0);
      await assertFails(sessions.store, 'as it reads');
      assert.equal(failures, 4);
      await way.open();
      await answering(sessions);
    });
    assert.deepEqual(rejections, []);
    assert.ok(faults.length > 0);
    assert.equal((await get(sessions.store, 'lasting'))?.state, 1);
  });

  it('fail within 3 seconds when Redis hangs, and work again when it no longer does', async () => {
    way.freeze();
    for (const call of [() => sessions.ping(), () => get(sessions.store, 'one')]) {
      const answer = call();
      assert.ok(await settlesWithin(3000, answer));
      await assert.rejects(answer);
    }
    await way.open();
    await answering(sessions);
  });

  it('fail as soon as configured when Redis hangs', async () => {
    const hasty = redisSessionStore(way.url, { clock: Date.now, idleLimit: LASTING, timeout: 200 });
    await hasty.opened();
    way.freeze();
    const answer = hasty.ping();
    assert.ok(await settlesWithin(1000, answer));
    await assert.rejects(answer);
    await hasty.close();
  });

  it('stay connected without any traffic', async () => {
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await sessions.ping();
    assert.deepEqual(faults, []);
  });

  it('start while Redis is down, and work once it is there', async () => {
    await way.cut();
    const early = redisSessionStore(way.url, { clock: Date.now, idleLimit: LASTING });
    assert.ok(await settlesWithin(4000, early.opened()));
    await assert.rejects(early.ping());
    await way.open();
    await answering(early);
    await early.close();
  });

  it('leave a server that has become a replica, to ask for the primary again', async () => {
    const server = await ownServer('redis');
    const demoted = redisSessionStore(server.url, {
      clock: Date.now,
      idleLimit: LASTING,
      report: (error) => faults.push(error),
    });
    await demoted.opened();
    const connection = async () => /id=(\d+) .*cmd=set/.exec(await told(server.url, 'CLIENT', 'LIST'))?.[1];
    await set(demoted.store, 'one', 1);
    const before = await connection();
    await told(server.url, 'REPLICAOF', '127.0.0.1', '1');
    await assert.rejects(set(demoted.store, 'one', 2), /READONLY/);
    await told(server.url, 'REPLICAOF', 'NO', 'ONE');
    await answering(demoted);
    await set(demoted.store, 'one', 3);
    assert.notEqual(await connection(), before);
    await demoted.close();
    await server.stop();
  });

  it('are closed at once while Redis is down', async () => {
    await way.cut();
    await assert.rejects(sessions.ping());
    await sessions.close();
    await assert.rejects(sessions.ping());
  });
});

/** Waits until Redis responds. */
async function answering(sessions: RedisSessions): Promise<void> {
  await until('Redis answers', () =>
    sessions.ping().then(
      () => true,
      () => false,
    ),
  );
}
