import assert from 'node:assert/strict';
import { ABSOLUTE_LIMIT } from '../../src/accounts/sign-ins.ts';
import { hours } from '../../src/kernel/time.ts';
import type { Assurance } from '../../src/sign-in/assurance.ts';
import { currentState, PENDING_LIMIT, parseState, subjectOf } from '../../src/sign-in/session-state.ts';
import { NOW, PASSWORD, pendingSession, signedInSession, WITH_APP } from './sign-in-under-test.ts';

const LEGACY: Assurance = [...PASSWORD, { factor: 'authenticator', at: NOW }];

describe('The state in a session', () => {
  it('is read as it was written', () => {
    const states = [
      { kind: 'anonymous' },
      pendingSession(),
      signedInSession({ assurance: WITH_APP }),
    ] as const;
    for (const state of states) assert.deepEqual(parseState(JSON.parse(JSON.stringify(state))), state);
  });

  for (const [secondStep, assurance] of [
    [true, LEGACY],
    [false, PASSWORD],
    [undefined, PASSWORD],
  ] as const) {
    it(`is understood from an earlier version, with ${secondStep} for the second step`, () => {
      const { assurance: _none, ...pending } = pendingSession({ chosenId: '7' });
      const former = { ...pending, kind: 'password accepted', secondStep };
      assert.deepEqual(parseState(former), pendingSession({ chosenId: '7', assurance }));
      const { assurance: _neither, ...signedIn } = signedInSession({ replacedId: '7' });
      const open = { ...signedIn, secondStep };
      assert.deepEqual(parseState(open), signedInSession({ replacedId: '7', assurance }));
    });
  }

  it('is anonymous if it is unknown', () => {
    for (const stored of [
      undefined,
      null,
      'signed in',
      {},
      { kind: 'signed in' },
      { kind: 'password accepted' },
    ])
      assert.deepEqual(parseState(stored), { kind: 'anonymous' });
    const { signInId: _gone, ...rest } = signedInSession();
    assert.deepEqual(parseState(rest), { kind: 'anonymous' });
  });

  it('is anonymous if it is too old, or from the future', () => {
    const kinds = [
      [pendingSession(), PENDING_LIMIT],
      [signedInSession(), ABSOLUTE_LIMIT],
    ] as const;
    for (const [state, limit] of kinds) {
      assert.deepEqual(currentState(state, NOW + limit - 1), state);
      assert.deepEqual(currentState(state, NOW + limit), { kind: 'anonymous' });
      assert.deepEqual(currentState(state, NOW - hours(1)), state);
      assert.deepEqual(currentState(state, NOW - hours(1) - 1), { kind: 'anonymous' });
    }
  });

  it('names its account, and its sign-in if there is one', () => {
    assert.equal(subjectOf({ kind: 'anonymous' }), undefined);
    assert.deepEqual(subjectOf(pendingSession()), { accountId: 'ann', signInId: undefined });
    assert.deepEqual(subjectOf(signedInSession()), { accountId: 'ann', signInId: 'sign-in' });
  });
});
