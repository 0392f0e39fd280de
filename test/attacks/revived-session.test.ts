import assert from 'node:assert/strict';
import { minutes } from '../../src/kernel/time.ts';
import { beginsForm } from '../support/open-form.ts';
import { Person } from '../support/person.ts';
import { onBothStores, PASSWORD } from '../support/portal.ts';
import { sessionsOf } from '../support/stored.ts';
import { sessionIdOf } from '../support/stored-session.ts';
import { canReachProfile, givesAppCode, signsInFully, type Victim, victimOf } from '../support/victim.ts';

const COOKIE = 'postern';

onBothStores('An attacker who has copied a session cookie and holds a request open with it', (portal) => {
  let vera: Victim;
  before(async () => {
    vera = await victimOf(portal());
  });

  /** Does what the owner does while the thief's form arrives; returns the response to the form. */
  async function meanwhile(owner: Person, does: () => Promise<unknown>) {
    const id = sessionIdOf(owner);
    const thief = new Person(portal().app);
    thief.cookies.set(COOKIE, owner.cookies.get(COOKIE) ?? '');
    const form = await beginsForm(portal(), thief, '/profile/name', { name: 'Vera Victor' });
    await does();
    const answer = await form.completes();
    const isStored = (await sessionsOf(portal())).some((session) => session.includes(id));
    return { answer, isStored, thief };
  }

  it('does not bring back the id that a step-up has replaced', async () => {
    portal().wait(minutes(1));
    const owner = await signsInFully(portal(), vera);
    portal().wait(minutes(11));
    const { answer, isStored, thief } = await meanwhile(owner, async () => {
      await owner.visits('/profile/password');
      owner.fillsIn('Password', PASSWORD);
      await owner.presses('Continue');
      await givesAppCode(portal(), owner, vera.app);
      assert.equal(owner.page.path, '/profile/password');
    });
    assert.equal(answer.status, 303);
    assert.deepEqual(answer.cookies, []);
    assert.equal(isStored, false);
    assert.equal(await canReachProfile(thief), false);
    assert.ok(await canReachProfile(owner));
  });

  it('does not bring back the id that a sign-out has ended', async () => {
    portal().wait(minutes(1));
    const owner = await signsInFully(portal(), vera);
    const { answer, isStored, thief } = await meanwhile(owner, async () => {
      await owner.visits('/');
      await owner.presses('Sign out');
    });
    assert.deepEqual([answer.status, answer.location], [303, '/sign-in']);
    assert.equal(isStored, false);
    assert.equal(await canReachProfile(thief), false);
  });
});
