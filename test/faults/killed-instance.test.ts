import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { endAll, type RunningServer, runsProgram, startsServer } from '../process/running-server.ts';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import {
  CREATION_TIMEOUT,
  type EmptyDatabase,
  MARIADB,
  POSTGRESQL,
  type ServedEngine,
} from '../support/databases.ts';
import { freePort } from '../support/free-port.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { codeIn, type Mailbox, openMailbox } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { redis } from '../support/servers.ts';
import { givesPassword, pictureOn } from '../support/steps.ts';

const email = 'ann@example.org';
const STEP = 30_000;

for (const engine of [POSTGRESQL, MARIADB]) {
  describe(`Two instances on ${engine.name}, one of which is killed at every step`, () =>
    killsInstances(engine));
}

function killsInstances(engine: ServedEngine): void {
  let folder: string;
  let empty: EmptyDatabase;
  let mailbox: Mailbox;
  let environment: Record<string, string>;
  /** The one that serves, and the one in reserve. */
  let servers: [RunningServer, RunningServer];

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    folder = mkdtempSync(join(tmpdir(), 'postern-faults-'));
    [empty, mailbox] = await Promise.all([engine.create(), openMailbox()]);
    environment = {
      ...{ DATA_DIR: folder, DATABASE_URL: empty.url, REDIS_URL: (await redis()).url, SMTP_URL: mailbox.url },
      ...{
        BASE_URL: `http://localhost:${await freePort()}`,
        APP_SECRET: 'one-secret-of-more-than-32-characters',
      },
    };
    const cli = (...args: string[]) => runsProgram('src/cli.js', environment, args, PASSWORD);
    assert.equal((await cli('user', 'create', email, '--name', 'Ann')).code, 0);
    assert.equal((await cli('policy', 'set', '--two-factor', 'mandatory', '--methods', 'app,email')).code, 0);
    servers = [await startsServer(environment), await startsServer(environment)];
  });
  after(async () => {
    endAll();
    await mailbox.close();
    await empty.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  /**
   * The serving instance dies while the form is sent; the person's browser sends the same form with the same cookies to the
   * other one. A new instance replaces the dead one.
   */
  async function pressesThroughADeath(person: Person, button: string): Promise<Person> {
    const [dying, other] = servers;
    const lost = person.races(1, button).catch(() => undefined);
    dying.signal('SIGKILL');
    await Promise.all([lost, dying.ended]);
    const elsewhere = person.copy({}, other.app);
    const [starting] = [startsServer(environment), await elsewhere.presses(button)];
    servers = [other, await starting];
    return elsewhere;
  }

  it('continue for the person, with nothing done twice or by half', async () => {
    let ann = new Person(servers[0].app, { origin: environment['BASE_URL'] ?? '' });
    const presses = async (button: string) => {
      ann = await pressesThroughADeath(ann, button);
    };
    await ann.visits('/sign-in');
    ann.fillsIn('Email', email);
    ann.fillsIn('Password', PASSWORD);
    await presses('Sign in');
    const app = new AuthenticatorApp();
    assert.equal(ann.page.path, '/sign-in/set-up');
    await ann.follow('Set up authentication app');
    app.scan(pictureOn(ann));
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(Date.now()));
    await presses('Submit Code and Create');
    assert.equal(ann.page.heading, 'Recovery codes', ann.page.text);
    await presses('I have saved them. Continue');
    assert.equal(ann.page.heading, 'Hello, Ann');
    const again = new Person(servers[0].app, { origin: environment['BASE_URL'] ?? '' });
    await again.visits('/sign-in');
    await givesPassword(again, email);
    ann = again;
    ann.fillsIn('Verification Code', app.code(Date.now() + STEP));
    await presses('Continue');
    assert.equal(ann.page.heading, 'Hello, Ann', ann.page.text);
    const db = openDatabase(empty.url);
    assert.equal((await db('authenticators')).length, 1);
    assert.equal((await db('recovery_codes')).length, 10);
    assert.deepEqual(await brokenInvariants(db), []);
    await db.destroy();
    const reset = ['user', 'reset-2fa', email];
    assert.equal((await runsProgram('src/cli.js', environment, reset)).code, 0);
  });

  it('know the codes that the other one has mailed', async () => {
    let ann = new Person(servers[0].app, { origin: environment['BASE_URL'] ?? '' });
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
    await ann.follow('Set up email authentication');
    ann.fillsIn('Authenticator Name', 'Mail');
    ann = await pressesThroughADeath(ann, 'Send Verification Code');
    ann.fillsIn('Verification Code', codeIn(await codeMail()));
    ann = await pressesThroughADeath(ann, 'Submit Code and Create');
    assert.equal(ann.page.heading, 'Recovery codes', ann.page.text);
  });

  async function codeMail() {
    for (;;) {
      const mail = await mailbox.next(email);
      if (/^\d{6}$/m.test(mail.text ?? '')) return mail;
    }
  }
}
