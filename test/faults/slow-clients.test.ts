import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionLimits, httpServer } from '../../src/boot/http-server.ts';
import { minutes } from '../../src/kernel/time.ts';
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
import { until } from '../support/until.ts';

/** The site's stylesheet, which every page links. */
const styleSheet = ({ page }: Person) => page.$('link[rel=stylesheet]').attr('href') ?? '';

const many = async <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, one));

describe('Hundreds of slow clients', () => {
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

  it('make nobody else wait, and are cut off first if not even their headers have arrived', async () => {
    const port = Number(new URL(server.url).port);
    const ann = new Person(server.app, server.options);
    await ann.visits('/sign-in');
    const headers = await many(300, () => dribbles(port, HEADERS_TO_COME, 500));
    const bodies = await many(100, () => dribbles(port, BODY_TO_COME, 500));
    const unread = await many(10, () => readsNothing(port, styleSheet(ann), 300));
    let visits = 0;
    while (headers.some((one) => !one.isCut())) {
      await ann.visits('/sign-in');
      assert.equal(ann.page.status, 200);
      if (headers.every((one) => !one.isCut())) visits += 1;
      await delay(100);
    }
    assert.ok(visits > 10, `${visits} pages while all of them were open`);
    assert.ok(
      bodies.every((one) => !one.isCut()),
      'a body has twice as long',
    );
    for (const one of bodies) one.hangsUp();
    for (const one of unread) one.destroy();
    assert.equal((await ann.visits('/sign-in')).status, 200);
    assert.equal((await server.stop()).code, 0);
    assert.doesNotMatch(server.log(), /"level":"(error|fatal)"/);
  });
});

describe('A proxy that keeps connections for its next visitor', () => {
  it("sends a form over one that was idle for longer than Node's default", async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-faults-'));
    const server = await startsServer({ DATA_DIR: folder });
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [first] = await once(socket, 'data');
    assert.match(String(first), /^Keep-Alive: timeout=125\r$/m);
    await delay(7000);
    socket.write('POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
    const [second] = await once(socket, 'data');
    assert.match(String(second), /^HTTP\/1\.1 403 /);
    socket.destroy();
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });
});

describe('A slow client', () => {
  /** Limits that never expire during a test. */
  const NONE: ConnectionLimits = {
    ...{ headers: minutes(10), request: minutes(10), silence: minutes(10), keepAlive: minutes(10) },
    ...{ checkEvery: 50, connections: 40 },
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

  async function listens(app: Parameters<typeof httpServer>[0], limits = NONE): Promise<number> {
    server = httpServer(app, limits);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  /** Waits until the server closes the connection, by the only limit that is set. */
  async function isCutOff(one: SlowClient): Promise<void> {
    slow.push(one);
    await until('the server hangs up', () => one.isCut());
  }

  const HEADERS = { ...NONE, headers: 400 };

  it('is cut off in time while it sends its headers, even if it is never silent', async () => {
    const one = await dribbles(await listens(portal.app, HEADERS), HEADERS_TO_COME, 20);
    await isCutOff(one);
    assert.match(one.said(), /^HTTP\/1\.1 408 /);
  });

  it('is cut off in time while it sends its body, even if it is never silent', async () => {
    const before = portal.log().length;
    const one = await dribbles(await listens(portal.app, { ...HEADERS, request: 800 }), BODY_TO_COME, 20);
    await isCutOff(one);
    assert.match(one.said(), /^HTTP\/1\.1 408 /);
    assert.doesNotMatch(portal.log().slice(before), /"level":"(error|fatal)"/);
  });

  it('is cut off in its second request on a connection as in its first', async () => {
    const healthy = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const one = await dribbles(await listens(portal.app, HEADERS), `${healthy}${HEADERS_TO_COME}`, 20);
    await isCutOff(one);
    assert.match(one.said(), /^HTTP\/1\.1 200 /);
  });

  it('is cut off in time if it sends nothing at all', async () => {
    await isCutOff(await dribbles(await listens(portal.app, HEADERS), '', 60_000));
  });

  const LONG = 'x'.repeat(8 * 2 ** 20);
  const answersAtLength = (_request: unknown, response: ServerResponse) => response.end(LONG);

  it('is cut off in time if it does not read its response', async () => {
    const port = await listens(answersAtLength, { ...NONE, silence: 600 });
    const closed = new Promise((resolve) => server.once('connection', (one) => one.once('close', resolve)));
    const reader = await readsNothing(port, '/', 1);
    await closed;
    reader.destroy();
  });

  it('gets its whole response if it reads slowly, but reads', async () => {
    const silence = 600;
    const port = await listens(answersAtLength, { ...NONE, silence });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.0\r\n\r\n');
    let read = 0;
    let waited = 0;
    for await (const chunk of socket) {
      read += chunk.length;
      await delay(10);
      waited += 10;
    }
    assert.ok(read > LONG.length, String(read));
    assert.ok(waited > silence, 'it was not slow');
  });

  const HEALTHY = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';

  it('is not cut off between two requests by the limits for one request', async () => {
    const port = await listens(portal.app, { ...NONE, headers: 400, request: 800, silence: 600 });
    const socket = connect(port, '127.0.0.1');
    socket.write(HEALTHY);
    await once(socket, 'data');
    await delay(1600);
    socket.write(HEALTHY);
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it('loses its idle connections when others need them', async () => {
    const port = await listens(portal.app, { ...NONE, connections: 10 });
    const idle = await many(9, async () => {
      const socket = connect(port, '127.0.0.1');
      socket.write(HEALTHY);
      await once(socket, 'data');
      return socket;
    });
    for (let visits = 0; visits < 5; visits += 1) {
      const { status } = await fetch(`http://127.0.0.1:${port}/healthz`, {
        headers: { Connection: 'close' },
      });
      assert.equal(status, 200);
    }
    for (const socket of idle) socket.destroy();
  });

  it('takes only its share: if all connections are taken, others get in once the slow ones are closed', async () => {
    const port = await listens(portal.app, { ...HEADERS, connections: 10 });
    slow = await many(10, () => dribbles(port, HEADERS_TO_COME, 20));
    const visits = () => fetch(`http://127.0.0.1:${port}/healthz`).then(({ status }) => status);
    await assert.rejects(visits());
    await Promise.all([...slow].map(isCutOff));
    assert.equal(await visits(), 200);
  });
});
