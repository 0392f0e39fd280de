import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEventName } from '../../src/audit/vocabulary.ts';
import { runs } from './command-line.ts';
import { usePortalOnFile } from './portal-on-file.ts';

const WIKI = ['Wiki', '--address', 'https://wiki.example.org'] as const;

describe('The command line: apps', () => {
  const { portal, folder, environment, command } = usePortalOnFile();
  const app = (...args: string[]) => command('app', ...args);
  const shown = async (name: string) => JSON.parse((await app('show', name, '--json')).output);
  const detail = async (event: AuditEventName) =>
    (await portal().services.audit.search({ event, page: 1, pageSize: 1 })).events[0]?.detail;

  it('are added with their audience, and listed for people and for programs', async () => {
    assert.equal((await app('list')).output, 'There are no apps yet.\n');
    assert.equal((await app('list', '--json')).output, '[]\n');
    await command('group', 'create', 'Agents');
    await command('group', 'create', 'Night shift');
    const ran = await app('create', ...WIKI, '--everybody');
    assert.deepEqual(ran, { code: 0, output: 'The app “Wiki” was added.\n', errors: '' });
    const desk = ['Desk', '--address', 'https://desk.example.org:8443', '--groups', 'agents; Night shift'];
    await app(
      'create',
      ...desk,
      '--proof',
      'strong',
      '--fresh',
      '30',
      '--confirm-email',
      'on',
      '--user',
      'id',
    );
    assert.deepEqual((await app('list')).output.trimEnd().split('\n'), [
      'Name  Kind  Address                        For                  Proof   Last sign-in',
      'Desk  host  https://desk.example.org:8443  Agents; Night shift  strong  never',
      'Wiki  host  https://wiki.example.org       Everybody            none    never',
    ]);
    assert.deepEqual(JSON.parse((await app('list', '--json')).output)[0], {
      ...{ name: 'Desk', kind: 'host', address: 'https://desk.example.org:8443' },
      groups: ['Agents', 'Night shift'],
      ...{ proof: 'strong', freshMinutes: 30, confirmEmail: true, user: 'id', lastSignIn: null },
    });
    assert.deepEqual(await detail('app.created'), {
      ...{ app: 'Desk', kind: 'host', origin: 'https://desk.example.org:8443' },
      audience: 'Agents; Night shift',
      ...{ proof: 'strong', 'fresh-minutes': '30', 'confirms-email': 'on', 'remote-user': 'id' },
    });
  });

  it('are shown with every setting', async () => {
    await app('create', ...WIKI, '--everybody', '--proof', 'second-step');
    assert.deepEqual((await app('show', 'WIKI')).output.trimEnd().split('\n'), [
      ...[
        'name: Wiki',
        'kind: host',
        'address: https://wiki.example.org',
        'groups: everybody',
        'proof: second-step',
      ],
      ...['freshMinutes: none', 'confirmEmail: false', 'user: email', 'lastSignIn: none'],
    ]);
  });

  it('are changed only in the given values', async () => {
    await app('create', ...WIKI, '--everybody', '--proof', 'strong', '--fresh', '15');
    await command('group', 'create', 'Agents');
    const ran = await app('update', 'wiki', '--groups', 'Agents', '--fresh', 'none', '--name', 'Pages');
    assert.deepEqual(ran, { code: 0, output: 'The app “Pages” was saved.\n', errors: '' });
    assert.deepEqual(await shown('Pages'), {
      ...{ name: 'Pages', kind: 'host', address: 'https://wiki.example.org' },
      ...{ groups: ['Agents'], proof: 'strong' },
      ...{ freshMinutes: null, confirmEmail: false, user: 'email', lastSignIn: null },
    });
    assert.deepEqual(await detail('app.updated'), {
      ...{ app: 'Wiki', to: 'Pages', audience: 'everybody → Agents', 'fresh-minutes': '15 → –' },
    });
    assert.equal((await app('update', 'Pages', '--everybody')).code, 0);
    assert.equal((await shown('Pages')).groups, 'everybody');
    const again = await app('update', 'Pages', '--everybody');
    assert.equal(again.output, 'The app “Pages” already has these settings.\n');
    await command('group', 'delete', 'Agents');
    await app('update', 'Pages', '--groups', '');
    assert.match((await app('list')).output, / nobody /);
  });

  it('are removed, and their host is free again', async () => {
    await app('create', ...WIKI, '--everybody');
    const ran = await app('remove', 'Wiki');
    assert.deepEqual(ran, { code: 0, output: 'The app “Wiki” was removed.\n', errors: '' });
    assert.deepEqual(await detail('app.removed'), { app: 'Wiki', origin: 'https://wiki.example.org' });
    assert.equal((await app('create', ...WIKI, '--everybody')).code, 0);
  });

  it('are read from a JSON file, in the form in which they are shown, or from standard input', async () => {
    await command('group', 'create', 'Agents');
    await app('create', ...WIKI, '--groups', 'Agents', '--proof', 'second-step', '--fresh', '60');
    const { output } = await app('show', 'Wiki', '--json');
    const before = JSON.parse(output);
    const file = join(folder(), 'wiki.json');
    writeFileSync(file, output);
    await app('remove', 'Wiki');
    assert.equal((await app('create', '--from', file)).output, 'The app “Wiki” was added.\n');
    assert.deepEqual(await shown('Wiki'), before);
    writeFileSync(file, '{"proof":"strong","groups":"everybody"}');
    assert.equal((await app('update', 'Wiki', '--from', file)).output, 'The app “Wiki” was saved.\n');
    assert.deepEqual(await shown('Wiki'), { ...before, proof: 'strong', groups: 'everybody' });
    const desk = '{"name":"Desk","address":"https://desk.example.org","groups":[]}';
    assert.equal((await runs(environment(), ['app', 'create', '--from', '-'], desk)).code, 0);
    assert.deepEqual((await shown('Desk')).groups, []);
  });

  for (const [what, text, error] of [
    ['is not JSON', 'name: Wiki', /does not contain the settings of one app as JSON/],
    ['is a list', '[]', /does not contain the settings of one app/],
    ['has a mistyped demand', '{"prooof":"strong"}', /“prooof” is no setting of an app/],
    ['has an unknown demand', '{"proof":"stronger"}', /“proof” .*cannot be set to this/],
    ['has the path of an address', '{"address":"https://a.example/x"}', /“address”/],
    ['has too short a time', '{"freshMinutes":1}', /“freshMinutes”/],
    ['has a word instead of true', '{"confirmEmail":"on"}', /“confirmEmail”/],
    ['has a name with two lines', '{"name":"a\\nb"}', /“name”/],
  ] as const) {
    it(`are not read from a file that ${what}`, async () => {
      const file = join(folder(), 'app.json');
      writeFileSync(file, text);
      const ran = await app('create', 'Wiki', '--from', file);
      assert.equal(ran.code, 1);
      assert.match(ran.errors, error);
      assert.deepEqual(await portal().services.apps.all(), []);
    });
  }

  for (const [what, args, error, code] of [
    ['without an audience', WIKI, /Say who may use the app/, 1],
    ['without an address', ['Wiki', '--everybody'], /Give the app’s address/, 1],
    ['without a name', ['--everybody', '--address', 'https://a.example'], /Enter the app’s name/, 1],
    ['for everybody and a group', [...WIKI, '--everybody', '--groups', 'A'], /cannot be used with/, 64],
    ['for an unknown group', [...WIKI, '--groups', 'Nobody'], /Nobody”\. Create it first/, 1],
    ['at a path', ['Wiki', '--everybody', '--address', 'https://a.example/wiki'], /without a path/, 64],
    ['over http', ['Wiki', '--everybody', '--address', 'http://localhost:8080'], /is not https/, 1],
    [
      'over http on the network',
      ['Wiki', '--everybody', '--address', 'http://a.example'],
      /without a path/,
      64,
    ],
    [
      'at the address of Postern',
      ['W', '--everybody', '--address', 'https://help.example.org'],
      /Postern itself/,
      1,
    ],
    [
      'at another port of Postern',
      ['W', '--everybody', '--address', 'https://help.example.org:8443'],
      /Postern itself/,
      1,
    ],
    [
      'with an unknown demand',
      [...WIKI, '--everybody', '--proof', 'stronger'],
      /none, second-step, strong/,
      64,
    ],
    ['fresh within a minute', [...WIKI, '--everybody', '--fresh', '1'], /minutes from 5 to 1440/, 64],
    ['by options and a file', [...WIKI, '--everybody', '--from', 'x'], /cannot be used with/, 64],
    ['from a missing file', ['--from', '/nowhere'], /Cannot read \/nowhere: ENOENT/, 1],
  ] as const) {
    it(`are not added ${what}`, async () => {
      const ran = await app('create', ...args);
      assert.equal(ran.code, code);
      assert.match(ran.errors, error);
      assert.equal(ran.errors.trimEnd().split('\n').length, 1);
      assert.deepEqual(await portal().services.apps.all(), []);
    });
  }

  it('have unique names and hosts', async () => {
    await app('create', ...WIKI, '--everybody');
    const other = ['--everybody', '--address'];
    assert.match(
      (await app('create', 'wiki', ...other, 'https://a.example')).errors,
      /There is an app “wiki” already/,
    );
    const port = await app('create', 'Other', ...other, 'https://wiki.example.org:8443');
    assert.match(port.errors, /Another app has the host of https:\/\/wiki\.example\.org:8443/);
    await app('create', 'Other', ...other, 'https://other.example.org');
    const moved = await app('update', 'Other', '--address', 'https://wiki.example.org');
    assert.match(moved.errors, /Another app has the host/);
    for (const verb of ['show', 'remove']) {
      const ran = await app(verb, 'Nothing');
      assert.deepEqual([ran.code, ran.errors], [1, 'There is no app “Nothing”.\n']);
    }
    assert.equal((await app('update', 'Wiki')).code, 64);
  });
});
