import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { setsUpEmail } from '../support/steps.ts';
import { mailedCode, thiefOf, type Victim, victimOf } from '../support/victim.ts';

/** Never a valid code: the app's codes are compared, and six wrong guesses at one in a million do not fail a build. */
const WRONG = '000000';

onPortal('An attacker who wants to reset the counter of wrong codes', (portal) => {
  let vera: Victim;

  beforeEach(async () => {
    vera = await victimOf(portal());
    await setsUpEmail(portal(), vera.browser, vera.email);
    // The next code may be sent.
    portal().wait(30_000);
  });

  async function guesses(person: Person, times: number): Promise<number> {
    for (let time = 0; time < times; time++) {
      person.fillsIn('Verification Code', WRONG);
      await person.presses('Continue');
    }
    return person.page.status;
  }

  async function picks(person: Person, button: RegExp): Promise<void> {
    await person.visits('/sign-in/code/other');
    await person.presses(person.page.buttons.find((text) => button.test(text)) ?? 'no such button');
  }

  it('keeps the count in a new session with the right password', async () => {
    for (let time = 0; time < 4; time++) assert.equal(await guesses(await thiefOf(portal(), vera), 1), 422);
    const fifth = await thiefOf(portal(), vera);
    assert.equal(await guesses(fifth, 1), 422);
    assert.equal(await guesses(fifth, 1), 429);
    assert.equal(await guesses(await thiefOf(portal(), vera), 1), 429);
  });

  it('keeps the count with the other method, after a new code, and with recovery codes', async () => {
    const thief = await thiefOf(portal(), vera);
    await guesses(thief, 1);
    await picks(thief, /Work mail/);
    await mailedCode(portal(), vera.email);
    await guesses(thief, 1);
    portal().wait(30_000);
    await thief.presses(thief.page.buttons.find((text) => /new code/i.test(text)) ?? 'no such button');
    await mailedCode(portal(), vera.email);
    await guesses(thief, 1);
    await picks(thief, /Phone/);
    await guesses(thief, 1);
    await thief.visits('/sign-in/code/recovery');
    for (let time = 0; time < 2; time++) {
      thief.fillsIn('Recovery code', 'AAAA-AAAA-AAAA-AAAA');
      await thief.presses('Continue');
    }
    assert.equal(thief.page.status, 429);
  });

  it('keeps the count at a step-up', async () => {
    const thief = await thiefOf(portal(), vera);
    assert.equal(await guesses(thief, 5), 422);
    portal().wait(10 * 60_000);
    await vera.browser.visits('/profile/password');
    vera.browser.fillsIn('Password', 'seventeen green herons');
    await vera.browser.presses('Continue');
    await guesses(vera.browser, 1);
    assert.equal(await guesses(await thiefOf(portal(), vera), 1), 429);
  });

  it('waits twice as long after each further one, and waiting does not reset the count', async () => {
    const thief = await thiefOf(portal(), vera);
    await guesses(thief, 5);
    for (const seconds of [30, 60, 120]) {
      portal().wait(seconds * 1000 - 1500);
      assert.equal(await guesses(thief, 1), 429, `${seconds} seconds are not over`);
      portal().wait(1500);
      assert.equal(await guesses(thief, 1), 422, `${seconds} seconds are over`);
    }
  });

  it('has five attempts at a mailed code, however long they wait in between: then even the right one is invalid', async () => {
    const thief = await thiefOf(portal(), vera);
    await picks(thief, /Work mail/);
    const code = await mailedCode(portal(), vera.email);
    const wrong = code === WRONG ? '111111' : WRONG;
    for (let time = 0; time < 5; time++) {
      thief.fillsIn('Verification Code', wrong);
      await thief.presses('Continue');
      portal().wait(30_000);
    }
    thief.fillsIn('Verification Code', code);
    await thief.presses('Continue');
    assert.match(thief.page.errorAt('Verification Code'), /Too many wrong codes/);
  });
});
