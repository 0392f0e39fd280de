import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { minutes } from '../../src/kernel/time.ts';
import { linkIn } from '../support/mailbox.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { runs } from './command-line.ts';

describe('The command line: mails', () => {
  let folder: string;
  let portal: TestPortal;
  const email = 'ann@example.org';
  const database = () => ({
    DATA_DIR: folder,
    DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`,
    APP_SECRET: 'one-secret-of-more-than-32-characters',
  });
  const command = (...args: string[]) => runs({ ...database(), SMTP_URL: portal.mailbox.url }, args);
  /** Runs a command while there is no mail server. */
  const withoutMail = (...args: string[]) => runs({ ...database(), SMTP_URL: 'smtp://127.0.0.1:1' }, args);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', database());
  });
  afterEach(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A minute later, a server looks for mails. */
  async function serverDelivers(): Promise<void> {
    portal.wait(minutes(1));
    await portal.deliver();
  }

  it('are delivered before a command ends', async () => {
    await portal.account(email);
    await command('user', 'disable', email);
    assert.equal(portal.mailbox.messages.at(-1)?.subject, 'Your account was disabled');
  });

  it('are left to the server if a command cannot deliver them', async () => {
    await portal.account(email);
    assert.equal((await withoutMail('user', 'disable', email)).code, 0);
    await serverDelivers();
    assert.equal(portal.mailbox.messages.length, 1);
  });

  it('with an invitation wait if the mail server accepts none now, and the command says so', async () => {
    const ran = await withoutMail('user', 'create', email, '--name', 'Ann', '--invite');
    assert.deepEqual([ran.code, ran.errors], [0, '']);
    assert.match(ran.output, /^The account \S+ was created\. The link [^\n]*is waiting[^\n]*\n$/);
    await serverDelivers();
    assert.match(linkIn(await portal.mailbox.next(email)), /\/invitation\?token=/);
  });

  it('are sealed again when the keys are rotated, and no longer need the old secret', async () => {
    await withoutMail('user', 'create', email, '--name', 'Ann', '--invite');
    const [first, second] = [database().APP_SECRET, 'another-secret-of-more-than-32-characters'];
    const rotation = await runs({ ...database(), APP_SECRET: `${second},${first}` }, ['keys', 'rotate']);
    assert.match(rotation.output, /\nSealed anew: 1 mail that waits\.\n/);
    const renewed = await openPortal('database', {
      ...database(),
      APP_SECRET: second,
      SMTP_URL: portal.mailbox.url,
    });
    renewed.wait(minutes(1));
    await renewed.deliver();
    assert.match(linkIn(await portal.mailbox.next(email)), /\/invitation\?token=/);
    await renewed.close();
  });
});
