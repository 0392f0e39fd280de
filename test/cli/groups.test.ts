import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { setsUpApp, signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';
import { runs } from './command-line.ts';

describe('The command line: groups', () => {
  let folder: string;
  let portal: TestPortal;
  const database = () => ({ DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`, DATA_DIR: folder });
  const command = (...args: string[]) => runs({ ...database(), SMTP_URL: portal.mailbox.url }, args);
  const group = (...args: string[]) => command('group', ...args);
  const found = async (name: string) => portal.services.groups.findByName(name);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', database());
  });
  afterEach(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are created, with or without a rule, and listed for people and for programs', async () => {
    assert.equal((await group('list')).output, 'There are no groups yet.\n');
    const ran = await group('create', 'Zoo');
    assert.deepEqual(ran, { code: 0, output: 'The group “Zoo” was created.\n', errors: '' });
    await group('create', 'Agents', '--two-factor', 'mandatory', '--methods', 'app', '--grace', '14d');
    const { output } = await group('list');
    assert.deepEqual(output.trimEnd().split('\n'), [
      'Group   Members  2FA        Methods     Grace',
      'Agents  0        mandatory  app         14d',
      'Zoo     0        off        app, email  none',
    ]);
    assert.deepEqual(JSON.parse((await group('list', '--json')).output), [
      { name: 'Agents', members: 0, twoFactor: 'mandatory', methods: ['app'], grace: '14d' },
      { name: 'Zoo', members: 0, twoFactor: 'off', methods: ['app', 'email'], grace: 'none' },
    ]);
    const { events } = await portal.services.audit.search({ event: 'group.created', page: 1, pageSize: 5 });
    assert.deepEqual(events[0]?.detail, {
      ...{ group: 'Agents', rule: 'mandatory', methods: 'app', grace: '14 days' },
    });
  });

  it('are changed only in the given values, which take effect at once in open sessions', async () => {
    await group('create', 'Agents');
    const { email } = await portal.account(newEmail('ann'));
    const ann = await signsIn(portal, email);
    await group('add', 'agents', email);
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/profile');
    const ran = await group('set', 'AGENTS', '--two-factor', 'mandatory', '--name', 'Desk');
    assert.deepEqual(ran, { code: 0, output: 'The group “Desk” was saved.\n', errors: '' });
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/sign-in/set-up');
    await group('set', 'Desk', '--grace', '2099-03-01');
    const desk = await found('Desk');
    assert.deepEqual([desk?.rule, desk?.grace], ['mandatory', { kind: 'until', at: Date.UTC(2099, 2, 1) }]);
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/profile', 'it may be put off now');
    assert.match((await group('list', '--json')).output, /"grace":"2099-03-01"/);
  });

  it('add and remove people, who get a mail', async () => {
    const [ann, bob] = [await portal.account(newEmail('ann')), await portal.account(newEmail('bob'))];
    await group('create', 'Agents');
    const ran = await group('add', 'Agents', ann.email, bob.email.toUpperCase());
    assert.deepEqual(ran.output.trimEnd().split('\n'), [
      `${ann.email} was added to the group “Agents”.`,
      `${bob.email} was added to the group “Agents”.`,
    ]);
    assert.equal((await portal.mailbox.next(bob.email)).subject, 'You were added to a group');
    assert.match((await group('add', 'Agents', ann.email)).output, /was in the group “Agents” already/);
    assert.match((await group('remove', 'Agents', ann.email)).output, /was removed from the group/);
    assert.match((await group('remove', 'Agents', ann.email)).output, /was not in the group/);
    assert.deepEqual(
      (await portal.services.groups.of(bob)).map(({ name }) => name),
      ['Agents'],
    );
  });

  it('add everyone who is named, or nobody', async () => {
    const ann = await portal.account(newEmail('ann'));
    await group('create', 'Agents');
    const ran = await group('add', 'Agents', ann.email, 'nobody@example.org');
    assert.deepEqual(ran, {
      ...{ code: 1, output: '' },
      errors: 'There is no account with the address nobody@example.org.\n',
    });
    assert.deepEqual(await portal.services.groups.of(ann), []);
  });

  it('are deleted, with the number of people who then have only authenticators that are not offered', async () => {
    const { email } = await portal.account(newEmail('ann'));
    await setsUpApp(portal, await signsIn(portal, email), email);
    await command('policy', 'set', '--two-factor', 'off');
    await group('create', 'Agents', '--two-factor', 'optional');
    assert.doesNotMatch((await group('add', 'Agents', email)).output, /on offer/);
    const ran = await group('delete', 'Agents');
    assert.match(
      ran.output,
      /^The group “Agents” was deleted\.\n1 person has only authenticators that are not on offer/,
    );
    assert.deepEqual(await portal.services.groups.all(), []);
  });

  for (const args of [
    ['set', 'Nobody', '--two-factor', 'off'],
    ['add', 'Nobody', 'ann@example.org'],
    ['remove', 'Nobody', 'ann@example.org'],
    ['delete', 'Nobody'],
  ]) {
    it(`prints in one line that the group does not exist: ${args[0]}`, async () => {
      const ran = await group(...args);
      assert.deepEqual(ran, { code: 1, output: '', errors: 'There is no group “Nobody”.\n' });
    });
  }

  for (const [args, code] of [
    [['create', 'agents'], 1],
    [['set', 'Desk', '--name', 'AGENTS'], 1],
    [['set', 'Desk', '--two-factor', 'optional', '--methods', ''], 1],
    [['create', 'Empty', '--two-factor', 'mandatory', '--methods', ''], 1],
    [['create', 'a;b'], 64],
    [['create', '  '], 64],
    [['create', 'x'.repeat(61)], 64],
    [['set', 'Desk'], 64],
    [['set', 'Desk', '--grace', 'soon'], 64],
    [['set', 'Desk', '--grace', '366d'], 64],
    [['set', 'Desk', '--grace', '2030-02-30'], 64],
    [['set', 'Desk', '--two-factor', 'strict'], 64],
    [['add', 'Desk'], 64],
    [['erase', 'Desk'], 64],
  ] as const) {
    it(`refuses ${JSON.stringify(args).slice(0, 60)} and changes nothing`, async () => {
      await group('create', 'Agents');
      await group('create', 'Desk');
      const before = await portal.services.groups.all();
      const ran = await group(...args);
      assert.equal(ran.code, code, ran.errors);
      assert.equal(ran.output, '');
      assert.match(ran.errors, /^[^\n]+\n$/);
      assert.deepEqual(await portal.services.groups.all(), before);
    });
  }

  it('are not needed for a single person: 2FA is enforced for them, and lifted again', async () => {
    const { email, id } = await portal.account(newEmail('ann'));
    const ann = await signsIn(portal, email);
    const enforcement = async () => (await portal.services.accounts.find(id))?.enforcement;
    const ran = await command('user', 'enforce-2fa', email, '--grace', '3d');
    assert.deepEqual(ran, { code: 0, output: `2FA is now required for ${email}.\n`, errors: '' });
    assert.deepEqual((await enforcement())?.grace, { kind: 'days', days: 3 });
    assert.match((await command('user', 'enforce-2fa', email)).output, /was already required for/);
    await command('user', 'lift-2fa', email);
    assert.equal(await enforcement(), null);
    assert.match((await command('user', 'lift-2fa', email)).output, /was not enforced/);
    await command('user', 'enforce-2fa', email);
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/sign-in/set-up');
    for (const verb of ['enforce-2fa', 'lift-2fa']) {
      assert.equal((await command('user', verb, 'nobody@example.org')).code, 1);
    }
  });
});
