import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEventName } from '../../src/audit/vocabulary.ts';
import { runs } from './command-line.ts';
import { usePortalOnFile } from './portal-on-file.ts';

const CALLBACK = 'https://desk.example.org/auth/callback';
const DESK = [
  ...['Desk', '--kind', 'oidc', '--address', 'https://desk.example.org', '--everybody'],
  ...['--redirect', CALLBACK],
] as const;
const FORUM = [
  ...['Forum', '--kind', 'signed', '--format', 'discourse', '--address', 'https://forum.example.org'],
  '--everybody',
] as const;

describe('The command line: apps that speak a protocol', () => {
  const { portal, folder, environment, command } = usePortalOnFile();
  const app = (...args: string[]) => command('app', ...args);
  const shown = async (name: string) => JSON.parse((await app('show', name, '--json')).output);
  const detail = async (event: AuditEventName) =>
    (await portal().services.audit.search({ event, page: 1, pageSize: 1 })).events[0]?.detail;
  const secretsOf = async (name: string) => {
    const found = await portal().services.apps.findByName(name);
    return found ? portal().services.appSecrets.of(found) : [];
  };
  const everywhere = async () =>
    JSON.stringify([
      (await portal().services.audit.search({ page: 1, pageSize: 100 })).events,
      (await app('list', '--json')).output,
      (await app('show', 'Desk')).output,
      (await app('show', 'Desk', '--json')).output,
    ]);

  it('are added with safe defaults, and their secret is printed once', async () => {
    const ran = await app('create', ...DESK);
    assert.equal(ran.code, 0, ran.errors);
    const id = (await portal().services.apps.findByName('Desk'))?.id;
    const [secret = ''] = await secretsOf('Desk');
    assert.deepEqual(ran.output.trimEnd().split('\n'), [
      ...['The app “Desk” was added.', `client id: ${id}`, `secret, shown only now: ${secret}`],
    ]);
    assert.match(secret, /^[\w-]{43}$/);
    assert.ok(!(await everywhere()).includes(secret));
    assert.deepEqual(await shown('Desk'), {
      ...{ name: 'Desk', kind: 'oidc', address: 'https://desk.example.org', groups: 'everybody' },
      ...{ proof: 'none', freshMinutes: null, confirmEmail: true, clientId: id },
      ...{ redirectAddresses: [CALLBACK], signOutAddresses: [], logoutAddress: null },
      ...{ clientAuthentication: 'basic', pkce: true, algorithm: 'RS256', consent: false, refresh: false },
      ...{ formPost: false, toldGroups: [], startPage: null, lastSignIn: null },
    });
    const created = await detail('app.created');
    assert.equal(created?.['kind'], 'oidc');
    assert.equal(created?.['redirect-addresses'], CALLBACK);
  });

  it('are added with every setting, and changed only in the given ones', async () => {
    await command('group', 'create', 'Agents');
    const ran = await app(
      ...['create', ...DESK, 'https://desk.example.org/second', '--redirect', 'http://localhost:8000/'],
      ...['--sign-out-to', 'https://desk.example.org/', '--logout-url', 'https://desk.example.org/logout'],
      ...['--client-auth', 'none', '--algorithm', 'ES256', '--consent', 'on', '--refresh', 'on'],
      ...['--form-post', 'on', '--told-groups', 'agents', '--start-page', 'https://desk.example.org/login'],
      ...['--confirm-email', 'off'],
    );
    assert.equal(ran.code, 0, ran.errors);
    assert.doesNotMatch(ran.output, /secret/);
    const all = await shown('Desk');
    assert.deepEqual(all.redirectAddresses, [
      ...[CALLBACK, 'https://desk.example.org/second', 'http://localhost:8000/'],
    ]);
    assert.deepEqual(
      { ...all, clientId: '', redirectAddresses: [] },
      {
        ...{ name: 'Desk', kind: 'oidc', address: 'https://desk.example.org', groups: 'everybody' },
        ...{ proof: 'none', freshMinutes: null, confirmEmail: false, clientId: '', redirectAddresses: [] },
        ...{
          signOutAddresses: ['https://desk.example.org/'],
          logoutAddress: 'https://desk.example.org/logout',
        },
        ...{ clientAuthentication: 'none', pkce: true, algorithm: 'ES256', consent: true, refresh: true },
        ...{ formPost: true, toldGroups: ['Agents'], startPage: 'https://desk.example.org/login' },
        lastSignIn: null,
      },
    );
    const changed = await app(
      ...['update', 'Desk', '--sign-out-to', 'none', '--logout-url', 'none', '--start-page', 'none'],
      ...['--client-auth', 'post', '--told-groups', ''],
    );
    assert.equal(changed.code, 0, changed.errors);
    assert.match(changed.output, /^The app “Desk” was saved\.\nsecret, shown only now: [\w-]{43}\n$/);
    assert.deepEqual(await shown('Desk'), {
      ...{ ...all, signOutAddresses: [], logoutAddress: null, startPage: null, toldGroups: [] },
      clientAuthentication: 'post',
    });
    assert.equal((await detail('app.updated'))?.['client-authentication'], 'none → post');
    assert.match((await app('update', 'Desk', '--algorithm', 'ES256')).output, /already has these settings/);
  });

  it('that take a signed hand-over have the usual address of their format, unless it is given', async () => {
    const ran = await app('create', ...FORUM);
    assert.equal(ran.code, 0, ran.errors);
    assert.match(ran.output, /secret, shown only now: [\w-]{43}\n$/);
    assert.doesNotMatch(ran.output, /client id/);
    assert.deepEqual(await shown('Forum'), {
      ...{ name: 'Forum', kind: 'signed', address: 'https://forum.example.org', groups: 'everybody' },
      ...{ proof: 'none', freshMinutes: null, confirmEmail: true, format: 'discourse' },
      ...{ destination: 'https://forum.example.org/session/sso_login', toldGroups: [], startPage: null },
      lastSignIn: null,
    });
    const moved = 'https://forum.example.org/community/session/sso_login';
    assert.equal((await app('update', 'Forum', '--destination', moved)).code, 0);
    assert.equal((await shown('Forum')).destination, moved);
    const deskpro = [
      '--kind',
      'signed',
      '--format',
      'deskpro',
      '--address',
      'https://d.example',
      '--everybody',
    ];
    assert.match((await app('create', 'Deskpro', ...deskpro)).errors, /Give the address that takes/);
  });

  it('are read from the JSON in which they are shown', async () => {
    await command('group', 'create', 'Agents');
    for (const [name, args] of [
      ['Desk', [...DESK, '--told-groups', 'Agents', '--pkce', 'off', '--proof', 'strong']],
      ['Forum', FORUM],
    ] as const) {
      await app('create', ...args);
      const { output } = await app('show', name, '--json');
      const file = join(folder(), 'app.json');
      writeFileSync(file, output);
      assert.equal(
        (await app('update', name, '--from', file)).output,
        `The app “${name}” already has these settings.\n`,
      );
      await app('remove', name);
      const again = await app('create', '--from', file);
      assert.equal(again.code, 0, again.errors);
      assert.match(again.output, /secret, shown only now/);
      const before = JSON.parse(output);
      const after = await shown(name);
      // The id is that of the app, and this is another one.
      assert.deepEqual({ ...after, clientId: before.clientId }, { clientId: undefined, ...before });
    }
  });

  const inFiles: readonly (readonly [string, object, RegExp])[] = [
    ['a mistyped setting', { pcke: true }, /“pcke” is no setting/],
    ['a setting of another kind', { user: 'id' }, /“user” is no setting/],
    ['a secret', { secret: 'x'.repeat(40) }, /“secret” is no setting/],
    ['another kind', { kind: 'signed' }, /has another kind, and the kind of an app stays/],
    ['one address in place of a list', { redirectAddresses: CALLBACK }, /“redirectAddresses”/],
    ['no address', { redirectAddresses: [] }, /at least one redirect address/],
    ['an address with a wildcard', { redirectAddresses: ['https://*.example.org/'] }, /has a “\*”/],
    ['a word in place of true', { pkce: 'on' }, /“pkce”/],
    ['an unknown group', { toldGroups: ['Nobody'] }, /Nobody”\. Create it first/],
  ];
  for (const [what, record, error] of inFiles) {
    it(`are not changed by a file with ${what}`, async () => {
      await app('create', ...DESK);
      const before = await shown('Desk');
      const file = join(folder(), 'app.json');
      writeFileSync(file, JSON.stringify(record));
      const ran = await app('update', 'Desk', '--from', file);
      assert.equal(ran.code, 1);
      assert.match(ran.errors, error);
      assert.equal(ran.errors.trimEnd().split('\n').length, 1);
      assert.deepEqual(await shown('Desk'), before);
    });
  }

  const refused: readonly (readonly [string, readonly string[], RegExp, number])[] = [
    ['without a redirect address', DESK.slice(0, -2), /at least one redirect address/, 1],
    ['with http on the network', [...DESK, 'http://desk.example.org/'], /is not https/, 64],
    ['with a fragment', [...DESK, 'https://desk.example.org/#a'], /has a “#”/, 64],
    ['with the same address twice', [...DESK, CALLBACK], /is there twice/, 1],
    ['with an address of Postern', [...DESK, 'https://help.example.org/x'], /host of Postern itself/, 1],
    ['as a public client without PKCE', [...DESK, '--client-auth', 'none', '--pkce', 'off'], /needs PKCE/, 1],
    ['with a start page elsewhere', [...DESK, '--start-page', 'https://a.example/'], /not at the app’s/, 1],
    ['with the user name of a proxy', [...DESK, '--user', 'id'], /--user is no setting .* oidc/, 1],
    ['of an unknown kind', ['A', '--kind', 'saml'], /host, oidc, signed/, 64],
    [
      'with a client’s option',
      [...FORUM, '--client-auth', 'post'],
      /--client-auth is no setting .* signed/,
      1,
    ],
    ['with a hand-over elsewhere', [...FORUM, '--destination', 'https://a.example/'], /not at the app’s/, 1],
    ['without a format', FORUM.filter((arg) => !/^--format$|^discourse$/.test(arg)), /--format/, 1],
    [
      'behind a proxy with PKCE',
      ['A', '--address', 'https://a.example', '--everybody', '--pkce', 'on'],
      /--pkce/,
      1,
    ],
  ];
  for (const [what, args, error, code] of refused) {
    it(`are not added ${what}`, async () => {
      const ran = await app('create', ...args);
      assert.equal(ran.code, code, ran.errors);
      assert.match(ran.errors, error);
      assert.equal(ran.errors.trimEnd().split('\n').length, 1);
      assert.deepEqual(await portal().services.apps.all(), []);
    });
  }

  describe('have a secret', () => {
    it('that is rotated: the new one alone is on standard output, and both are valid for a week', async () => {
      await app('create', ...DESK);
      const [first = ''] = await secretsOf('Desk');
      const ran = await app('rotate-secret', 'desk');
      assert.equal(ran.code, 0);
      assert.match(ran.output, /^[\w-]{43}\n$/);
      assert.match(ran.errors, /^The former secret stays valid until .+\.\n$/);
      assert.deepEqual(await secretsOf('Desk'), [ran.output.trim(), first]);
      assert.deepEqual(await detail('app.secret-rotated'), { app: 'Desk' });
      assert.ok(!(await everywhere()).includes(ran.output.trim()));
    });

    it('whose former one can be ended at once', async () => {
      await app('create', ...DESK);
      const ran = await app('rotate-secret', 'Desk', '--end-old-now');
      assert.equal(ran.errors, 'The former secret is no longer valid.\n');
      assert.deepEqual(await secretsOf('Desk'), [ran.output.trim()]);
      assert.deepEqual(await detail('app.secret-ended'), { app: 'Desk' });
    });

    it('that may come from the app, and is not printed then', async () => {
      await app('create', ...FORUM);
      const made = 'n0t-made-by-this-portal-but-by-the-app';
      const ran = await runs(environment(), ['app', 'rotate-secret', 'Forum', '--take', '-'], `${made}\n`);
      assert.deepEqual([ran.code, ran.output], [0, '']);
      assert.equal((await secretsOf('Forum'))[0], made);
      const short = await runs(environment(), ['app', 'rotate-secret', 'Forum', '--take', '-'], 'short');
      assert.equal(short.code, 1);
      assert.match(short.errors, /22 to 256 characters/);
      assert.equal((await secretsOf('Forum'))[0], made);
    });

    it('unless they are public clients or behind a proxy', async () => {
      await app('create', ...DESK, '--client-auth', 'none');
      await app('create', 'Wiki', '--address', 'https://wiki.example.org', '--everybody');
      for (const name of ['Desk', 'Wiki']) {
        const ran = await app('rotate-secret', name);
        assert.deepEqual([ran.code, ran.output], [1, '']);
        assert.match(ran.errors, new RegExp(`The app “${name}” has no secret`));
      }
      assert.match((await app('rotate-secret', 'Nothing')).errors, /There is no app/);
    });
  });
});
