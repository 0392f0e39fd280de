import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuthenticatorApp, earlyInStep } from '../support/authenticator-app.ts';
import { freePort } from '../support/free-port.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword, scansQrCode } from '../support/steps.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from './running-server.ts';

const FIRST = 'first-secret-of-at-least-32-characters';
const SECOND = 'second-secret-of-at-least-32-characters';

describe('Rotating the keys of a running server', () => {
  let folder: string;
  let server: RunningServer | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  afterEach(async () => {
    await server?.stop();
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  const secrets = () => readFileSync(join(folder, 'secret'), 'utf8').trimEnd().split('\n');

  async function personWithApp(running: RunningServer, email: string, environment: Record<string, string>) {
    const created = await runsProgram(
      'src/cli.js',
      environment,
      ['user', 'create', email, '--name', 'Ann'],
      PASSWORD,
    );
    assert.equal(created.code, 0, created.errors);
    const ann = new Person(running.app, running.options);
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    await ann.visits('/profile/two-factor');
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    // The step before: the code of the present one is left for the sign-in.
    await earlyInStep();
    ann.fillsIn('Verification Code', app.code(Date.now(), -1));
    await ann.presses('Submit Code and Create');
    assert.match(ann.page.text, /Phone/);
    return { ann, app };
  }

  async function signsInWith(running: RunningServer, email: string, app: AuthenticatorApp, stepOffset = 0) {
    const person = new Person(running.app, running.options);
    await person.visits('/sign-in');
    await givesPassword(person, email);
    person.fillsIn('Verification Code', app.code(Date.now(), stepOffset));
    await person.presses('Continue');
    return person.page.heading;
  }

  it('creates a secret and seals everything again; the server uses it without a restart', async () => {
    const environment = { DATA_DIR: folder, PORT: String(await freePort()) };
    server = await startsServer(environment);
    const { ann, app } = await personWithApp(server, 'ann@example.org', environment);
    const [first] = secrets();
    const rotated = await runsProgram('src/cli.js', environment, ['keys', 'rotate']);
    assert.equal(rotated.code, 0);
    assert.match(rotated.output, /A new secret was made/);
    assert.match(rotated.output, /Sealed anew: 1 authenticator\./);
    assert.equal(secrets().length, 2);
    assert.equal(secrets()[1], first);
    assert.equal(statSync(join(folder, 'secret')).mode & 0o777, 0o600);

    assert.equal(await signsInWith(server, 'ann@example.org', app), 'Hello, Ann');
    assert.equal((await ann.visits('/')).heading, 'Hello, Ann', 'open sessions go on');

    // Nothing is sealed under the first secret any more: the sign-in works without it.
    await server.stop();
    writeFileSync(join(folder, 'secret'), `${secrets()[0]}\n`);
    server = await startsServer(environment);
    assert.equal(await signsInWith(server, 'ann@example.org', app, 1), 'Hello, Ann');
    assert.equal((await ann.visits('/')).heading, 'Sign in', 'what the first one signed is void');
  });

  it('can be finished without another secret, any number of times', async () => {
    const environment = { DATA_DIR: folder };
    server = await startsServer(environment);
    await personWithApp(server, 'ann@example.org', environment);
    await runsProgram('src/cli.js', environment, ['keys', 'rotate']);
    for (let time = 0; time < 2; time += 1) {
      const again = await runsProgram('src/cli.js', environment, ['keys', 'rotate', '--keep-secret']);
      assert.equal(again.code, 0);
      assert.equal(again.output, 'Sealed anew: 0 authenticators.\nLeft as it was: 1 authenticator.\n');
    }
    assert.equal(secrets().length, 2);
  });

  it('with secrets of the operator, seals under the first one, and says what to do before', async () => {
    const before = { DATA_DIR: folder, APP_SECRET: FIRST };
    server = await startsServer(before);
    const { app } = await personWithApp(server, 'ann@example.org', before);
    const early = await runsProgram('src/cli.js', before, ['keys', 'rotate']);
    assert.equal(early.code, 0);
    assert.match(early.output, /put the new one first in APP_SECRET/);
    await server.stop();

    const after = { DATA_DIR: folder, APP_SECRET: `${SECOND},${FIRST}` };
    const rotated = await runsProgram('src/cli.js', after, ['keys', 'rotate']);
    assert.match(rotated.output, /Sealed anew: 1 authenticator\./);
    assert.doesNotMatch(rotated.output, /put the new one first/);

    server = await startsServer({ DATA_DIR: folder, APP_SECRET: SECOND });
    assert.equal(await signsInWith(server, 'ann@example.org', app), 'Hello, Ann');
  });

  it('reports how many authenticators no secret can open, and exits with 1', async () => {
    const before = { DATA_DIR: folder, APP_SECRET: FIRST };
    server = await startsServer(before);
    await personWithApp(server, 'ann@example.org', before);
    const rotated = await runsProgram('src/cli.js', { DATA_DIR: folder, APP_SECRET: SECOND }, [
      'keys',
      'rotate',
    ]);
    assert.equal(rotated.code, 1);
    assert.match(rotated.errors, /^1 authenticator opens with none of the secrets[^\n]*\n$/);
  });
});
