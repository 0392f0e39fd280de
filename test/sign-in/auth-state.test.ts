import assert from 'node:assert/strict';
import type { SignIn } from '../../src/accounts/sign-ins.ts';
import { minutes } from '../../src/kernel/time.ts';
import type { EffectivePolicy } from '../../src/policy/effective-policy.ts';
import type { PersonSnapshot } from '../../src/policy/snapshot.ts';
import { DEFAULT_SETTINGS } from '../../src/settings/settings.ts';
import { type AuthState, resolveAuth } from '../../src/sign-in/auth-state.ts';
import type { SessionState } from '../../src/sign-in/session-state.ts';
import {
  ANN,
  APP_ONLY,
  authenticator,
  MANDATORY,
  NOW,
  OPTIONAL,
  pendingSession,
  signedInSession,
  signInOf,
  WAITING,
  WITH_APP,
} from './sign-in-under-test.ts';

const [APP, EMAIL] = [authenticator('app', 0), authenticator('email', 1)];
const STALE = NOW - minutes(10);

function snapshotOf(changes: Partial<PersonSnapshot> = {}): PersonSnapshot {
  return {
    ...{ account: ANN, signIn: signInOf(), authenticators: [], memberships: [], graceStarts: new Map() },
    ...{ codesLeft: 3, openRequests: 0, oldestMail: undefined, oldestLogout: undefined },
    ...changes,
  };
}

function resolved(
  state: SessionState,
  person: PersonSnapshot | undefined,
  policy: EffectivePolicy = OPTIONAL,
): Promise<AuthState> {
  return resolveAuth(
    state,
    { person, settings: DEFAULT_SETTINGS },
    {
      signIns: { isOpen: async (_account, signIn: SignIn | undefined) => signIn?.endedAt === null },
      policies: { by: () => policy },
      clock: () => NOW,
    },
  );
}

describe('The state of signing in', () => {
  it('is anonymous without a session, and without its account', async () => {
    assert.equal((await resolved({ kind: 'anonymous' }, snapshotOf())).kind, 'anonymous');
    for (const state of [pendingSession(), signedInSession()]) {
      assert.equal((await resolved(state, undefined)).kind, 'anonymous');
    }
  });

  const endings: Readonly<Record<string, Partial<PersonSnapshot>>> = {
    'the account is disabled': { account: { ...ANN, disabledAt: NOW } },
    'every session has been ended': { account: { ...ANN, sessionEpoch: 1 } },
    'the sign-in has ended': { signIn: signInOf({ endedAt: NOW }) },
    'the sign-in is missing': { signIn: undefined },
    'the trust that opened it is gone': { signIn: signInOf({ trust: { browserId: 'b', basis: null } }) },
    'the trust that opened it has another basis': {
      signIn: signInOf({ trust: { browserId: 'b', basis: 'another' } }),
    },
  };
  for (const [when, changes] of Object.entries(endings)) {
    it(`is anonymous at once when ${when}`, async () => {
      assert.equal((await resolved(signedInSession(), snapshotOf())).kind, 'signed in');
      assert.equal((await resolved(signedInSession(), snapshotOf(changes))).kind, 'anonymous');
    });
  }

  /** The session, the authenticators, the policy; the state, and the due step. */
  const table: readonly (readonly [
    string,
    SessionState,
    PersonSnapshot,
    EffectivePolicy,
    string,
    string?,
  ])[] = [
    [
      'a code is due',
      pendingSession(),
      snapshotOf({ authenticators: [APP] }),
      OPTIONAL,
      'pending',
      'second step',
    ],
    ['an enrolment is due', pendingSession(), snapshotOf(), MANDATORY, 'pending', 'enrolment'],
    ['an enrolment may wait', pendingSession(), snapshotOf(), WAITING, 'pending', 'enrolment'],
    [
      'the code was given and does not satisfy the policy',
      pendingSession({ assurance: WITH_APP }),
      snapshotOf({ authenticators: [EMAIL] }),
      APP_ONLY,
      ...(['pending', 'enrolment'] as const),
    ],
    ['nothing is due any more', pendingSession(), snapshotOf(), OPTIONAL, 'anonymous'],
    ['no password was proven', pendingSession({ assurance: [] }), snapshotOf(), MANDATORY, 'anonymous'],
    ['nothing is demanded', signedInSession(), snapshotOf(), OPTIONAL, 'signed in'],
    ['grace lasts', signedInSession(), snapshotOf(), WAITING, 'signed in'],
    [
      'a factor was created in another browser',
      signedInSession(),
      snapshotOf({ authenticators: [APP] }),
      OPTIONAL,
      ...(['pending', 'second step'] as const),
    ],
    ['2FA has become mandatory', signedInSession(), snapshotOf(), MANDATORY, 'pending', 'enrolment'],
    [
      '2FA has become mandatory in an unattended session',
      signedInSession({ steppedUpAt: STALE }),
      snapshotOf(),
      MANDATORY,
      'anonymous',
    ],
  ];
  for (const [title, state, person, policy, kind, due] of table) {
    it(`of a session that is ${state.kind} is ${due ?? kind} if ${title}`, async () => {
      const auth = await resolved(state, person, policy);
      assert.equal(auth.kind, kind);
      if (auth.kind === 'pending') assert.equal(auth.due.name, due);
    });
  }

  it('keeps what was proven when a signed-in session has to prove more', async () => {
    const person = snapshotOf({ authenticators: [EMAIL] });
    const auth = await resolved(signedInSession({ assurance: WITH_APP }), person, APP_ONLY);
    assert.ok(auth.kind === 'pending');
    assert.deepEqual(auth.state, pendingSession({ assurance: WITH_APP, returnTo: '/', signInId: 'sign-in' }));
  });

  it('ends with the sign-in that has to prove more, and not with another', async () => {
    const person = snapshotOf({ authenticators: [APP] });
    const ended = { ...person, signIn: signInOf({ endedAt: NOW }) };
    const again = pendingSession({ signInId: 'sign-in' });
    assert.equal((await resolved(again, person)).kind, 'pending');
    assert.equal((await resolved(again, ended)).kind, 'anonymous');
    assert.equal((await resolved(again, { ...person, signIn: undefined })).kind, 'anonymous');
    assert.equal((await resolved(pendingSession(), { ...person, signIn: undefined })).kind, 'pending');
  });

  it('is stepped up for ten minutes', async () => {
    for (const [steppedUpAt, steppedUp] of [
      [NOW, true],
      [STALE + 1, true],
      [STALE, false],
      [0, false],
    ] as const) {
      const auth = await resolved(signedInSession({ steppedUpAt }), snapshotOf());
      assert.ok(auth.kind === 'signed in');
      assert.equal(auth.steppedUp, steppedUp);
    }
  });

  it('has the end of the grace, and whether new recovery codes have to be shown', async () => {
    const sealed = { key: '1', nonce: 'n', text: 't', tag: 't' };
    const freshCodes = { sealed, at: NOW, returnTo: '/' };
    const waiting = await resolved(signedInSession({ freshCodes }), snapshotOf(), WAITING);
    assert.ok(waiting.kind === 'signed in');
    assert.deepEqual(waiting.grace, WAITING.deadline);
    assert.equal(waiting.codesUnseen, true);
    const optional = await resolved(signedInSession({ freshCodes }), snapshotOf());
    assert.ok(optional.kind === 'signed in');
    assert.equal(optional.grace, undefined);
    assert.equal(optional.codesUnseen, false);
  });
});
