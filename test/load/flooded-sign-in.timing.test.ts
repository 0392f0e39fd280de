import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { passwordSubjects } from '../../src/accounts/password-sign-in.ts';
import type { Environment } from '../../src/boot/environment.ts';
import { PASSWORD_ACCOUNT_RULE } from '../../src/limits/failure-backoff.ts';
import { endAll, type RunningServer, startsServer } from '../process/running-server.ts';
import { REAL_HASHER } from '../support/password-hashing.ts';
import { Person } from '../support/person.ts';
import { PASSWORD } from '../support/portal.ts';
import { quickAccount } from '../support/quick-account.ts';
import { givesPassword } from '../support/steps.ts';
import { median, percentile } from '../support/timing.ts';
import { isSignedIn } from '../support/victim.ts';
import { useStores } from './flooded-stores.ts';

/** The longest wait for a person, in milliseconds. On a busy machine: this multiple of the time without an attack. */
const SIGN_IN = { longest: 2000, times: 20 } as const;
const PAGE = { longest: 1000, times: 100 } as const;
/** The number of the person's visits during the attack. */
const VISITS = 8;
const PAGES = 60;

describe('A flooded sign-in', () => {
  let folder: string;
  let environment: Environment;
  let server: RunningServer;
  let boss: Person;
  const email = 'boss@example.org';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-flood-'));
    environment = { DATA_DIR: folder, TRUST_PROXY: 'loopback', LOG_LEVEL: 'error' };
    await useStores(environment, async (services) => {
      for (const address of [email, 'ann@example.org'])
        await quickAccount(
          { services, now: Date.now, passwordHasher: REAL_HASHER },
          { email: address, name: 'Bo Boss', role: 'administrator' },
        );
    });
    server = await startsServer({ ...environment, LOG_LEVEL: 'info' });
    boss = await visitor('198.51.100.7');
  });
  after(() => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });

  async function visitor(address: string): Promise<Person> {
    const person = new Person(server.app, { ...server.options, address });
    await person.visits('/sign-in');
    return person;
  }

  async function milliseconds(work: () => Promise<unknown>): Promise<number> {
    const start = performance.now();
    await work();
    return performance.now() - start;
  }

  function assertBorne(
    what: string,
    took: number,
    { longest, times }: typeof SIGN_IN | typeof PAGE,
    inPeace: number,
  ): void {
    const bound = Math.max(longest, times * inPeace);
    assert.ok(took < bound, `${what}: ${Math.round(took)} ms, in peace ${Math.round(inPeace)} ms`);
  }

  /** This many connections send guesses without a pause during the work; returns how many got a response. */
  async function flooded(
    connections: number,
    addressOf: (number: number) => string,
    work: () => Promise<void>,
  ) {
    let isOver = false;
    let answered = 0;
    const guess = async (number: number) => {
      const guesser = await visitor(addressOf(number));
      for (let guesses = 0; !isOver; guesses++) {
        const fields = { email: `made-up-${number}-${guesses}@example.org`, password: 'a wrong guess' };
        const { status } = await guesser.submitsRaw('POST', '/sign-in', fields);
        assert.ok([422, 429, 503].includes(status), `${status}`);
        answered += 1;
      }
    };
    const guessers = Array.from({ length: connections }, (_, number) => guess(number));
    await pause(1000);
    try {
      await work();
    } finally {
      isOver = true;
      await Promise.all(guessers);
    }
    return answered;
  }

  async function signsInAndOut(person: Person, address: string): Promise<number> {
    await person.visits('/sign-in');
    const took = await milliseconds(() => givesPassword(person, address, PASSWORD));
    assert.ok(isSignedIn(person), `${person.page.status} ${person.page.heading}`);
    await person.visits('/');
    await person.presses('Sign out');
    return took;
  }

  it('lets the administrator in within two seconds in a known browser, whatever the attack', async () => {
    // The browser becomes known; then strangers guess until nobody gets in from elsewhere.
    const inPeace = await signsInAndOut(boss, email);
    await useStores(environment, async ({ keyring }, throttle) => {
      const [, anywhere] = passwordSubjects(email, { requestId: '', address: '', browser: '' }, keyring);
      for (let guesses = 0; guesses < 100; guesses++) await throttle.consume(anywhere, PASSWORD_ACCOUNT_RULE);
    });
    const stranger = await visitor('203.0.113.251');
    await givesPassword(stranger, email, PASSWORD);
    assert.equal(stranger.page.status, 429);
    const times: number[] = [];
    const answered = await flooded(
      150,
      (number) => `203.0.113.${number % 250}`,
      async () => {
        for (let visit = 0; visit < VISITS; visit++) times.push(await signsInAndOut(boss, email));
      },
    );
    assertBorne('sign-ins', Math.max(...times), SIGN_IN, inPeace);
    assert.ok(answered > VISITS, 'and the attack went on');
  });

  it('serves other people’s pages and sign-ins within a second or two while one client floods it', async () => {
    const reader = await visitor('192.0.2.1');
    const readsPage = () => milliseconds(() => reader.visits('/sign-in'));
    const inPeace: number[] = [];
    for (let page = 0; page < PAGES / 2; page++) inPeace.push(await readsPage());
    const signInInPeace = await signsInAndOut(await visitor('192.0.2.3'), 'ann@example.org');
    const pages: number[] = [];
    const signIns: number[] = [];
    await flooded(
      60,
      () => '203.0.113.1',
      async () => {
        for (let page = 0; page < PAGES; page++) pages.push(await readsPage());
        for (let visit = 0; visit < VISITS; visit++) {
          // A new browser.
          const ann = await visitor('192.0.2.2');
          signIns.push(await signsInAndOut(ann, 'ann@example.org'));
        }
      },
    );
    assertBorne('p99 of pages', percentile(pages, 0.99), PAGE, median(inPeace));
    assertBorne('sign-ins', Math.max(...signIns), SIGN_IN, signInInPeace);
  });
});
