import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClientLimits, httpServer } from '../../src/http-server.ts';
import { endAll, type RunningServer, startsServer } from '../process/running-server.ts';
import { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import {
  BODY_TO_COME,
  dribbles,
  HEADERS_TO_COME,
  readsNothing,
  type SlowClient,
} from '../support/slow-client.ts';

/** The site's style sheet, which every page names. */
const styleSheet = ({ page }: Person) => page.$('link[rel=stylesheet]').attr('href') ?? '';

const many = async <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, one));

describe('Hundreds of clients that take their time', () => {
  let folder: string;
  let server: RunningServer;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-faults-'));
    server = await startsServer({ DATA_DIR: folder });
  });
  after(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it('keep nobody else waiting, and are cut off after 15 seconds where not even their headers have come', async () => {
    const port = Number(new URL(server.url).port);
    const ann = new Person(server.app, server.options);
    await ann.visits('/sign-in');
    const headers = await many(300, () => dribbles(port, HEADERS_TO_COME, 500));
    const bodies = await many(100, () => dribbles(port, BODY_TO_COME, 500));
    const unread = await many(10, () => readsNothing(port, styleSheet(ann), 300));
    let slowest = 0;
    while (headers.some((one) => one.cutAfter() === undefined)) {
      const began = performance.now();
      await ann.visits('/sign-in');
      assert.equal(ann.page.status, 200);
      slowest = Math.max(slowest, performance.now() - began);
      const open = headers.filter((one) => one.cutAfter() === undefined);
      assert.ok(slowest < 2000, `a page took ${slowest} ms while ${open.length} were open`);
      await delay(100);
    }
    const cut = headers.map((one) => one.cutAfter() ?? 0);
    assert.ok(Math.min(...cut) > 14_000, `${Math.min(...cut)} ms`);
    assert.ok(Math.max(...cut) < 20_000, `${Math.max(...cut)} ms`);
    for (const one of bodies) one.hangsUp();
    for (const one of unread) one.destroy();
    assert.equal((await ann.visits('/sign-in')).status, 200);
    assert.equal((await server.stop()).code, 0);
    assert.doesNotMatch(server.log(), /"level":"(error|fatal)"/);
  }).timeout(60_000);
});

describe('A client that takes its time', () => {
  const LIMITS: ClientLimits = {
    ...{ headers: 400, request: 800, silence: 600, checkEvery: 50, connections: 40 },
  };
  let portal: TestPortal;
  let server: Server;
  let slow: SlowClient[];
  before(async () => {
    portal = await openPortal('database');
  });
  beforeEach(() => {
    slow = [];
  });
  afterEach(() => {
    for (const one of slow) one.hangsUp();
    server.closeAllConnections();
    server.close();
  });
  after(() => portal.close());

  async function listens(app: Parameters<typeof httpServer>[0], limits = LIMITS): Promise<number> {
    server = httpServer(app, limits);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function cutOff(one: SlowClient): Promise<number> {
    slow.push(one);
    const deadline = performance.now() + 5000;
    for (let cut = one.cutAfter(); ; cut = one.cutAfter()) {
      if (cut !== undefined) return cut;
      assert.ok(performance.now() < deadline, 'it was not cut off');
      await delay(10);
    }
  }

  const between = (cut: number, least: number) =>
    assert.ok(cut >= least - 20 && cut < least + 1000, `${cut} ms`);

  it('with its headers is cut off in time, though it is never silent', async () => {
    const one = await dribbles(await listens(portal.app), HEADERS_TO_COME, 20);
    between(await cutOff(one), LIMITS.headers);
    assert.match(one.said(), /^HTTP\/1\.1 408 /);
  });

  it('with its body is cut off in time, though it is never silent', async () => {
    const before = portal.log().length;
    const one = await dribbles(await listens(portal.app), BODY_TO_COME, 20);
    between(await cutOff(one), LIMITS.request);
    assert.match(one.said(), /^HTTP\/1\.1 408 /);
    assert.doesNotMatch(portal.log().slice(before), /"level":"(error|fatal)"/);
  });

  it('with its second request on a connection is cut off as with its first', async () => {
    const healthy = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const one = await dribbles(await listens(portal.app), `${healthy}${HEADERS_TO_COME}`, 20);
    between(await cutOff(one), LIMITS.headers);
    assert.match(one.said(), /^HTTP\/1\.1 200 /);
  });

  it('and sends nothing at all is cut off in time', async () => {
    const one = await dribbles(await listens(portal.app), '', 60_000);
    between(await cutOff(one), LIMITS.headers);
  });

  const LONG = 'x'.repeat(8 * 2 ** 20);
  const answersAtLength = (_request: unknown, response: ServerResponse) => response.end(LONG);

  it('and does not read its answer is cut off in time', async () => {
    const port = await listens(answersAtLength);
    const closed = new Promise((resolve) => server.once('connection', (one) => one.once('close', resolve)));
    const began = performance.now();
    const reader = await readsNothing(port, '/', 1);
    await closed;
    between(performance.now() - began, LIMITS.silence);
    reader.destroy();
  });

  it('and reads slowly, but reads, has all of its answer', async () => {
    const port = await listens(answersAtLength);
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\n\r\n');
    const began = performance.now();
    let read = 0;
    for await (const chunk of socket) {
      read += chunk.length;
      await delay(10);
    }
    assert.ok(read > LONG.length, String(read));
    assert.ok(performance.now() - began > LIMITS.silence, 'it was not slow');
  }).timeout(20_000);

  it('takes no more than its share: where all connections are taken, others get in once the slow ones are out', async () => {
    const port = await listens(portal.app, { ...LIMITS, connections: 10 });
    slow = await many(10, () => dribbles(port, HEADERS_TO_COME, 20));
    const visits = () => fetch(`http://127.0.0.1:${port}/healthz`).then(({ status }) => status);
    await assert.rejects(visits());
    await Promise.all(slow.map(cutOff));
    assert.equal(await visits(), 200);
  });
});
