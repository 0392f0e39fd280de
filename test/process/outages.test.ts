import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CREATION_TIMEOUT, type EmptyDatabase, POSTGRESQL } from '../support/databases.ts';
import { type Gateway, gateway } from '../support/gateway.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { redis } from '../support/servers.ts';
import { givesPassword } from '../support/steps.ts';
import { until } from '../support/until.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from './running-server.ts';

const email = 'ann@example.org';

/** What a page and `/readyz` respond; the health of the process never changes. */
async function answers(server: RunningServer) {
  const page = await new Person(server.app, server.options).visits('/sign-in');
  const ready = await fetch(`${server.url}/readyz`);
  const alive = await fetch(`${server.url}/healthz`);
  return { page, ready: ready.status, body: await ready.json(), alive: alive.status };
}

async function untilReady(server: RunningServer): Promise<void> {
  await until('it is ready again', async () => (await fetch(`${server.url}/readyz`)).status === 200);
}

async function signsIn(server: RunningServer): Promise<Person> {
  const ann = new Person(server.app, server.options);
  await ann.visits('/sign-in');
  await givesPassword(ann, email);
  return ann;
}

describe('An unavailable dependency', () => {
  let folder: string;
  let way: Gateway;
  let server: RunningServer | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  afterEach(async () => {
    await server?.stop();
    await way.cut();
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it('Redis: is named by /readyz and mentioned on the pages, and recovers without a restart', async () => {
    way = await gateway((await redis()).url);
    await way.cut();
    const environment = { DATA_DIR: folder, REDIS_URL: way.url };
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.js', environment, args, PASSWORD)).code, 0);
    server = await startsServer(environment);

    const away = await answers(server);
    assert.equal(away.page.status, 503);
    assert.equal(away.page.heading, 'Temporarily unavailable');
    assert.match(away.page.text, /[\da-f]{8}-[\da-f-]{27}/, 'the request id');
    assert.ok(away.page.headers['retry-after']);
    assert.deepEqual([away.ready, away.body], [503, { status: 'unavailable', missing: ['sessions'] }]);
    assert.equal(away.alive, 200);

    await way.open();
    await untilReady(server);
    const ann = await signsIn(server);
    assert.equal(ann.page.path, '/profile/two-factor/suggestion');

    await way.cut();
    assert.equal((await ann.visits('/')).status, 503);
    await way.open();
    await untilReady(server);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann', 'the session has outlived the outage');
    const running = server;
    const saidOnce = () => [
      ...running
        .log()
        .matchAll(/"reason":"([^"]*)".*"msg":"Redis is unavailable"|"msg":"(Redis is available again)"/g),
    ];
    // The log comes through a pipe, later than the page.
    await until('the log says that it is back', () => saidOnce().length >= 4);
    const said = saidOnce();
    assert.deepEqual(said.map(([, reason, back]) => back ?? reason?.replace(/\d+$/, '…')).slice(0, 2), [
      'connect ECONNREFUSED 127.0.0.1:…',
      'Redis is available again',
    ]);
    assert.equal(said.length, 4, 'each of both outages is said once');
  }).timeout(CREATION_TIMEOUT);

  it('the database: is named by /readyz and mentioned on the pages, and recovers without a restart', async () => {
    const empty: EmptyDatabase = await POSTGRESQL.create();
    way = await gateway(empty.url);
    const environment = { DATA_DIR: folder, DATABASE_URL: way.url };
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.js', environment, args, PASSWORD)).code, 0);
    server = await startsServer(environment);
    const ann = await signsIn(server);
    assert.equal(ann.page.path, '/profile/two-factor/suggestion');

    await way.cut();
    const away = await answers(server);
    assert.equal(away.page.status, 503);
    assert.equal(away.page.heading, 'Temporarily unavailable');
    assert.equal(away.ready, 503);
    assert.deepEqual(away.body, { status: 'unavailable', missing: ['database', 'sessions'] });
    assert.equal(away.alive, 200);

    await way.open();
    await untilReady(server);
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann');
    assert.equal((await server.stop()).code, 0);
    await way.cut();
    await empty.drop();
  }).timeout(CREATION_TIMEOUT);
});
