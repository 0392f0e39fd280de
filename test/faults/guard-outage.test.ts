import assert from 'node:assert/strict';
import { seconds } from '../../src/kernel/time.ts';
import { CREATION_TIMEOUT, POSTGRESQL } from '../support/databases.ts';
import type { GuardAnswer } from '../support/guard-client.ts';
import {
  type AppUser,
  codeFor,
  finishesAt,
  type GuardedApps,
  newUserOf,
  onGuardedApps,
  openGuardedApps,
  startsAt,
} from '../support/guarded-apps.ts';
import { type OwnServer, ownServer } from '../support/servers.ts';
import { until } from '../support/until.ts';

/** A proxy's own limit is longer than this, whatever the load of the machine. */
const PATIENCE = seconds(10);

describe('The guard, while the database', () => {
  let server: OwnServer;
  let apps: GuardedApps;
  let ann: AppUser;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    server = await ownServer('postgres');
    const { url } = await POSTGRESQL.createOn(server);
    apps = await openGuardedApps({ DATABASE_URL: url });
    ann = await newUserOf(apps, apps.wiki);
  });
  after(async () => {
    await apps?.close();
    await server?.stop();
  });

  for (const [what, strikes, ends] of [
    ['hangs', () => server.signal('SIGSTOP'), () => server.signal('SIGCONT')],
    ['is killed', () => server.kill(), () => server.start()],
  ] as const) {
    it(`${what}, allows nobody: 503 within seconds, and recovers when it is back`, async function () {
      this.timeout(CREATION_TIMEOUT);
      const { cookies, nonceHash } = await startsAt(apps, apps.wiki);
      const code = await codeFor(apps, { ...ann, app: apps.wiki, nonceHash });
      assert.equal((await ann.check()).status, 200);

      await strikes();
      const asked: Record<string, () => Promise<GuardAnswer>> = {
        'a check': () => ann.check(),
        'a check by nginx': () => ann.checkByNginx(),
        'a check of a script': () => ann.check('/api', { 'Sec-Fetch-Mode': 'cors' }),
        'a check without a cookie': () => ann.check('/', { Cookie: undefined }),
        'a start': () => apps.client.passedOn(`${apps.wiki.origin}/.postern/start/`),
        'a finish': () => finishesAt(apps, apps.wiki, code, cookies),
      };
      try {
        await Promise.all(
          Object.entries(asked).map(async ([name, ask]) => {
            const answer = await Promise.race([
              ask(),
              new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE, undefined)),
            ]);
            assert.equal(answer?.status, 503, name);
            assert.equal(answer.headers['remote-user'], undefined);
            assert.deepEqual(answer.cookieLines, []);
            assert.equal(answer.headers['retry-after'], '10');
          }),
        );
      } finally {
        await ends();
      }
      await until('checks are answered again', async () => (await ann.check()).status === 200);
    });
  }
});

onGuardedApps(
  'The guard, while the session store is unavailable (CVE-2026-25748),',
  (apps) => {
    it('checks as usual, because it has no sessions: it lets in people who may, and nobody else', async () => {
      const ann = await newUserOf(apps(), apps().wiki);
      assert.equal((await apps().client.ask('/readyz')).status, 503);
      assert.equal((await ann.check()).status, 200);
      assert.equal((await ann.check('/', { Cookie: undefined })).status, 303);
      assert.equal((await ann.checkByNginx('/', { Cookie: '__Host-postern=s%3Abroken' })).status, 401);
    });
  },
  { REDIS_URL: 'redis://127.0.0.1:1' },
);
