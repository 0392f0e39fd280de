import assert from 'node:assert/strict';
import { CREATION_TIMEOUT, type EmptyDatabase, POSTGRESQL } from '../support/databases.ts';
import type { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { type OwnServer, ownServer, redis } from '../support/servers.ts';
import { signsIn } from '../support/steps.ts';

const email = 'ann@example.org';
/** The longest time until a page reports that a dependency is unavailable, in milliseconds. */
const PATIENCE = 5000;

/** A portal with one server that can be silenced, and somebody who is signed in to it. */
interface Site {
  readonly portal: TestPortal;
  readonly silent: OwnServer;
  readonly ann: Person;
}

describe('A page whose', () => {
  let databases: readonly EmptyDatabase[] = [];
  let sites: readonly Site[] = [];
  let answers: readonly { readonly status: number; readonly took: number }[];

  // Both wait at once: nearly all of the time is a wait for the server.
  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    const [ownRedis, postgres] = await Promise.all([ownServer('redis'), ownServer('postgres')]);
    const [shared, own] = await Promise.all([POSTGRESQL.create(), POSTGRESQL.createOn(postgres)]);
    databases = [shared];
    sites = [
      await siteOn(ownRedis, { REDIS_URL: ownRedis.url, DATABASE_URL: shared.url }),
      await siteOn(postgres, { REDIS_URL: (await redis()).url, DATABASE_URL: own.url }),
    ];
    answers = await Promise.all(sites.map(visited));
  });
  after(async () => {
    for (const { portal } of sites) await portal.close();
    await Promise.all(sites.map(({ silent }) => silent.stop()));
    for (const database of databases) await database.drop();
  });

  async function siteOn(silent: OwnServer, environment: Record<string, string>): Promise<Site> {
    const portal = await openPortal('redis', environment);
    await portal.account(email);
    return { portal, silent, ann: await signsIn(portal, email) };
  }

  async function visited({ silent, ann }: Site) {
    silent.signal('SIGSTOP');
    const began = performance.now();
    const { status } = await ann.visits('/profile');
    const took = performance.now() - began;
    silent.signal('SIGCONT');
    return { status, took };
  }

  for (const [index, part] of ['Redis', 'database'].entries()) {
    it(`${part} does not respond reports it within ${PATIENCE / 1000} seconds`, () => {
      const { status, took = Number.NaN } = answers[index] ?? {};
      assert.equal(status, 503);
      assert.ok(took < PATIENCE, `${took} ms`);
    });
  }
});
