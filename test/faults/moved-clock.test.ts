import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openDatabase } from '../../src/storage/database.ts';
import { brokenInvariants } from '../support/invariants.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import {
  enrolsEmail,
  givesAppCode,
  isSignedIn,
  mailedCode,
  type Victim,
  victimOf,
} from '../support/victim.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A server whose clock was wrong, and is set right: back by an hour, or forth. */
describe('A clock that is moved', () => {
  let portal: TestPortal;
  let vera: Victim;

  beforeEach(async () => {
    portal = await openPortal('database');
    vera = await victimOf(portal);
  });
  afterEach(async () => {
    const db = openDatabase(`sqlite:${join(portal.folder, 'postern.sqlite')}`);
    assert.deepEqual(await brokenInvariants(db), []);
    await db.destroy();
    await portal.close();
  });

  it('back: accepts no code of the app twice, fails nowhere, and asks again when the time has come', async () => {
    const used = vera.app.code(portal.now());
    portal.wait(-HOUR);
    const early = await signsIn(portal, vera.email);
    for (const code of [used, vera.app.code(portal.now())]) {
      early.fillsIn('Verification Code', code);
      await early.presses('Continue');
      assert.equal(early.page.status, 422, early.page.heading);
      assert.equal(isSignedIn(early), false);
    }
    portal.wait(HOUR);
    const replay = await signsIn(portal, vera.email);
    replay.fillsIn('Verification Code', used);
    await replay.presses('Continue');
    assert.equal(isSignedIn(replay), false, 'the code that was used before the clock was moved');
    await givesAppCode(portal, replay, vera.app);
    assert.ok(isSignedIn(replay), replay.page.heading);
  });

  it('back: signs nobody out, and every page of the account answers', async () => {
    portal.wait(-HOUR);
    for (const path of ['/', '/profile', '/profile/two-factor', '/profile/sign-ins', '/profile/password']) {
      await vera.browser.visits(path);
      assert.equal(vera.browser.page.status, 200, path);
      assert.ok(isSignedIn(vera.browser), path);
    }
  });

  it('back and forth: a mailed code counts once, and no longer than its ten minutes', async () => {
    await enrolsEmail(portal, vera.account);
    const asks = async () => {
      const person = await signsIn(portal, vera.email);
      await person.follow('Use another authenticator');
      await person.presses('Use “Work mail”');
      return person;
    };
    const first = await asks();
    const code = await mailedCode(portal, vera.email);
    portal.wait(11 * MINUTE);
    first.fillsIn('Verification Code', code);
    await first.presses('Continue');
    assert.equal(first.page.status, 422, 'too old');
    portal.wait(-11 * MINUTE);
    first.fillsIn('Verification Code', code);
    await first.presses('Continue');
    assert.ok(isSignedIn(first), first.page.text);
    const again = await signsIn(portal, vera.email);
    again.fillsIn('Verification Code', code);
    await again.presses('Continue');
    assert.equal(isSignedIn(again), false);
  });

  it('forth: ends sessions, and whoever comes back signs in', async () => {
    portal.wait(25 * HOUR);
    await vera.browser.visits('/profile');
    assert.match(vera.browser.page.path, /^\/sign-in/);
    portal.wait(-25 * HOUR);
    const person = await signsIn(portal, vera.email);
    await givesAppCode(portal, person, vera.app);
    assert.ok(isSignedIn(person), person.page.heading);
  });
});
