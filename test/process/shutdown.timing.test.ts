import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownMailServer } from '../support/mail-server.ts';
import { Person } from '../support/person.ts';
import { halfARequest } from '../support/slow-client.ts';
import { PASSWORD } from '../support/somebody.ts';
import { givesPassword } from '../support/steps.ts';
import { endAll, runsProgram, startsServer } from './running-server.ts';

const email = 'ann@example.org';
/** Supervisors kill after this, in milliseconds. */
const PATIENCE = 10_000;

describe('The duration of a shutdown', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  afterEach(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  async function timed(ending: () => Promise<{ readonly code: number | null }>): Promise<number> {
    const began = performance.now();
    assert.equal((await ending()).code, 0);
    return performance.now() - began;
  }

  it('is shorter than supervisors wait, even if a request never ends', async () => {
    const idle = await startsServer({ DATA_DIR: join(folder, 'idle') });
    const server = await startsServer({ DATA_DIR: folder });
    const socket = await halfARequest(server.url);
    socket.on('error', () => {});
    // On a busy machine, an idle server takes its time, too.
    const least = await timed(() => idle.stop());
    const took = await timed(() => server.stop());
    assert.ok(took - least < PATIENCE, `${took} ms, idle ${least} ms`);
  });

  it('is not extended by a mail server that has not responded about a code', async () => {
    const mails = await ownMailServer();
    const environment = { DATA_DIR: folder, SMTP_URL: mails.url };
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.js', environment, args, PASSWORD)).code, 0);
    const server = await startsServer(environment);
    const ann = new Person(server.app, server.options);
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    await ann.visits('/profile/two-factor/set-up/email');
    ann.fillsIn('Authenticator Name', 'Work mail');
    mails.signal('SIGSTOP');
    await ann.presses('Send Verification Code');
    assert.match(ann.page.notice ?? '', /has not confirmed the email yet/);
    server.signal('SIGTERM');
    await server.logged(/"msg":"closed"/);
    // The abandoned connection would keep the process alive for five seconds.
    assert.ok((await timed(() => server.ended)) < 3000);
    const { output } = await server.ended;
    assert.match(output, /"mail not delivered yet".*"closed"/s);
    assert.doesNotMatch(output, /background work failed/);
    await mails.stop();
  });
});
