import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { REAL_HASHER } from '../support/password-hashing.ts';
import { Person } from '../support/person.ts';
import { onBothStores, openPortal, type TestPortal } from '../support/portal.ts';
import { compareTimes } from '../support/timing.ts';
import { newEmail } from '../support/victim.ts';

const HOUR = 3_600_000;

/** The two can be told apart if both hold in each of three measurements: chance alone does not do that. */
const DEVIATIONS = 4;
const DIFFERENCE = 0.2;
const MEASUREMENTS = 3;

onBothStores(
  'An attacker who measures who has an account',
  (portal) => {
    const known = newEmail('active');
    let number = 0;
    const unknown = () => `nobody${number++}@example.org`;

    before(async () => {
      await portal().services.settings.change({ signUp: true });
      await portal().account(known);
    });

    for (const [path, fields, rounds] of [
      ['/sign-in', { password: 'not the password' }, 16],
      ['/forgotten-password', {}, 32],
      ['/sign-up', { name: 'Somebody' }, 28],
    ] as const) {
      it(`waits the same time for the response of ${path}`, async () => {
        const stranger = new Person(portal().app);
        await stranger.visits(path);
        const time = async (email: string) => {
          // No work of the last request is still running, and no limit interferes.
          await new Promise((resolve) => setTimeout(resolve, 5));
          portal().wait(5 * HOUR);
          const start = process.hrtime.bigint();
          const { status } = await stranger.submitsRaw('POST', path, { ...fields, email });
          const took = Number(process.hrtime.bigint() - start);
          assert.ok(status === 303 || status === 422, `${status}`);
          return took;
        };
        await time(unknown());
        await time(known);
        const measured: string[] = [];
        for (let attempt = 0; attempt < MEASUREMENTS; attempt++) {
          const nobody = unknown();
          const { difference, deviations } = await compareTimes(
            rounds,
            () => time(known),
            () => time(nobody),
          );
          if (Math.abs(deviations) < DEVIATIONS || Math.abs(difference) < DIFFERENCE) return;
          measured.push(`${Math.round(difference * 100)} % (${deviations.toFixed(1)} deviations)`);
        }
        assert.fail(
          `An address with an account is told from one without by the time taken: ${measured.join(', ')}`,
        );
      });
    }
  },
  {},
  { passwordHasher: REAL_HASHER },
);

/**
 * The time after all known work of a request in which unknown work would continue. Milliseconds. Other pages wait for the work of
 * the main thread; its processor time is the same on a busy machine.
 */
const AFTERWARDS = 50;

/** Mails go to a folder: a mail server in this process would be measured together with the portal. */
describe('An attacker who measures the work after a response by the time that other pages take', () => {
  const known = newEmail('active');
  let portal: TestPortal;

  before(async () => {
    portal = await openPortal('database', { SMTP_URL: undefined });
    await portal.services.settings.change({ signUp: true });
    await portal.account(known);
  });
  after(() => portal.close());

  for (const [path, fields] of [
    ['/forgotten-password', {}],
    ['/sign-up', { name: 'Somebody' }],
  ] as const) {
    it(`waits the same time after ${path}`, async () => {
      const stranger = new Person(portal.app);
      await stranger.visits(path);
      let number = 0;
      const time = async (email: string) => {
        portal.wait(5 * HOUR);
        await stranger.submitsRaw('POST', path, { ...fields, email });
        const start = process.threadCpuUsage();
        await portal.delivered();
        await pause(AFTERWARDS);
        await portal.delivered();
        const { user, system } = process.threadCpuUsage(start);
        return user + system;
      };
      await time(known);
      await time('nobody@example.org');
      const measured: string[] = [];
      for (let attempt = 0; attempt < MEASUREMENTS; attempt++) {
        const { difference, deviations } = await compareTimes(
          16,
          () => time(known),
          () => time(`nobody${attempt}-${number++}@example.org`),
        );
        if (Math.abs(deviations) < DEVIATIONS || Math.abs(difference) < DIFFERENCE) return;
        measured.push(`${Math.round(difference * 100)} % (${deviations.toFixed(1)} deviations)`);
      }
      assert.fail(`What is done afterwards tells who has an account: ${measured.join(', ')}`);
    });
  }
});
