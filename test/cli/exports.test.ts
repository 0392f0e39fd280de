import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { days } from '../../src/kernel/time.ts';
import { groupWith } from '../support/policies.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { setsUpApp, signsIn } from '../support/steps.ts';
import { runs } from './command-line.ts';

describe('The command line: exports and the audit log', () => {
  let folder: string;
  let portal: TestPortal;
  const environment = () => ({
    DATA_DIR: folder,
    DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`,
    APP_SECRET: 'one-secret-of-more-than-32-characters',
  });
  const command = (...args: string[]) => runs(environment(), args);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', environment());
    const account = await portal.account('ann@example.org', 'administrator', '@SUM(1+1), "Ann"');
    for (const name of ['Zoo', 'Agents']) await groupWith(portal, { rule: 'off' }, [account], name);
    await setsUpApp(portal, await signsIn(portal, 'ann@example.org'), 'ann@example.org', '+1 Phone');
  });
  after(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('write all people as CSV, formulas as text, without any secret', async () => {
    const ran = await command('users', 'export');
    assert.equal(ran.code, 0);
    const [head, ann, end] = ran.output.split('\r\n');
    assert.equal(
      head,
      'id,email,name,role,state,created,last_sign_in,methods,authenticators,groups,language',
    );
    const [, email, ...rest] = (ann ?? '').split(',ann@example.org,');
    assert.ok(email?.startsWith(`"'@SUM(1+1), ""Ann""",administrator,active,`), ann);
    assert.deepEqual(rest, []);
    assert.match(ann ?? '', /,app,app: \+1 Phone,"Agents; Zoo",en$/);
    assert.equal(end, '');
    const json = await command('user', 'export', '--format', 'jsonl');
    const person = JSON.parse(json.output);
    assert.equal(person.name, '@SUM(1+1), "Ann"');
    assert.equal(person.authenticators[0].name, '+1 Phone');
    assert.deepEqual(person.groups, ['Agents', 'Zoo']);
    assert.equal(person.language, 'en');
    for (const { output } of [ran, json]) assert.doesNotMatch(output, /argon2|nonce|secret/);
  });

  it('write the audit log, filtered', async () => {
    const ran = await command('audit', 'export', '--event', 'authenticator.created', '--format', 'jsonl');
    const event = JSON.parse(ran.output);
    assert.equal(event.event, 'authenticator.created');
    assert.equal(event.detail.authenticator, '+1 Phone');
    const today = new Date(portal.now()).toISOString().slice(0, 10);
    const csv = await command('audit', 'export', '--person', 'ANN@', '--from', today, '--to', today);
    assert.ok(csv.output.split('\r\n').length > 4);
    const none = await command('audit', 'export', '--to', '2001-01-01');
    assert.equal(none.output.split('\r\n').length, 2);
  });

  for (const args of [
    ['user', 'export', '--format', 'xml'],
    ['audit', 'export', '--event', 'nonsense'],
    ['audit', 'export', '--from', 'yesterday'],
    ['audit', 'prune'],
    ['audit', 'prune', '--older-than', '0d'],
    ['audit', 'prune', '--older-than', '365'],
    ['audit', 'prune', '--older-than', '-1d'],
  ]) {
    it(`refuse: ${args.join(' ')}`, async () => {
      const ran = await command(...args);
      assert.equal(ran.code, 64);
      assert.match(ran.errors, /^error: [^\n]+\n$/);
      assert.equal(ran.output, '');
    });
  }

  it('remove old entries from the audit log when told to, and record the number', async () => {
    const { audit } = portal.services;
    const total = async () => (await audit.search({ page: 1, pageSize: 1 })).total;
    const recent = await total();
    portal.wait(-days(400));
    for (let index = 0; index < 3; index++) {
      await audit.record('sign-out', {
        origin: { requestId: '', address: '', browser: '' },
        party: { id: null, label: 'old' },
      });
    }
    portal.wait(days(400));
    const foreseen = await command('audit', 'prune', '--older-than', '365d', '--dry-run');
    assert.match(foreseen.output, /^3 entries from before .* would be removed/);
    assert.equal(await total(), recent + 3);
    const ran = await command('audit', 'prune', '--older-than', '365d');
    assert.match(ran.output, /^3 entries from before .* were removed\.\n$/);
    assert.equal(await total(), recent + 1);
    const { events } = await audit.search({ event: 'audit.pruned', page: 1, pageSize: 5 });
    assert.deepEqual(
      events.map(({ actorLabel, detail }) => [actorLabel, detail['events'], typeof detail['before']]),
      [['command line', '3', 'string']],
    );
  });
});
