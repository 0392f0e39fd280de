import assert from 'node:assert/strict';
import type { Assurance } from '../../src/sign-in/assurance.ts';
import {
  ACTOR,
  ANN,
  completionUnderTest,
  NOW,
  PASSWORD,
  signedInSession,
  WITH_APP,
  WITH_TRUST,
} from './sign-in-under-test.ts';

describe('Completing a sign-in', () => {
  const cases: readonly (readonly [Assurance, string | null, string, number])[] = [
    [PASSWORD, null, 'password', NOW],
    [WITH_APP, null, 'password, authenticator', NOW],
    [WITH_TRUST, 'browser', 'password, trusted browser', 0],
  ];
  for (const [assurance, browserId, factors, steppedUpAt] of cases) {
    it(`by ${factors} records and starts it, and ${steppedUpAt > 0 ? 'is' : 'is no'} step-up`, async () => {
      const { completion, done } = completionUnderTest();
      const state = await completion.complete(ANN, ACTOR, assurance, browserId);
      assert.deepEqual(state, signedInSession({ signInId: 'new sign-in', assurance, steppedUpAt }));
      assert.deepEqual(done, [
        ['sign-in noted', 'ann', 0, NOW, 'en'],
        ['sign-in.completed', { factors }],
        ['begun', 0, assurance.map(({ factor }) => factor), browserId],
      ]);
    });
  }

  it('continues in its epoch after a new password, with the password proven now', async () => {
    const { completion, done, world } = completionUnderTest();
    world.now += 1000;
    const state = signedInSession({ assurance: WITH_APP, replacedId: '7' });
    const next = await completion.continueAfterPassword(state, { ...ANN, sessionEpoch: 5 }, ACTOR);
    const assurance = [WITH_APP[1], { factor: 'password', at: NOW + 1000 }];
    assert.deepEqual(next, { ...state, epoch: 5, signInId: 'new sign-in', assurance });
    assert.deepEqual(done, [['begun', 5, ['app', 'password'], null]]);
  });

  it('adds later proofs to the session and to the sign-in', async () => {
    const { completion, done } = completionUnderTest();
    const next = await completion.prove(signedInSession(), [{ factor: 'email', at: NOW + 1 }]);
    assert.deepEqual(next.assurance, [...PASSWORD, { factor: 'email', at: NOW + 1 }]);
    assert.deepEqual(done, [['proven', 'sign-in', ['password', 'email'], false]]);
  });
});
