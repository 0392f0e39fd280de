import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { nextStep, signsIn } from '../support/steps.ts';
import { isSignedIn, signsInFully, type Victim, victimWithCodes } from '../support/victim.ts';

const USED = /have already used/;

onPortal("An attacker who reads the app's code over the person's shoulder", (portal) => {
  let vera: Victim;

  beforeEach(async () => {
    vera = await victimWithCodes(portal());
  });

  /** Types the code that the app shows now, without waiting for the next. */
  async function types(person: Person, code = vera.app.code(portal().now())): Promise<void> {
    person.fillsIn('Verification Code', code);
    await person.presses('Continue');
  }

  it('cannot use the code of the enrolment', async () => {
    const thief = await signsIn(portal(), vera.email);
    await types(thief);
    assert.match(thief.page.errorAt('Verification Code'), USED);
    assert.ok(!isSignedIn(thief));
  });

  it('cannot use the code of a sign-in at the next sign-in', async () => {
    await signsInFully(portal(), vera);
    const thief = await signsIn(portal(), vera.email);
    await types(thief);
    assert.match(thief.page.errorAt('Verification Code'), USED);
  });

  it('cannot use the code of a sign-in at a step-up, and vice versa', async () => {
    portal().wait(10 * 60_000);
    await signsInFully(portal(), vera);
    await vera.browser.visits('/profile/password');
    vera.browser.fillsIn('Password', PASSWORD);
    await vera.browser.presses('Continue');
    await types(vera.browser);
    assert.match(vera.browser.page.errorAt('Verification Code'), USED);
    nextStep(portal());
    await types(vera.browser);
    assert.equal(vera.browser.page.path, '/profile/password');
    const thief = await signsIn(portal(), vera.email);
    await types(thief);
    assert.match(thief.page.errorAt('Verification Code'), USED);
  });

  it('cannot use the code of an earlier step once a later one was used', async () => {
    await signsInFully(portal(), vera);
    const thief = await signsIn(portal(), vera.email);
    await types(thief, vera.app.code(portal().now(), -1));
    assert.match(thief.page.errorAt('Verification Code'), USED);
    assert.ok(!isSignedIn(thief));
  });

  it('gets in at most once by two sessions that send a new code at the same time', async () => {
    const thieves = await Promise.all(Array.from({ length: 4 }, () => signsIn(portal(), vera.email)));
    nextStep(portal());
    const code = vera.app.code(portal().now());
    await Promise.all(thieves.map((thief) => types(thief, code)));
    assert.equal(thieves.filter(isSignedIn).length, 1);
  });
});
