import assert from 'node:assert/strict';
import { join } from 'node:path';
import { openDatabase } from '../../src/storage/sql/database.ts';
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

/** A server whose clock was wrong and is corrected: set back or forward by an hour. */
describe('A clock that is set', () => {
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

  it('back: accepts no code of the app twice, causes no error, and asks again in time', async () => {
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

  it('back: signs nobody out, and every page of the account works', async () => {
    portal.wait(-HOUR);
    for (const path of ['/', '/profile', '/profile/two-factor', '/profile/sign-ins', '/profile/password']) {
      await vera.browser.visits(path);
      assert.equal(vera.browser.page.status, 200, path);
      assert.ok(isSignedIn(vera.browser), path);
    }
  });

  it('back: makes people wait no longer than their failures require, and forgets none of these', async () => {
    portal.wait(HOUR);
    const person = await signsIn(portal, vera.email);
    for (const code of ['000000', '111111', '222222', '333333', '444444']) {
      person.fillsIn('Verification Code', code);
      await person.presses('Continue');
    }
    assert.match(person.page.text, /You can try again in (29|30|31) seconds/);
    portal.wait(-HOUR);
    const back = await signsIn(portal, vera.email);
    assert.match(back.page.text, /You can try again in (29|30|31) seconds/);
    await givesAppCode(portal, back, vera.app);
    assert.ok(isSignedIn(back), back.page.text);
    const db = openDatabase(`sqlite:${join(portal.folder, 'postern.sqlite')}`);
    const refused = await db('audit_events').where({ event: 'second-step.refused' });
    await db.destroy();
    assert.equal(refused.length, 5);
  });

  it('back: sends the next code after the usual pause', async () => {
    await enrolsEmail(portal, vera.account);
    portal.wait(HOUR);
    const sendsMail = async () => {
      const person = await signsIn(portal, vera.email);
      await person.follow('Use another authenticator');
      await person.presses('Use “Work mail”');
      return person;
    };
    await sendsMail();
    await mailedCode(portal, vera.email);
    portal.wait(-HOUR);
    const early = await sendsMail();
    assert.match(early.page.text, /You can send the next code in (29|30|31) seconds/);
    portal.wait(30_000);
    await early.presses('Send Verification Code');
    early.fillsIn('Verification Code', await mailedCode(portal, vera.email));
    await early.presses('Continue');
    assert.ok(isSignedIn(early), early.page.text);
  });

  it('back and forward: counts a mailed code once, for no longer than its ten minutes', async () => {
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

  it('forward: ends sessions, and people can sign in again', async () => {
    portal.wait(25 * HOUR);
    await vera.browser.visits('/profile');
    assert.match(vera.browser.page.path, /^\/sign-in/);
    portal.wait(-25 * HOUR);
    const person = await signsIn(portal, vera.email);
    await givesAppCode(portal, person, vera.app);
    assert.ok(isSignedIn(person), person.page.heading);
  });
});
