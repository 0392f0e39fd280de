import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { endAll, type RunningServer, startsServer } from './running-server.ts';

describe('SIGTERM', () => {
  let folder: string;
  let server: RunningServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
    server = await startsServer({ DATA_DIR: folder });
  });
  afterEach(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A request whose body is not yet complete. */
  async function halfARequest(): Promise<Socket> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      'POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n',
    );
    socket.write('Content-Length: 11\r\n\r\nemail');
    // Answered by the process itself: whatever was sent before this has arrived.
    await fetch(`${server.url}/healthz`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    return socket;
  }

  it('ends an idle server at once, with 0', async () => {
    await fetch(`${server.url}/sign-in`);
    const began = Date.now();
    const { code, output, errors } = await server.stop();
    assert.equal(code, 0);
    assert.ok(Date.now() - began < 3000);
    assert.match(output, /"event":"sys_startup".*\n(.*\n)*.*"event":"sys_shutdown","signal":"SIGTERM"/);
    assert.match(output, /"msg":"closed"/);
    assert.equal(errors, '');
  });

  it('finishes a request that is under way, takes no further one, and then ends with 0', async () => {
    const socket = await halfARequest();
    server.signal('SIGTERM');
    await server.logged(/shutting down/);
    await assert.rejects(fetch(`${server.url}/healthz`));
    await new Promise((resolve) => setTimeout(resolve, 500));
    socket.write('=a%40b');
    const began = Date.now();
    const answer = await text(socket);
    // Without a CSRF token it is refused: by a whole page, not by a broken connection.
    assert.match(answer, /^HTTP\/1\.1 403 /);
    assert.match(answer, /<\/html>/);
    assert.equal((await server.ended).code, 0);
    assert.ok(Date.now() - began < 2000, 'and without waiting for a next request');
  });

  it('does not wait for a request that never ends: within 10 seconds it is over, with 0', async () => {
    const socket = await halfARequest();
    socket.on('error', () => {});
    const began = Date.now();
    const { code } = await server.stop();
    assert.equal(code, 0);
    assert.ok(Date.now() - began < 10_000);
  }).timeout(20_000);

  it('is what SIGINT does, which a terminal sends', async () => {
    server.signal('SIGINT');
    assert.equal((await server.ended).code, 0);
  });
});
