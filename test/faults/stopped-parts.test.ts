import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { CREATION_TIMEOUT, MARIADB, POSTGRESQL, type ServedEngine } from '../support/databases.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { type OwnServer, ownServer } from '../support/servers.ts';
import { nextStep, signsIn } from '../support/steps.ts';
import { until } from '../support/until.ts';
import { givesAppCode, isSignedIn, type Victim, victimOf } from '../support/victim.ts';

interface Fault {
  readonly what: string;
  readonly part: 'redis' | 'database';
  /** The dependency that `/readyz` reports. */
  readonly missing: readonly string[];
  readonly strikes: (server: OwnServer) => Promise<void>;
  readonly ends: (server: OwnServer) => Promise<void>;
  /** Redis stores nothing on disk here: people sign in again. */
  readonly forgets: boolean;
}

const PAUSE = {
  strikes: async (one: OwnServer) => one.signal('SIGSTOP'),
  ends: async (one: OwnServer) => one.signal('SIGCONT'),
};
const CRASH = { strikes: (one: OwnServer) => one.kill(), ends: (one: OwnServer) => one.start() };

const OF_REDIS: readonly Fault[] = [
  { what: 'Redis hangs', part: 'redis', missing: ['sessions'], ...PAUSE, forgets: false },
  { what: 'Redis is killed and restarted', part: 'redis', missing: ['sessions'], ...CRASH, forgets: true },
];

const ofDatabase = (name: string): readonly Fault[] => [
  { what: `${name} hangs`, part: 'database', missing: ['database'], ...PAUSE, forgets: false },
  {
    what: `${name} is killed and restarted`,
    part: 'database',
    missing: ['database'],
    ...CRASH,
    forgets: false,
  },
];

const DATABASES = [
  { name: 'postgres', engine: POSTGRESQL, faults: [...OF_REDIS, ...ofDatabase(POSTGRESQL.name)] },
  { name: 'mariadb', engine: MARIADB, faults: ofDatabase(MARIADB.name) },
] as const;

for (const { name, engine, faults } of DATABASES) {
  describe(`In the middle of a sign-in, with ${engine.name}`, () => stopsParts(name, engine, faults));
}

function stopsParts(name: 'postgres' | 'mariadb', engine: ServedEngine, faults: readonly Fault[]): void {
  let servers: Record<Fault['part'], OwnServer>;
  let db: Knex;
  let portal: TestPortal;
  let vera: Victim;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    const [redis, database] = await Promise.all([ownServer('redis'), ownServer(name)]);
    servers = { redis, database };
    const { url } = await engine.createOn(database);
    db = openDatabase(url);
    portal = await openPortal('redis', { REDIS_URL: redis.url, DATABASE_URL: url });
    vera = await victimOf(portal);
  });
  after(async () => {
    await portal.close();
    await db.destroy();
    await Promise.all(Object.values(servers).map((server) => server.stop()));
  });

  const missing = async () => {
    const answer = await new Person(portal.app).loads('/readyz');
    return { status: answer.status, missing: JSON.parse(answer.body.toString()).missing };
  };
  const completed = async () => {
    const [row] = await db('audit_events').where({ event: 'sign-in.completed' }).count({ total: '*' });
    return Number(row?.['total']);
  };

  for (const { what, part, missing: named, strikes, ends, forgets } of faults) {
    it(`${what}: a page says so, and the person continues when it is back`, async () => {
      const ann = await signsIn(portal, vera.email);
      const elsewhere = await signsIn(portal, vera.email);
      nextStep(portal);
      const code = vera.app.code(portal.now());
      for (const one of [ann, elsewhere]) one.fillsIn('Verification Code', code);
      const before = await completed();

      await strikes(servers[part]);
      const [answer] = await ann.races(1, 'Continue');
      assert.equal(answer?.status, 503);
      assert.equal(answer?.heading, 'Temporarily unavailable');
      assert.match(answer?.text ?? '', /try again in a minute/);
      assert.deepEqual(await missing(), { status: 503, missing: named });

      await ends(servers[part]);
      await until('it is ready again', async () => (await missing()).status === 200);
      // A form that was reported as refused is not executed when the dependency comes back.
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.equal(await completed(), before);
      if (forgets) {
        await ann.presses('Continue');
        assert.equal(isSignedIn(ann), false);
        const again = await signsIn(portal, vera.email);
        await givesAppCode(portal, again, vera.app);
        assert.ok(isSignedIn(again), again.page.heading);
      } else {
        await ann.presses('Continue');
        // The code was either used up in vain or not at all: the next one gets in.
        if (!isSignedIn(ann)) await givesAppCode(portal, ann, vera.app);
        assert.ok(isSignedIn(ann), ann.page.heading);
        await elsewhere.presses('Continue');
        assert.equal(isSignedIn(elsewhere), false, 'the same code again');
      }
      assert.equal(await completed(), before + 1);
      assert.deepEqual(await brokenInvariants(db), []);
    });
  }
}
