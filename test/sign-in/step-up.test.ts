import assert from 'node:assert/strict';
import { minutes } from '../../src/kernel/time.ts';
import { StepUp } from '../../src/sign-in/step-up.ts';
import {
  ACTOR,
  authenticator,
  completionUnderTest,
  NOW,
  signedInAs,
  signInOf,
  WITH_TRUST,
} from './sign-in-under-test.ts';

const APP = authenticator('app', 0);

function stepUpUnderTest() {
  const { completion, done, world, clock, audit } = completionUnderTest();
  return { stepUp: new StepUp({ completion, audit, clock }), done, world };
}

describe('A step-up', () => {
  it('is complete with the password if there is no authenticator', async () => {
    const { stepUp, done, world } = stepUpUnderTest();
    world.now += minutes(30);
    const outcome = await stepUp.passwordAccepted(signedInAs([]), ACTOR, { returnTo: '/profile/name' });
    assert.ok(outcome.kind === 'stepped up');
    assert.equal(outcome.returnTo, '/profile/name');
    assert.equal(outcome.state.steppedUpAt, world.now);
    assert.deepEqual(outcome.state.assurance, [{ factor: 'password', at: world.now }]);
    assert.deepEqual(done, [
      ['proven', 'sign-in', ['password'], false],
      ['step-up.completed', {}],
    ]);
  });

  it('waits for a code if there is one, and has proven nothing before it', async () => {
    const { stepUp, done } = stepUpUnderTest();
    const person = signedInAs([APP], { steppedUpAt: 0 });
    const outcome = await stepUp.passwordAccepted(person, ACTOR, { returnTo: '/profile/name' });
    assert.ok(outcome.kind === 'code awaited');
    assert.equal(outcome.asked, APP);
    const { stepUp: begun, ...rest } = outcome.state;
    assert.deepEqual(begun, { passwordAt: NOW, chosenId: APP.id, returnTo: '/profile/name' });
    assert.deepEqual(rest, person.state);
    assert.deepEqual(done, []);
  });

  it('waits for the code for ten minutes, while there is an authenticator', () => {
    const { stepUp, world } = stepUpUnderTest();
    const begun = { stepUp: { passwordAt: NOW, returnTo: '/' } };
    assert.equal(stepUp.awaitsCode(signedInAs([APP])), false);
    assert.equal(stepUp.awaitsCode(signedInAs([], begun)), false);
    assert.equal(stepUp.awaitsCode(signedInAs([APP], begun)), true);
    world.now += minutes(10);
    assert.equal(stepUp.awaitsCode(signedInAs([APP], begun)), false);
  });

  for (const factor of ['app', 'recovery code'] as const) {
    it(`is complete with the password and ${factor}; the sign-in no longer depends on the trust that opened it`, async () => {
      const { stepUp, done, world } = stepUpUnderTest();
      const signIn = signInOf({ trust: { browserId: 'browser', basis: 'basis' } });
      const begun = { assurance: WITH_TRUST, stepUp: { passwordAt: NOW + 5, returnTo: '/profile' } };
      world.now += 10;
      const person = signedInAs([APP], { ...begun, steppedUpAt: 0 }, signIn);
      const outcome = await stepUp.secondFactorAccepted(person, factor, ACTOR);
      assert.ok(outcome.kind === 'stepped up');
      const { state, returnTo } = outcome;
      assert.deepEqual([returnTo, state.stepUp, state.steppedUpAt], ['/profile', undefined, NOW + 10]);
      assert.deepEqual(state.assurance, [
        { factor: 'trusted browser', at: NOW },
        { factor: 'password', at: NOW + 5 },
        { factor, at: NOW + 10 },
      ]);
      assert.deepEqual(done[0], ['proven', 'sign-in', ['trusted browser', 'password', factor], true]);
    });
  }
});
