import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Person } from '../support/person.ts';
import { OPERATOR, openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { givesPassword, nextStep, setsUpApp, signsIn } from '../support/steps.ts';
import { trustsBrowser, victimOf } from '../support/victim.ts';
import { runs } from './command-line.ts';

describe('The command line: backups', () => {
  let folder: string;
  let portal: TestPortal;
  const SECRET = 'one-secret-of-more-than-32-characters';
  const database = (name: string) => ({
    DATA_DIR: folder,
    DATABASE_URL: `sqlite:${join(folder, name)}`,
    APP_SECRET: SECRET,
  });
  const file = () => join(folder, 'backup.gz');
  const linesIn = () => gunzipSync(readFileSync(file())).toString().trimEnd().split('\n');
  const restores = (name: string) => runs(database(name), ['restore', file()]);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', database('portal.sqlite'));
    await portal.account('ann@example.org');
  });
  beforeEach(() => rmSync(file(), { force: true }));
  after(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('contain everything except secrets and sessions, and are readable only by their owner', async () => {
    const ran = await runs(database('portal.sqlite'), ['backup', file()]);
    assert.equal(ran.code, 0);
    const lines = linesIn();
    assert.match(
      ran.output,
      new RegExp(`^${lines.length - 1} rows were written to .*backup\\.gz\\.\\n.*secrets`),
    );
    assert.equal(statSync(file()).mode & 0o777, 0o600);
    const head = JSON.parse(lines[0] ?? '');
    assert.equal(head.tables.accounts, 1);
    assert.equal(head.migrations[0], '0001-accounts');
    const text = lines.join('\n');
    assert.ok(text.includes('ann@example.org'));
    assert.ok(!text.includes(SECRET));
    assert.ok(!text.includes('["sessions"'));
  });

  it('restore everything elsewhere: the password, the authentication app, and the history', async () => {
    const email = 'ben@example.org';
    await portal.account(email);
    const app = await setsUpApp(portal, await signsIn(portal, email), email);
    await runs(database('portal.sqlite'), ['backup', file()]);
    const ran = await restores('other.sqlite');
    assert.equal(ran.code, 0);
    assert.match(ran.output, /^\d+ rows were restored, as of .* UTC\.\n$/);
    const other = await openPortal('database', database('other.sqlite'));
    try {
      nextStep(other);
      const ben = await signsIn(other, email);
      assert.equal(ben.page.path, '/sign-in/code');
      ben.fillsIn('Verification Code', app.code(other.now()));
      await ben.presses('Continue');
      assert.equal(ben.page.path, '/');
      const { events } = await other.services.audit.search({
        event: 'backup.restored',
        page: 1,
        pageSize: 5,
      });
      assert.equal(events.length, 1);
      assert.equal(events[0]?.actorLabel, 'command line');
      const created = await other.services.audit.search({
        event: 'authenticator.created',
        page: 1,
        pageSize: 5,
      });
      assert.equal(created.total, 1);
    } finally {
      await other.close();
    }
  });

  it('restore nothing that has ended since: sessions in Redis, trusted and known browsers', async () => {
    const before = await openPortal('redis', database('before.sqlite'));
    const opened = [before];
    try {
      const victim = await victimOf(before);
      const browser = await trustsBrowser(before, victim);
      const copied = new Map(browser.cookies);
      await runs(database('before.sqlite'), ['backup', file()]);
      const account = await before.services.accounts.find(victim.account.id);
      assert.ok(account);
      await before.services.administration.endSessions(account, OPERATOR);
      assert.equal((await restores('after.sqlite')).code, 0);
      const after = await openPortal('redis', database('after.sqlite'));
      opened.push(after);
      const thief = new Person(after.app);
      for (const [name, value] of copied) thief.cookies.set(name, value);
      await thief.visits('/profile');
      assert.equal(thief.page.path, '/sign-in?return-to=%2Fprofile');
      const restored = await after.services.accounts.find(account.id);
      assert.ok(restored);
      assert.equal(after.services.knownDevices.find(restored, copied.get('postern-device')), undefined);
      await givesPassword(thief, victim.email);
      assert.equal(thief.page.path, '/sign-in/code', thief.page.text);
    } finally {
      for (const one of opened) await one.close();
    }
  });

  it('never overwrite another file', async () => {
    writeFileSync(file(), 'precious');
    const ran = await runs(database('portal.sqlite'), ['backup', file()]);
    assert.equal(ran.code, 1);
    assert.match(ran.errors, /^Cannot create .*backup\.gz: EEXIST\.\n$/);
    assert.equal(readFileSync(file(), 'utf8'), 'precious');
  });

  it('are restored only into an empty database', async () => {
    await runs(database('portal.sqlite'), ['backup', file()]);
    const ran = await restores('portal.sqlite');
    assert.equal(ran.code, 1);
    assert.match(ran.errors, /^The database is not empty[^\n]*\n$/);
    const { passwordSignIn } = portal.services;
    const origin = { requestId: '', address: '', browser: '' };
    assert.equal((await passwordSignIn.check('ann@example.org', PASSWORD, origin)).kind, 'accepted');
  });

  for (const [what, spoil, words] of [
    ['are no backup', () => Buffer.from('nothing'), /not a backup/],
    ['are something else', () => gzipSync('{"hello":1}\n'), /not a backup/],
    ['are one line of many megabytes', () => gzipSync('['.repeat(50_000_000)), /not a backup/],
    [
      'have an unknown role',
      (bytes: Buffer) => gzipSync(gunzipSync(bytes).toString().replace('"role":"member"', '"role":"owner"')),
      /not a backup/,
    ],
    [
      'were cut off',
      (bytes: Buffer) => bytes.subarray(0, -60),
      /not a backup of the portal, or it is damaged/,
    ],
    ['were altered', (bytes: Buffer) => bytes.fill(0, 200, 210), /damaged/],
    [
      'lack rows',
      (bytes: Buffer) =>
        gzipSync(
          gunzipSync(bytes)
            .toString()
            .replace(/\n[^\n]+\n$/, '\n'),
        ),
      /incomplete/,
    ],
    [
      'are of another version',
      (bytes: Buffer) => gzipSync(gunzipSync(bytes).toString().replace('"0001-accounts",', '')),
      /another version/,
    ],
  ] as const) {
    it(`are refused, in one line and without any change, when they ${what}`, async () => {
      await runs(database('portal.sqlite'), ['backup', file()]);
      writeFileSync(file(), spoil(readFileSync(file())));
      const name = `${what.replaceAll(' ', '-')}.sqlite`;
      const ran = await restores(name);
      assert.equal(ran.code, 1);
      assert.match(ran.errors, words);
      assert.match(ran.errors, /^[^\n]+\n$/);
      const { output } = await runs(database(name), ['user', 'list', '--json']);
      assert.equal(output, '[]\n');
    });
  }

  it('are identified by file name', async () => {
    const ran = await restores('none.sqlite');
    assert.match(ran.errors, /^Cannot read .*backup\.gz: ENOENT\./);
    const missing = await runs(database('portal.sqlite'), ['backup', join(folder, 'no', 'such', 'folder')]);
    assert.match(missing.errors, /^Cannot create .*: ENOENT/);
  });
});
