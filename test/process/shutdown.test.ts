import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../support/free-port.ts';
import { ownMailServer } from '../support/mail-server.ts';
import { Person } from '../support/person.ts';
import { halfARequest } from '../support/slow-client.ts';
import { PASSWORD } from '../support/somebody.ts';
import { givesPassword } from '../support/steps.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from './running-server.ts';

const email = 'ann@example.org';

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

  it('ends an idle server with 0, and logs it', async () => {
    await fetch(`${server.url}/sign-in`);
    const { code, output, errors } = await server.stop();
    assert.equal(code, 0);
    assert.match(output, /"event":"sys_startup".*\n(.*\n)*.*"event":"sys_shutdown","signal":"SIGTERM"/);
    assert.match(output, /"msg":"closed"/);
    assert.equal(errors, '');
  });

  it('finishes a running request, accepts no further one, and then ends with 0', async () => {
    const socket = await halfARequest(server.url);
    server.signal('SIGTERM');
    await server.logged(/shutting down/);
    await assert.rejects(fetch(`${server.url}/healthz`));
    await new Promise((resolve) => setTimeout(resolve, 500));
    socket.write('=a%40b');
    const answer = await text(socket);
    // Without a CSRF token it is refused: by a complete page, not by a broken connection.
    assert.match(answer, /^HTTP\/1\.1 403 /);
    assert.match(answer, /<\/html>/);
    assert.equal((await server.ended).code, 0);
  });

  it('has the same effect as SIGINT, which a terminal sends', async () => {
    server.signal('SIGINT');
    assert.equal((await server.ended).code, 0);
  });

  describe('ends a server before another that waits for a request which never ends', () => {
    let waiting: RunningServer;
    let hasEnded: boolean;
    beforeEach(async () => {
      waiting = await startsServer({ DATA_DIR: join(folder, 'waiting') });
      (await halfARequest(waiting.url)).on('error', () => {});
    });

    /** Ends both, starting with the one that waits. */
    async function endsFirst(ending: RunningServer): Promise<void> {
      hasEnded = false;
      void waiting.stop().then(() => {
        hasEnded = true;
      });
      assert.equal((await ending.stop()).code, 0);
      assert.equal(hasEnded, false, 'it took as long as one that waits');
    }

    it('if connections are kept for a next request, also at the port of the metrics', async () => {
      const port = String(await freePort());
      const other = await startsServer({ DATA_DIR: join(folder, 'other'), METRICS_PORT: port });
      for (const url of [`${other.url}/sign-in`, `http://127.0.0.1:${port}/metrics`])
        assert.equal((await fetch(url)).status, 200);
      await endsFirst(other);
      await assert.rejects(fetch(`http://127.0.0.1:${port}/metrics`));
    });

    it('once the last running request has its response', async () => {
      const socket = await halfARequest(server.url);
      const answered = endsFirst(server);
      await server.logged(/shutting down/);
      socket.write('=a%40b');
      await text(socket);
      await answered;
    });

    it('if the mail server has not responded yet', async () => {
      const mails = await ownMailServer();
      const environment = { DATA_DIR: join(folder, 'mails'), SMTP_URL: mails.url };
      const args = ['user', 'create', email, '--name', 'Ann'];
      assert.equal((await runsProgram('src/cli.js', environment, args, PASSWORD)).code, 0);
      const other = await startsServer(environment);
      const ann = new Person(other.app, other.options);
      await ann.visits('/sign-in');
      await givesPassword(ann, email);
      await ann.visits('/profile/password');
      ann.fillsIn('Current password', PASSWORD);
      ann.fillsIn('New password', 'eleven purple wagons');
      mails.signal('SIGSTOP');
      await ann.presses('Change password');
      assert.match(ann.page.notice ?? '', /has been changed/);
      await endsFirst(other);
      await mails.stop();
    });
  });
});
