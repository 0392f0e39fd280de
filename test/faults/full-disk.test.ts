import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from '../process/running-server.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';

const email = 'ann@example.org';

describe('A full disk', () => {
  let folder: string;
  let server: RunningServer;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-faults-'));
    const args = ['user', 'create', email, '--name', 'Ann'];
    assert.equal((await runsProgram('src/cli.js', { DATA_DIR: folder }, args, PASSWORD)).code, 0);
    server = await startsServer({ DATA_DIR: folder });
  });
  after(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Limits the size of the server's files to this many bytes: SQLite's writes fail as on a full disk. */
  const filesEndAt = (bytes: number | 'unlimited') =>
    execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:unlimited`]);

  const readiness = async () => {
    const answer = await fetch(`${server.url}/readyz`);
    return [answer.status, await answer.json()];
  };

  const changesPassword = async (ann: Person, from: string, to: string) => {
    await ann.visits('/profile/password');
    ann.fillsIn('Current password', from);
    ann.fillsIn('New password', to);
    await ann.presses('Change password');
  };

  it('causes no half-done changes: a page says so, and everything works again once there is room', async () => {
    const ann = new Person(server.app, server.options);
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    assert.equal(ann.page.path, '/profile/two-factor/suggestion');
    await ann.visits('/profile/password');
    ann.fillsIn('Current password', PASSWORD);
    ann.fillsIn('New password', 'eleven purple wagons');

    filesEndAt(4096);
    const full = ann.copy();
    await full.presses('Change password');
    assert.equal(full.page.status, 503);
    assert.equal(full.page.heading, 'Temporarily unavailable');
    assert.match(full.page.text, /try again in a minute/);
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
    for (const _time of ['once', 'and as long as it lasts']) {
      assert.deepEqual(await readiness(), [
        503,
        { status: 'unavailable', missing: ['database', 'sessions'] },
      ]);
    }

    filesEndAt('unlimited');
    assert.deepEqual(await readiness(), [200, { status: 'ok' }]);
    await ann.presses('Change password');
    assert.match(ann.page.notice ?? '', /has been changed/, 'the old password was still the one');
    const again = new Person(server.app, server.options);
    await again.visits('/sign-in');
    await givesPassword(again, email, 'eleven purple wagons');
    assert.equal(again.page.path, '/');
    await changesPassword(again, 'eleven purple wagons', PASSWORD);
    assert.match(again.page.notice ?? '', /has been changed/);

    assert.equal((await server.stop()).code, 0);
    const db = openDatabase(`sqlite:${join(folder, 'postern.sqlite')}`);
    assert.equal((await db('audit_events').where({ event: 'password.changed' })).length, 2);
    assert.deepEqual(await brokenInvariants(db), []);
    await db.destroy();
  });
});
