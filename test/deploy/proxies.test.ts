import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import tls from 'node:tls';
import { runsProgram } from '../process/running-server.ts';
import { type AuthenticatorApp, earlyInStep } from '../support/authenticator-app.ts';
import { CREATION_TIMEOUT } from '../support/databases.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { givesPassword, scansQrCode } from '../support/steps.ts';
import { CADDY, NGINX } from './proxies.ts';
import { startTwoInstances, type TwoInstances } from './two-instances.ts';

/** The address of visitors, which differs from the proxy's. */
const HOME = '127.0.0.7';
/** The address that a visitor writes into X-Forwarded-For. */
const FORGED = '198.51.100.9';

describe('Two instances on one PostgreSQL and one Redis', () => {
  let two: TwoInstances;
  let people = 0;

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    two = await startTwoInstances();
  });

  after(() => two?.close());

  const origin = () => `https://localhost:${two.site.port}`;
  const someone = (headers: Readonly<Record<string, string>> = {}) =>
    new Person(origin(), { origin: origin(), from: HOME, address: FORGED, headers });

  async function newAccount(...options: readonly string[]): Promise<string> {
    people += 1;
    const email = `ann${people}@example.org`;
    const args = ['user', 'create', email, '--name', 'Ann', ...options];
    const created = await runsProgram('src/cli.js', two.environment, args, PASSWORD);
    assert.equal(created.code, 0, created.errors);
    return email;
  }

  async function signsIn(email: string, app?: AuthenticatorApp): Promise<Person> {
    const person = someone();
    await person.visits('/sign-in');
    await givesPassword(person, email);
    if (app) await givesCode(person, app);
    return person;
  }

  async function givesCode(person: Person, app: AuthenticatorApp): Promise<void> {
    person.fillsIn('Verification Code', app.code(Date.now(), 1));
    await person.presses('Continue');
  }

  /** Goes up to the page that asks for the app's code. */
  async function startsSettingUpApp(person: Person): Promise<AuthenticatorApp> {
    await person.visits('/profile/two-factor');
    await person.follow('Set up authentication app');
    const app = await scansQrCode(person);
    person.fillsIn('Authenticator Name', 'Phone');
    // The step before the present one; the one after it is left for the sign-in.
    await earlyInStep();
    person.fillsIn('Verification Code', app.code(Date.now(), -1));
    return app;
  }

  /** The number of requests that each instance has answered. They are logged a moment after the response. */
  async function answered(): Promise<number[]> {
    await delay(100);
    return two.instances.map(({ log }) => log().match(/"msg":"request"/g)?.length ?? 0);
  }

  async function restart(which: 0 | 1): Promise<void> {
    assert.equal(await two.restart(which, 'SIGTERM'), 0);
  }

  /** Repeats a visit until something is over: each gets a response, with the same page as before. */
  async function during(task: Promise<void>, visit: () => Promise<{ status: number; path: string }>) {
    let over = false;
    void task.finally(() => {
      over = true;
    });
    const before = await visit();
    let visits = 0;
    for (; !over; visits += 1) {
      const { status, path } = await visit();
      assert.deepEqual({ status, path }, { status: before.status, path: before.path });
    }
    assert.ok(visits >= 3, `${visits} visits`);
    await task;
  }
  for (const proxy of [NGINX, CADDY]) {
    describe(`behind ${proxy.name}, with the shipped configuration`, () => {
      let stopProxy: () => Promise<void>;
      before(async function () {
        this.timeout(CREATION_TIMEOUT);
        stopProxy = await proxy.start({ ...two.site, folder: mkdtempSync(join(two.site.folder, 'proxy-')) });
      });
      after(() => stopProxy?.());

      it('sign a person in with a second factor, with alternating requests', async () => {
        const email = await newAccount();
        const setUp = await signsIn(email);
        const app = await startsSettingUpApp(setUp);
        await setUp.presses('Submit Code and Create');
        const before = await answered();
        const ann = await signsIn(email, app);
        assert.equal(ann.page.heading, 'Hello, Ann');
        const shares = (await answered()).map((count, index) => count - (before[index] ?? 0));
        assert.equal(
          shares.reduce((sum, share) => sum + share),
          ann.trail.length,
        );
        assert.ok(Math.abs((shares[0] ?? 0) - (shares[1] ?? 0)) <= 1, `${shares} of ${ann.trail.length}`);
        assert.ok(ann.trail.length >= 5, ann.trail.join());
      });

      it('record the real address of a visitor in the audit log; a forged X-Forwarded-For gains nothing', async () => {
        const ann = await signsIn(await newAccount('--admin'));
        await ann.visits('/admin/audit');
        assert.match(ann.page.text, new RegExp(`\\b${HOME}\\b`));
        assert.ok(!ann.page.text.includes(FORGED));
      });

      it('make a client that changes X-Forwarded-For each time wait like everybody else', async () => {
        const email = await newAccount();
        const statuses: number[] = [];
        for (let guess = 0; guess < 6; guess += 1) {
          const guesser = someone({ 'X-Forwarded-For': `203.0.113.${guess}` });
          await guesser.visits('/sign-in');
          await givesPassword(guesser, email, 'not the password at all');
          statuses.push(guesser.page.status);
        }
        assert.deepEqual(statuses, [422, 422, 422, 422, 422, 429]);
      });

      it('set Secure __Host- cookies, and send HSTS once', async () => {
        const { headers } = await someone().visits('/sign-in');
        assert.match(
          headers['set-cookie'] ?? '',
          /^__Host-postern=[^;,]+; Path=\/;[^,]*,[^,]*; HttpOnly; Secure; SameSite=Lax$/,
        );
        assert.equal(headers['strict-transport-security'], 'max-age=63072000; includeSubDomains');
      });

      it('decide themselves which pages are compressed', async () => {
        const gzip = { 'Accept-Encoding': 'gzip' };
        const { headers } = await someone(gzip).visits('/sign-in');
        assert.equal(headers['content-encoding'], 'gzip');
        const led = await someone({ ...gzip, 'Sec-Fetch-Site': 'cross-site' }).visits('/sign-in?chosen=text');
        assert.equal(led.headers['content-encoding'], undefined, 'a text of another site beside a secret');
      });

      it('redirect to absolute addresses of the public origin', async () => {
        const answer = await someone().loads('/profile');
        assert.equal(answer.status, 303);
        assert.match(answer.headers['location'] ?? '', new RegExp(`^${origin()}/sign-in`));
      });

      it('are reached from http by a redirect to https', async () => {
        const plain = new Person(`http://localhost:${two.site.plainPort}`, { from: HOME });
        const { status, headers } = await plain.loads('/sign-in?from=mail');
        assert.ok([301, 308].includes(status), String(status));
        assert.ok(headers['location']?.startsWith('https://localhost'), headers['location']);
        assert.ok(headers['location']?.endsWith('/sign-in?from=mail'));
      });

      if (proxy === NGINX) {
        it('give no response to requests for another name or for the IP address', async () => {
          await assert.rejects(fetch(`http://127.0.0.1:${two.site.plainPort}/`));
          for (const servername of ['other.example.org', '']) {
            const socket = tls.connect({ host: '127.0.0.1', port: two.site.port, servername });
            await assert.rejects(once(socket, 'secureConnect'), { code: /^ERR_SSL_/ });
          }
        });
      }

      it('serve /healthz, and serve /readyz, /metrics and the guard only to direct requests', async () => {
        assert.equal((await someone().loads('/healthz')).status, 200);
        for (const [path, itself] of [
          ['/readyz', 200],
          ['/metrics', 401],
          ['/guard/forward-auth', 403],
          ['/.postern/sign-out', 403],
        ] as const) {
          assert.equal((await someone().loads(path)).status, 404, path);
          assert.equal((await fetch(`${two.instances[0].url}${path}`)).status, itself, path);
        }
      });

      it('refuse large bodies themselves, with a page', async () => {
        const ann = await signsIn(await newAccount());
        const answer = await ann.submitsRaw('POST', '/profile/two-factor/suggestion', {
          text: 'x'.repeat(500_000),
        });
        assert.equal(answer.status, 413);
        assert.ok(answer.headers['content-security-policy'], answer.html);
      });

      it('lose nothing when the instances restart, one after the other, during requests', async () => {
        const email = await newAccount();
        const ann = await signsIn(email);
        const other = await signsIn(email);
        const app = await startsSettingUpApp(ann);

        await during(restart(0), () => other.visits('/profile'));
        await earlyInStep();
        ann.fillsIn('Verification Code', app.code(Date.now(), -1));
        await ann.presses('Submit Code and Create');
        assert.match(ann.page.heading, /Recovery codes/);
        await ann.presses('I have saved them. Continue');
        assert.match(ann.page.text, /Phone/);

        const late = await signsIn(email);
        assert.equal(late.page.path, '/sign-in/code');
        await during(restart(1), () => ann.visits('/profile'));
        await givesCode(late, app);
        assert.equal(late.page.heading, 'Hello, Ann');
        const failed = [ann, other, late].flatMap(({ trail }) =>
          trail.filter((line) => / 5\d\d$/.test(line)),
        );
        assert.deepEqual(failed, []);
      });
    });
  }
});
