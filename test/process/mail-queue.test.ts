import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { type Mailbox, openMailbox } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from './running-server.ts';

const email = 'ann@example.org';
const CHANGED = 'Your password was changed';

describe('A notice that the mail server does not accept', () => {
  let folder: string;
  let mailPort: number;
  let mailbox: Mailbox | undefined;
  let server: RunningServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
    mailPort = await freePort();
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.js', environment(), args, PASSWORD)).code, 0);
    server = await startsServer(environment());
  });
  afterEach(async () => {
    await server.stop();
    endAll();
    await mailbox?.close();
    mailbox = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  const environment = () => ({ DATA_DIR: folder, SMTP_URL: `smtp://127.0.0.1:${mailPort}` });

  async function changesPassword(): Promise<void> {
    const ann = new Person(server.app, server.options);
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    await ann.visits('/profile/password');
    ann.fillsIn('Current password', PASSWORD);
    ann.fillsIn('New password', 'eleven purple wagons');
    await ann.presses('Change password');
    assert.match(ann.page.notice ?? '', /has been changed/);
  }

  const subjects = () => mailbox?.messages.map(({ subject }) => subject);

  it('survives SIGKILL of the server, and is delivered once after a restart', async () => {
    await changesPassword();
    server.signal('SIGKILL');
    await server.ended;
    mailbox = await openMailbox(mailPort);
    server = await startsServer(environment());
    await server.logged(/"mail":"password changed".*"mail accepted"/);
    await server.stop();
    server = await startsServer(environment());
    await server.stop();
    assert.deepEqual(subjects(), [CHANGED]);
  });

  it('is delivered once the mail server is back, without a restart', async () => {
    await changesPassword();
    await server.logged(/"mail not delivered yet"/);
    mailbox = await openMailbox(mailPort);
    await server.logged(/"mail accepted"/);
    assert.deepEqual(subjects(), [CHANGED]);
  });
});
