import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { type OwnMailServer, ownMailServer } from '../support/mail-server.ts';
import { type Mailbox, openMailbox } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from './running-server.ts';

const email = 'ann@example.org';
const CHANGED = 'Your password was changed';

describe('A notice that the mail server does not take', () => {
  let folder: string;
  let mailPort: number;
  let mailbox: Mailbox | undefined;
  let server: RunningServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
    mailPort = await freePort();
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.ts', environment(), args, PASSWORD)).code, 0);
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
  }).timeout(30_000);

  it('is delivered once the mail server is back, without a restart', async () => {
    await changesPassword();
    await server.logged(/"mail not delivered yet"/);
    mailbox = await openMailbox(mailPort);
    await server.logged(/"mail accepted"/);
    assert.deepEqual(subjects(), [CHANGED]);
  }).timeout(30_000);

  it('does not hold up a shutdown, also where the mail server hangs', async () => {
    mailbox = await openMailbox(mailPort);
    mailbox.behave('dawdles');
    await changesPassword();
    const began = Date.now();
    assert.equal((await server.stop()).code, 0);
    assert.ok(Date.now() - began < 4000, `${Date.now() - began} ms`);
  });
});

describe('A code that the mail server has not answered', () => {
  let folder: string;
  let mails: OwnMailServer;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
    mails = await ownMailServer();
  });
  after(async () => {
    endAll();
    await mails.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('does not hold up a shutdown', async () => {
    const environment = { DATA_DIR: folder, SMTP_URL: mails.url };
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.ts', environment, args, PASSWORD)).code, 0);
    const server = await startsServer(environment);
    const ann = new Person(server.app, server.options);
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    await ann.visits('/profile/two-factor/set-up/email');
    ann.fillsIn('Authenticator Name', 'Work mail');
    mails.signal('SIGSTOP');
    await ann.presses('Send Verification Code');
    assert.match(ann.page.notice ?? '', /has not said yet/);
    server.signal('SIGTERM');
    await server.logged(/"msg":"closed"/);
    const closed = Date.now();
    const { code, output } = await server.ended;
    assert.equal(code, 0);
    // The connection that was given up would hold the process for five seconds.
    assert.ok(Date.now() - closed < 3000, `${Date.now() - closed} ms`);
    assert.match(output, /"mail not delivered yet".*"closed"/s);
    assert.doesNotMatch(output, /background work failed/);
  }).timeout(30_000);
});
