import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { setsUpApp, signsIn } from '../support/steps.ts';
import { clockAround } from '../support/until.ts';
import { runs } from './command-line.ts';

describe('The command line: the policy', () => {
  let folder: string;
  let portal: TestPortal;
  const environment = () => ({ DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`, DATA_DIR: folder });
  const command = (...args: string[]) => runs(environment(), args);
  const policy = async () => (await portal.services.settings.read()).twoFactor;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', environment());
  });
  after(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    await portal.services.settings.change({
      twoFactor: { rule: 'optional', methods: ['app', 'email'] },
      grace: { kind: 'none' },
      language: 'en',
      timeZone: 'UTC',
    });
  });

  it('is printed, for people and for programs', async () => {
    const shown = await command('policy', 'show');
    assert.equal(
      shown.output,
      [
        ...['Two-factor authentication: optional', 'Methods: app, email', 'Grace period: none'],
        ...['Second approval of resets: off', 'Waiting period in hours: 0'],
        ...['Language: en', 'Time zone: UTC', ''],
      ].join('\n'),
    );
    const { output } = await command('policy', 'show', '--json');
    assert.deepEqual(JSON.parse(output), {
      ...{ twoFactor: 'optional', methods: ['app', 'email'], grace: 'none' },
      ...{ language: 'en', timeZone: 'UTC' },
      ...{ secondApproval: false, waitingHours: 0, pendingResets: null },
    });
  });

  it('shows a waiting change of the approval until it is decided', async () => {
    const { settings } = portal.services;
    const easier = { secondApproval: false, waitingHours: 0 };
    const asked = { id: 'a', askedAt: 0, confirmableFrom: 0, askedBy: { id: 'b', label: 'ann@example.org' } };
    await settings.change({
      resets: { secondApproval: true, waitingHours: 0 },
      pendingResets: { ...asked, resets: easier },
    });
    assert.match((await command('policy', 'show')).output, /waits for another administrator/);
    const { output } = await command('policy', 'show', '--json');
    assert.deepEqual(JSON.parse(output).pendingResets, easier);
    const decided = await command('policy', 'set', '--second-approval', 'off');
    assert.doesNotMatch(decided.output, /waits/);
  });

  it('is changed only in the given values, and recorded with old and new values', async () => {
    assert.equal((await command('policy', 'set', '--two-factor', 'mandatory')).code, 0);
    assert.deepEqual(await policy(), { rule: 'mandatory', methods: ['app', 'email'] });
    assert.equal((await command('policy', 'set', '--methods', 'email')).code, 0);
    assert.deepEqual(await policy(), { rule: 'mandatory', methods: ['email'] });
    const { events } = await portal.services.audit.search({ event: 'policy.changed', page: 1, pageSize: 2 });
    assert.deepEqual(
      events.map(({ actorLabel, detail }) => [actorLabel, detail]),
      [
        ['command line', { methods: 'app, email → email' }],
        ['command line', { rule: 'optional → mandatory' }],
      ],
    );
  });

  it('switches the second approval of resets on and off, for which the pages require two administrators', async () => {
    const resets = async () => (await portal.services.settings.read()).resets;
    assert.equal(
      (await command('policy', 'set', '--second-approval', 'on', '--waiting-hours', '48')).code,
      0,
    );
    assert.deepEqual(await resets(), { secondApproval: true, waitingHours: 48 });
    assert.equal((await command('policy', 'set', '--second-approval', 'off')).code, 0);
    assert.deepEqual(await resets(), { secondApproval: false, waitingHours: 48 });
    assert.equal((await command('policy', 'set', '--waiting-hours', '0')).code, 0);
    assert.deepEqual(await resets(), { secondApproval: false, waitingHours: 0 });
    for (const hours of ['169', '-1', '1.5', 'many', '1e1']) {
      assert.notEqual((await command('policy', 'set', '--waiting-hours', hours)).code, 0, hours);
    }
  });

  it('accepts how long 2FA may be put off, and prints it in the same form', async () => {
    for (const grace of ['14d', '2099-03-01', 'none']) {
      assert.equal((await command('policy', 'set', '--grace', grace)).code, 0);
      assert.equal(JSON.parse((await command('policy', 'show', '--json')).output).grace, grace);
    }
    await command('policy', 'set', '--grace', '5d');
    await command('policy', 'set', '--grace', '0d');
    assert.deepEqual((await portal.services.settings.read()).grace, { kind: 'none' });
    const { events } = await portal.services.audit.search({ event: 'policy.changed', page: 1, pageSize: 1 });
    assert.deepEqual(events[0]?.detail, { grace: '5 days → none' });
  });

  it('accepts the language and the time zone of the site, and records them', async () => {
    assert.equal((await command('policy', 'set', '--language', 'Deutsch', '--time-zone', 'berlin')).code, 0);
    const { language, timeZone } = await portal.services.settings.read();
    assert.deepEqual([language, timeZone], ['de', 'Europe/Berlin']);
    const { events } = await portal.services.audit.search({ event: 'policy.changed', page: 1, pageSize: 1 });
    assert.deepEqual(events[0]?.detail, { language: 'en → de', 'time-zone': 'UTC → Europe/Berlin' });
  });

  it("reads a day in the site's time zone, and prints it in that zone", async () => {
    await command('policy', 'set', '--time-zone', 'Asia/Tokyo', '--grace', '2099-03-01');
    const at = Date.parse('2099-02-28T15:00:00Z');
    assert.deepEqual((await portal.services.settings.read()).grace, { kind: 'until', at });
    assert.equal(JSON.parse((await command('policy', 'show', '--json')).output).grace, '2099-03-01');
    await command('group', 'create', 'Tokyo', '--grace', '2099-03-01');
    assert.deepEqual((await portal.services.groups.findByName('Tokyo'))?.grace, { kind: 'until', at });
    assert.match((await command('group', 'list')).output, /2099-03-01/);
    await portal.account('taro@example.org');
    await command('user', 'enforce-2fa', 'taro@example.org', '--grace', '2099-03-01');
    const taro = await portal.services.accounts.findByEmail('taro@example.org');
    assert.deepEqual(taro?.enforcement?.grace, { kind: 'until', at });
  });

  for (const [option, value] of [
    ['--language', 'Klingon'],
    ['--language', ''],
    ['--time-zone', '+09:00'],
    ['--time-zone', 'Mars/Olympus'],
  ] as const) {
    it(`refuses ${option} ${value || 'of nothing'} as wrong usage, in one line`, async () => {
      const ran = await command('policy', 'set', option, value);
      assert.equal(ran.code, 64);
      assert.match(ran.errors, /^error: [^\n]+\n$/);
      const { language, timeZone } = await portal.services.settings.read();
      assert.deepEqual([language, timeZone], ['en', 'UTC']);
    });
  }

  it('is mandatory from the moment when it is set, which starts the grace', async () => {
    const { from, to } = await clockAround(() =>
      command('policy', 'set', '--two-factor', 'mandatory', '--grace', '14d'),
    );
    const { mandatorySince } = await portal.services.settings.read();
    assert.ok(from <= mandatorySince && mandatorySince <= to, String(mandatorySince));
    await command('policy', 'set', '--methods', 'app');
    assert.equal((await portal.services.settings.read()).mandatorySince, mandatorySince);
  });

  it('takes effect at once in an open session', async () => {
    await portal.account('open@example.org');
    const ann = await signsIn(portal, 'open@example.org');
    await command('policy', 'set', '--two-factor', 'mandatory');
    await ann.visits('/profile/two-factor');
    assert.equal(ann.page.path, '/sign-in/set-up');
  });

  it('records no event if nothing is changed', async () => {
    const before = await portal.services.audit.search({ event: 'policy.changed', page: 1, pageSize: 1 });
    assert.equal((await command('policy', 'set', '--two-factor', 'optional')).code, 0);
    const after = await portal.services.audit.search({ event: 'policy.changed', page: 1, pageSize: 1 });
    assert.equal(after.total, before.total);
  });

  it('reports how many people have only authenticators that are not offered, and that they are still asked for them', async () => {
    await portal.account('app@example.org');
    await setsUpApp(portal, await signsIn(portal, 'app@example.org'), 'app@example.org');
    const withoutApp = await command('policy', 'set', '--methods', 'email');
    assert.match(
      withoutApp.output,
      /^1 person has only authenticators that are not on offer now\. They are still asked for them/m,
    );
    const off = await command('policy', 'set', '--two-factor', 'off');
    assert.match(
      off.output,
      /^1 person has only authenticators that are not on offer now\. They are still asked for them/m,
    );
    const back = await command('policy', 'set', '--two-factor', 'optional', '--methods', 'app');
    assert.doesNotMatch(back.output, /on offer/);
  });

  for (const [args, code] of [
    [['--two-factor', 'mandatory', '--methods', ''], 1],
    [['--methods', ''], 1],
    [['--two-factor', 'sometimes'], 64],
    [['--grace', '1.5d'], 64],
    [['--grace', '2030-13-01'], 64],
    [['--grace', ''], 64],
    [['--methods', 'email,carrier-pigeon'], 64],
    [[], 64],
  ] as const) {
    it(`refuses ${JSON.stringify(args)} and changes nothing`, async () => {
      const ran = await command('policy', 'set', ...args);
      assert.equal(ran.code, code);
      assert.equal(ran.output, '');
      assert.match(ran.errors, /^[^\n]+\n$/);
      assert.deepEqual(await policy(), { rule: 'optional', methods: ['app', 'email'] });
    });
  }
});
