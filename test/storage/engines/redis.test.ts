import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createClient } from 'redis';
import { type RedisSessions, redisSessionStore } from '../../../src/storage/redis.ts';
import { CREATION_TIMEOUT } from '../../support/databases.ts';
import { type Gateway, gateway } from '../../support/gateway.ts';
import { told } from '../../support/redis-sets.ts';
import { ownServer, redis } from '../../support/servers.ts';
import { assertFailsOnce, get, LASTING, sessionStoreSuite, set } from '../suites/session-stores.ts';
import { unhandled } from '../suites/sessions.ts';

describe('sessions in Redis', () => {
  let way: Gateway;
  let sessions: RedisSessions;
  let brief: RedisSessions | undefined;
  let faults: unknown[];
  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    const { url } = await redis();
    way = await gateway(url);
  });
  beforeEach(async () => {
    faults = [];
    sessions = redisSessionStore(way.url, { idleLimit: LASTING, report: (error) => faults.push(error) });
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
      brief = redisSessionStore(way.url, { idleLimit });
      await brief.opened();
      return brief.store;
    },
  );

  it('lie under keys of the portal and expire by themselves', async () => {
    const id = randomBytes(8).toString('hex');
    await set(sessions.store, id, 1);
    const client = createClient({ url: (await redis()).url });
    await client.connect();
    const left = await client.ttl(`postern:session:${id}`);
    client.destroy();
    assert.ok(left > 290 && left <= 300, `${left} s`);
  });

  it('fail once for each call while Redis is down, reject nothing, and work again when it is back', async () => {
    await set(sessions.store, 'lasting', 1);
    const rejections = await unhandled(async () => {
      await way.cut();
      await assert.rejects(sessions.ping());
      await assertFailsOnce(sessions.store, 'as it reads');
      await way.open();
      await answering(sessions);
    });
    assert.deepEqual(rejections, []);
    assert.ok(faults.length > 0);
    assert.equal((await get(sessions.store, 'lasting'))?.state, 1);
  });

  it('fail within 3 seconds when Redis hangs, and work again when it no longer does', async () => {
    way.freeze();
    const began = Date.now();
    await assert.rejects(sessions.ping());
    assert.ok(Date.now() - began < 3000);
    const next = Date.now();
    await assert.rejects(get(sessions.store, 'one'));
    assert.ok(Date.now() - next < 3000);
    await way.open();
    await answering(sessions);
  });

  it('fail as soon as was asked for when Redis hangs', async () => {
    const hasty = redisSessionStore(way.url, { idleLimit: LASTING, timeout: 200 });
    await hasty.opened();
    way.freeze();
    const began = Date.now();
    await assert.rejects(hasty.ping());
    assert.ok(Date.now() - began < 1000);
    await hasty.close();
  });

  it('stay connected while nobody does anything', async () => {
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await sessions.ping();
    assert.deepEqual(faults, []);
  });

  it('start while Redis is down, and work once it is there', async () => {
    await way.cut();
    const early = redisSessionStore(way.url, { idleLimit: LASTING });
    const began = Date.now();
    await early.opened();
    assert.ok(Date.now() - began < 4000);
    await assert.rejects(early.ping());
    await way.open();
    await answering(early);
    await early.close();
  });

  it('leave a server that has become a replica, to ask anew for the primary', async () => {
    const server = await ownServer('redis');
    const demoted = redisSessionStore(server.url, {
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

/** Waits until Redis answers, 8 seconds at most. */
async function answering(sessions: RedisSessions): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await sessions.ping();
    } catch (error) {
      if (attempt === 80) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
