import assert from 'node:assert/strict';
import { redisSessionStore } from '../../src/storage/redis.ts';
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

const email = 'ann@example.org';
/** No longer than a page may take while Redis is away, and whoever replaces the primary is found within. */
const PATIENCE = 5000;
const DEADLINE = 15_000;

async function isReady(portal: TestPortal): Promise<boolean> {
  return (await new Person(portal.app).loads('/readyz')).status === 200;
}

async function untilReady(portal: TestPortal): Promise<void> {
  await until(() => isReady(portal), 'it is not ready again');
}

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  const deadline = Date.now() + DEADLINE;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, otherwise);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Loads a page as she does, and sees that it says so, and soon, where Redis is away. */
async function isAway(ann: Person): Promise<boolean> {
  const began = Date.now();
  const { status } = await ann.visits('/');
  assert.ok(Date.now() - began < PATIENCE, `the page took ${Date.now() - began} ms`);
  if (status !== 503) return false;
  assert.equal(ann.page.heading, 'Temporarily unavailable');
  return true;
}

describe('A failover of Redis behind Sentinels', () => {
  /** No more than is asked of it. */
  const user = 'postern on >sesame ~postern:* +getex +set +del +ping +role'.split(' ');
  let redis: SentinelSet;
  let portal: TestPortal;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    redis = await sentinelSet(['--user', ...user], 'guard');
    // The first one that is named is out of order.
    const sentinels = ['127.0.0.1:1', ...redis.sentinels].join(',');
    const url = `redis+sentinel://postern:sesame@${sentinels}/${PRIMARY}?sentinel_password=guard`;
    portal = await openPortal('redis', { REDIS_URL: url });
    await portal.account(email);
  });
  after(async () => {
    await portal.close();
    await redis.stop();
  });

  it('leads to no replica that a Sentinel takes for the primary', async () => {
    const faults: unknown[] = [];
    const [sentinel] = redis.sentinels;
    const url = `redis+sentinel://:@${sentinel}/${MISTAKEN}?sentinel_password=guard`;
    const mistaken = redisSessionStore(url, {
      idleLimit: LASTING,
      report: (fault) => faults.push(fault),
    });
    await until(async () => faults.length > 0, 'it was not tried');
    await assert.rejects(mistaken.ping());
    await mistaken.close();
    assert.match(String(faults[0]), /no primary/);
  }).timeout(20_000);

  it('is survived by who is signed in: pages say meanwhile that something is away, and nothing is started anew', async () => {
    const ann = await signsIn(portal, email);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann Example');
    const keys = ({ url }: OwnServer) => told(url, 'KEYS', '*');
    const isCopied = async () => (await keys(redis.replica)) === (await keys(redis.primary));
    await until(isCopied, 'the replica does not follow');
    await redis.primary.kill();
    assert.ok(await isAway(ann));
    await untilReady(portal);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann Example');
    assert.match(await told(redis.replica.url, 'ROLE'), /^master/);
    assert.doesNotMatch(portal.log(), /sesame|guard/);
  }).timeout(30_000);
});

describe('A node of a Redis Cluster that hangs', () => {
  /** No more than is asked of it. */
  const user = 'postern on >sesame ~postern:* +getex +set +del +ping +cluster|slots'.split(' ');
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

  it('is replaced without a restart, and whose sessions are on the others go on meanwhile', async () => {
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
    const deadline = Date.now() + DEADLINE;
    do {
      for (const id of others) assert.equal((await get(sessionStore, id))?.state, 1);
      assert.ok(Date.now() < deadline, 'nobody has replaced the node');
    } while (await isAway(ann));
    await untilReady(portal);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann Example');
    for (const id of ids) assert.equal((await get(sessionStore, id))?.state, 1);
  }).timeout(40_000);

  it('keeps nobody else away from a portal that starts in the meantime', async () => {
    const [first, second] = redis.primaries.filter((node) => node !== replaced);
    assert.ok(first && second);
    first.signal('SIGSTOP');
    const sessions = redisSessionStore(urlOf([second]), { idleLimit: LASTING, timeout: 500 });
    await sessions.opened();
    const [id] = (await sessionsOn(second)).filter((kept) => ids.includes(kept));
    assert.ok(id);
    assert.equal((await get(sessions.store, id))?.state, 1);
    await assert.rejects(sessions.ping());
    await sessions.close();
  }).timeout(20_000);
});
