import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { codeIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from './running-server.ts';

describe('The first start, with only the data folder configured', () => {
  let parent: string;
  let folder: string;
  let server: RunningServer;
  let setupLink: string;
  const email = 'first@example.org';

  before(async () => {
    parent = mkdtempSync(join(tmpdir(), 'postern-process-'));
    folder = join(parent, 'data');
    server = await startsServer({ DATA_DIR: folder });
  });
  after(async () => {
    await server.stop();
    endAll();
    rmSync(parent, { recursive: true, force: true });
  });

  const person = () => new Person(server.app, server.options);
  const outbox = () => readdirSync(join(folder, 'outbox')).sort();

  it('serves pages, on migrated tables', async () => {
    const page = await person().visits('/');
    assert.equal(page.status, 200);
    assert.equal(page.heading, 'Sign in');
    for (const path of ['/healthz', '/readyz']) {
      const answer = await fetch(`${server.url}${path}`);
      assert.deepEqual([answer.status, await answer.json()], [200, { status: 'ok' }]);
    }
  });

  it('logs the one-time link of the set-up, on the public address', async () => {
    const [, link = ''] = await server.logged(/(http:\/\/localhost:\d+\/setup\?token=[\w-]+)/);
    setupLink = link;
    assert.ok(link.startsWith(`${server.options.origin}/`));
  });

  it('signs the first administrator in by the link, once', async () => {
    const ann = person();
    await ann.visits(setupLink);
    ann.fillsIn('Site name', 'Acorn Help');
    ann.fillsIn('Your name', 'First Person');
    ann.fillsIn('Email', email);
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Set up the site');
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    assert.equal(ann.page.path, '/profile/two-factor/suggestion');
    const late = await person().visits(setupLink);
    assert.ok(late.status >= 400);
  });

  it('writes mail to the outbox folder', async () => {
    const ann = person();
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    await ann.visits('/profile/two-factor');
    await ann.follow('Set up email authentication');
    ann.fillsIn('Authenticator Name', 'Mail');
    await ann.presses('Send Verification Code');
    const file = outbox().at(-1) ?? '';
    assert.match(file, /\.eml$/);
    const mail = await simpleParser(readFileSync(join(folder, 'outbox', file)));
    ann.fillsIn('Verification Code', codeIn(mail));
    await ann.presses('Submit Code and Create');
    assert.match(ann.page.text, /Mail/);
  });

  it('makes all files private to its user', () => {
    const modes = [
      folder,
      ...readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
    ]
      // A mail has another name while it is written: a file that has disappeared was one.
      .map((path) => ({ path, stat: statSync(path, { throwIfNoEntry: false }) }))
      .flatMap(({ path, stat }) =>
        stat ? [[path, stat.isDirectory() ? 0o700 : 0o600, stat.mode & 0o777] as const] : [],
      );
    assert.ok(modes.length >= 4);
    for (const [path, expected, mode] of modes) assert.equal(mode, expected, path);
  });

  it('keeps the data for the next start, which shows no set-up link', async () => {
    const first = await server.stop();
    assert.equal(first.code, 0);
    server = await startsServer({ DATA_DIR: folder });
    const ann = person();
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    assert.equal(ann.page.path, '/sign-in/code');
    assert.doesNotMatch(server.log(), /\/setup\?token=/);
  });

  it("stores Node's compile cache, so that a later start loads nothing that strips types", async () => {
    const [spy, loaded] = [join(parent, 'spy.mjs'), join(parent, 'loaded')];
    const list = `writeFileSync('${loaded}', process.moduleLoadList.join('\\n'))`;
    writeFileSync(spy, `import { writeFileSync } from 'node:fs'; process.once('exit', () => ${list});`);
    const stripsAt = async (dataDir: string) => {
      const one = await startsServer({
        DATA_DIR: dataDir,
        NODE_OPTIONS: `--import=${spy}`,
        NODE_COMPILE_CACHE: undefined,
      });
      assert.equal((await one.stop()).code, 0);
      return readFileSync(loaded, 'utf8').includes('amaro');
    };
    const fresh = join(parent, 'fresh');
    assert.equal(await stripsAt(fresh), true, 'the first start');
    // It finds the folder, and adds the files that the first start loaded before the folder existed.
    await stripsAt(fresh);
    assert.equal(await stripsAt(fresh), false, 'from then on');
  });
});

describe('A failing start', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-process-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reports every error of the environment at once, exits with 78, and shows no stack', async () => {
    const ended = await runsProgram('src/start.js', {
      DATA_DIR: folder,
      PORT: '99999',
      BASE_URL: 'help.example.org/path',
      DATABASE_URL: 'oracle://scott:tiger@db/orcl',
      REDIS_URL: 'nowhere',
      TRUST_PROXY: 'everybody',
    });
    assert.equal(ended.code, 78);
    for (const name of ['PORT', 'BASE_URL', 'DATABASE_URL', 'REDIS_URL', 'TRUST_PROXY']) {
      assert.match(ended.errors, new RegExp(`^  ${name}: expected `, 'm'));
    }
    assert.doesNotMatch(ended.errors + ended.output, /\n\s+at |tiger/);
  });

  it('requires in production what has no safe default: three variables, all named', async () => {
    const ended = await runsProgram('src/start.js', { DATA_DIR: folder, NODE_ENV: 'production' });
    assert.equal(ended.code, 78);
    const named = [...ended.errors.matchAll(/^ {2}(\w+): expected/gm)].map(([, name]) => name).sort();
    assert.deepEqual(named, ['APP_SECRET', 'BASE_URL', 'SMTP_URL']);
    assert.deepEqual(readdirSync(folder), []);
  });
});
