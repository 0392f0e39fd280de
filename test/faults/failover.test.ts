import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { redisSessionStore } from '../../src/storage/redis/session-store.ts';
import { get, LASTING, set } from '../storage/suites/session-stores.ts';
import { CREATION_TIMEOUT } from '../support/databases.ts';
import { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import {
  type ClusterSet,
  clusterSet,
  MISTAKEN,
  PRIMARY,
  type SentinelSet,
  sentinelSet,
  told,
} from '../support/redis-sets.ts';
import type { OwnServer } from '../support/servers.ts';
import { signsIn } from '../support/steps.ts';
import { until } from '../support/until.ts';

const email = 'ann@example.org';

async function isReady(portal: TestPortal): Promise<boolean> {
  return (await new Person(portal.app).loads('/readyz')).status === 200;
}

async function untilReady(portal: TestPortal): Promise<void> {
  await until('it is ready again', () => isReady(portal));
}

/** Loads a page as she does, and checks that it reports that Redis is unavailable: it does not wait. */
async function isAway(ann: Person): Promise<boolean> {
  const { status } = await ann.visits('/');
  if (status !== 503) return false;
  assert.equal(ann.page.heading, 'Temporarily unavailable');
  return true;
}

describe('A failover of Redis behind Sentinels', () => {
  /** Only the methods that are used. */
  const user = 'postern on >sesame ~postern:* +getex +get +set +del +ping +role'.split(' ');
  let redis: SentinelSet;
  let portal: TestPortal;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    redis = await sentinelSet(['--user', ...user], 'guard');
    // The first one in the list is out of order.
    const sentinels = ['127.0.0.1:1', ...redis.sentinels].join(',');
    const url = `redis+sentinel://postern:sesame@${sentinels}/${PRIMARY}?sentinel_password=guard`;
    portal = await openPortal('redis', { REDIS_URL: url });
    await portal.account(email);
  });
  after(async () => {
    await portal.close();
    await redis.stop();
  });

  it('does not lead to a replica that a Sentinel takes for the primary', async () => {
    const faults: unknown[] = [];
    const [sentinel] = redis.sentinels;
    const url = `redis+sentinel://:@${sentinel}/${MISTAKEN}?sentinel_password=guard`;
    const mistaken = redisSessionStore(url, {
      clock: Date.now,
      idleLimit: LASTING,
      report: (fault) => faults.push(fault),
    });
    await until('it is tried', () => faults.length > 0);
    await assert.rejects(mistaken.ping());
    await mistaken.close();
    assert.match(String(faults[0]), /not a primary/);
  });

  it('keeps people signed in: in between, pages say that something is unavailable, and nothing is restarted', async () => {
    const ann = await signsIn(portal, email);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann Example');
    // KEYS has a different order on each server.
    const keys = async ({ url }: OwnServer) =>
      (await told(url, 'KEYS', 'postern:session:*')).split('\n').sort();
    const isCopied = async () => isDeepStrictEqual(await keys(redis.replica), await keys(redis.primary));
    await until('the replica follows', isCopied);
    await redis.primary.kill();
    assert.ok(await isAway(ann));
    await untilReady(portal);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann Example');
    assert.match(await told(redis.replica.url, 'ROLE'), /^master/);
    assert.doesNotMatch(portal.log(), /sesame|guard/);
  });
});

describe('A node of a Redis Cluster that hangs', () => {
  /** Only the methods that are used. */
  const user = 'postern on >sesame ~postern:* +getex +get +set +del +ping +cluster|slots'.split(' ');
  const ids = Array.from({ length: 30 }, (_, index) => `id-${index}`);
  let redis: ClusterSet;
  let replaced: OwnServer;
  let portal: TestPortal;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    redis = await clusterSet(['--user', ...user]);
    const url = urlOf(redis.primaries);
    portal = await openPortal('redis', { REDIS_URL: url, REDIS_TIMEOUT: '0.5' });
    await portal.account(email);
  });
  after(async () => {
    await portal.close();
    await redis.stop();
  });

  const urlOf = (nodes: readonly OwnServer[]) =>
    `redis+cluster://postern:sesame@${nodes.map(({ url }) => new URL(url).host).join(',')}`;
  const sessionsOn = async ({ url }: OwnServer) => {
    const keys = await told(url, 'KEYS', 'postern:session:*');
    return keys.split('\n').flatMap((key) => key.split(':').slice(2));
  };

  it('is replaced without a restart, and sessions on the other nodes work in the meantime', async () => {
    const { sessionStore } = portal.services;
    const ann = await signsIn(portal, email);
    const held = await Promise.all(redis.primaries.map(sessionsOn));
    const primary = redis.primaries.find((_, index) => held[index]?.length === 1);
    assert.ok(primary);
    replaced = primary;
    for (const id of ids) await set(sessionStore, id, 1);
    const lost = await sessionsOn(primary);
    const others = ids.filter((id) => !lost.includes(id));
    assert.ok(others.length > 5 && others.length < 25, 'the sessions are spread');

    await redis.replicate(primary);
    primary.signal('SIGSTOP');
    assert.ok(await isAway(ann));
    assert.equal(await isReady(portal), false);
    await until('somebody has replaced the node', async () => {
      for (const id of others) assert.equal((await get(sessionStore, id))?.state, 1);
      return !(await isAway(ann));
    });
    await untilReady(portal);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann Example');
    for (const id of ids) assert.equal((await get(sessionStore, id))?.state, 1);
  });

  it('does not keep people from a portal that starts in the meantime', async () => {
    const [first, second] = redis.primaries.filter((node) => node !== replaced);
    assert.ok(first && second);
    first.signal('SIGSTOP');
    const sessions = redisSessionStore(urlOf([second]), {
      clock: Date.now,
      idleLimit: LASTING,
      timeout: 500,
    });
    await sessions.opened();
    const [id] = (await sessionsOn(second)).filter((kept) => ids.includes(kept));
    assert.ok(id);
    assert.equal((await get(sessions.store, id))?.state, 1);
    await assert.rejects(sessions.ping());
    await sessions.close();
  });
});
