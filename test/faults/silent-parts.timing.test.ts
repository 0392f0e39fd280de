import assert from 'node:assert/strict';
import { CREATION_TIMEOUT, POSTGRESQL } from '../support/databases.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { ownServer } from '../support/servers.ts';
import { signsIn } from '../support/steps.ts';

const email = 'ann@example.org';
/** The longest time until a page reports that a dependency is unavailable, in milliseconds. */
const PATIENCE = 5000;

describe('A page whose', () => {
  for (const part of ['Redis', 'database'] as const) {
    it(`${part} does not respond reports it within ${PATIENCE / 1000} seconds`, async function () {
      this.timeout(CREATION_TIMEOUT);
      const [redis, postgres] = await Promise.all([ownServer('redis'), ownServer('postgres')]);
      const { url } = await POSTGRESQL.createOn(postgres);
      const portal: TestPortal = await openPortal('redis', { REDIS_URL: redis.url, DATABASE_URL: url });
      await portal.account(email);
      const ann = await signsIn(portal, email);
      const silent = part === 'Redis' ? redis : postgres;
      silent.signal('SIGSTOP');
      const began = performance.now();
      await ann.visits('/profile');
      const took = performance.now() - began;
      silent.signal('SIGCONT');
      await portal.close();
      await Promise.all([redis.stop(), postgres.stop()]);
      assert.equal(ann.page.status, 503);
      assert.ok(took < PATIENCE, `${took} ms`);
    });
  }
});
