import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { setsUpApp, signsIn } from '../support/steps.ts';
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
    });
  });

  it('is shown, for people and for programs', async () => {
    const shown = await command('policy', 'show');
    assert.equal(
      shown.output,
      'Two-factor authentication: optional\nMethods: app, email\nGrace period: none\n',
    );
    const { output } = await command('policy', 'show', '--json');
    assert.deepEqual(JSON.parse(output), { twoFactor: 'optional', methods: ['app', 'email'], grace: 'none' });
  });

  it('is changed in what is given alone, and written down as it was and is', async () => {
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

  it('takes for how long 2FA may be put off, and shows it as it is given', async () => {
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

  it('is mandatory from the moment that it is set so, which begins the grace', async () => {
    await command('policy', 'set', '--two-factor', 'mandatory', '--grace', '14d');
    const { mandatorySince } = await portal.services.settings.read();
    assert.ok(Math.abs(Date.now() - mandatorySince) < 60_000);
    await command('policy', 'set', '--methods', 'app');
    assert.equal((await portal.services.settings.read()).mandatorySince, mandatorySince);
  });

  it('holds at once for a session that is open', async () => {
    await portal.account('open@example.org');
    const ann = await signsIn(portal, 'open@example.org');
    await command('policy', 'set', '--two-factor', 'mandatory');
    await ann.visits('/profile/two-factor');
    assert.equal(ann.page.path, '/sign-in/set-up');
  });

  it('leaves no event where nothing is changed', async () => {
    const before = await portal.services.audit.search({ event: 'policy.changed', page: 1, pageSize: 1 });
    assert.equal((await command('policy', 'set', '--two-factor', 'optional')).code, 0);
    const after = await portal.services.audit.search({ event: 'policy.changed', page: 1, pageSize: 1 });
    assert.equal(after.total, before.total);
  });

  it('says how many people it leaves without 2FA', async () => {
    await portal.account('app@example.org');
    await setsUpApp(portal, await signsIn(portal, 'app@example.org'), 'app@example.org');
    const withoutApp = await command('policy', 'set', '--methods', 'email');
    assert.match(withoutApp.output, /This leaves 1 person without 2FA/);
    const off = await command('policy', 'set', '--two-factor', 'off');
    assert.match(off.output, /This leaves 1 person without 2FA/);
    const back = await command('policy', 'set', '--two-factor', 'optional', '--methods', 'app');
    assert.doesNotMatch(back.output, /without 2FA/);
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
