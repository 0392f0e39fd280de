import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMailbox } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import { endAll, runsProgram, startsServer } from './running-server.ts';

describe('A production server on an https address, behind a proxy', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  after(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  it('signs people in with a Secure __Host- cookie, sends HSTS, and trusts the proxy for the address', async () => {
    const mailbox = await openMailbox();
    const environment = {
      NODE_ENV: 'production',
      DATA_DIR: folder,
      BASE_URL: 'https://help.example.org',
      APP_SECRET: 'one-secret-of-more-than-32-characters',
      SMTP_URL: mailbox.url,
      TRUST_PROXY: 'loopback',
    };
    const args = ['user', 'create', 'ann@example.org', '--name', 'Ann', '--admin'];
    const created = await runsProgram('src/cli.js', environment, args, PASSWORD);
    assert.deepEqual(created, { code: 0, output: 'The account ann@example.org was created.\n', errors: '' });

    const server = await startsServer(environment);
    const ann = new Person(server.app, { ...server.options, address: '203.0.113.7' });
    await ann.visits('/sign-in');
    assert.match(ann.page.headers['strict-transport-security'] ?? '', /^max-age=\d{8}; includeSubDomains/);
    assert.match(
      ann.page.headers['set-cookie'] ?? '',
      /^__Host-postern=[^;]+; Path=\/;.*; HttpOnly; Secure; SameSite=Lax$/,
    );
    await givesPassword(ann, 'ann@example.org');
    assert.equal(ann.page.status, 200);
    await ann.visits('/admin/audit');
    assert.match(ann.page.text, /203\.0\.113\.7/);
    assert.equal((await server.stop()).code, 0);
    await mailbox.close();
  });
});
