import type { Account } from '../../src/accounts/account.ts';
import type { RecordedProof, SignIn } from '../../src/accounts/sign-ins.ts';
import type { Actor } from '../../src/audit/audit.ts';
import type { EffectivePolicy } from '../../src/policy/effective-policy.ts';
import { METHOD_IDS } from '../../src/settings/method-ids.ts';
import type { Assurance } from '../../src/sign-in/assurance.ts';
import type { PendingSignIn, SignedIn } from '../../src/sign-in/auth-state.ts';
import { Completion } from '../../src/sign-in/completion.ts';
import type { PendingSession, SignedInSession } from '../../src/sign-in/session-state.ts';
import { nextStep } from '../../src/sign-in/stages.ts';
import type { Authenticator } from '../../src/two-factor/authenticator.ts';
import { applied, authenticator, combined, IN_GRACE, NOW } from '../policy/rules-under-test.ts';
import { transact } from '../support/transact.ts';

export { authenticator, NOW };

export const ANN: Account = {
  ...{ id: 'ann', email: 'ann@example.org', name: 'Ann', locale: null, knownLanguage: null },
  ...{ passwordHash: 'a hash', role: 'member', disabledAt: null, sessionEpoch: 0, suggestedAt: null },
  ...{ createdAt: 0, lastSignInAt: NOW, enforcement: null, factorRemovedAt: null, approvesFrom: null },
  ...{ resetByMailAt: null, emailConfirmedAt: null },
};
export const ACTOR: Actor = {
  party: { id: ANN.id, label: ANN.email },
  origin: { requestId: 'r', address: '192.0.2.7', browser: 'Lynx', language: 'en' },
};

export const OFF = combined([applied({ rule: 'off', methods: [] })]);
export const OPTIONAL = combined([applied()]);
export const MANDATORY = combined([applied({ rule: 'mandatory', methods: METHOD_IDS })]);
export const APP_ONLY = combined([applied({ rule: 'mandatory', methods: ['app'] })]);
export const WAITING = combined([applied({ rule: 'mandatory', grace: IN_GRACE })]);

export const PASSWORD: Assurance = [{ factor: 'password', at: NOW }];
export const WITH_APP: Assurance = [...PASSWORD, { factor: 'app', at: NOW }];
export const WITH_TRUST: Assurance = [...PASSWORD, { factor: 'trusted browser', at: NOW }];

export function signInOf(changes: Partial<SignIn> = {}): SignIn {
  return {
    ...{ id: 'sign-in', accountId: ANN.id, epoch: 0, browser: 'Lynx', address: '192.0.2.7' },
    ...{ startedAt: NOW, lastSeenAt: NOW, endedAt: null, trust: null, assurance: PASSWORD },
    ...changes,
  };
}

export function pendingSession(changes: Partial<PendingSession> = {}): PendingSession {
  const session = { kind: 'pending', accountId: ANN.id, epoch: 0, since: NOW } as const;
  return { ...session, returnTo: '/wiki', assurance: PASSWORD, ...changes };
}

export function signedInSession(changes: Partial<SignedInSession> = {}): SignedInSession {
  const session = { kind: 'signed in', accountId: ANN.id, signInId: 'sign-in', epoch: 0 } as const;
  return { ...session, since: NOW, assurance: PASSWORD, steppedUpAt: NOW, ...changes };
}

/** Ann, with a proven password and a due step. */
export function pendingSignIn(
  policy: EffectivePolicy,
  authenticators: readonly Authenticator[],
  changes: Partial<PendingSession> = {},
): PendingSignIn {
  const state = pendingSession(changes);
  const due = nextStep({ policy, authenticators, assurance: state.assurance });
  if (!due) throw new Error('Nothing is due.');
  return { kind: 'pending', account: ANN, authenticators, policy, codesLeft: 0, due, state };
}

export function signedInAs(
  authenticators: readonly Authenticator[],
  changes: Partial<SignedInSession> = {},
  signIn = signInOf(),
): SignedIn {
  return {
    ...{ kind: 'signed in', account: ANN, authenticators, policy: OPTIONAL, codesLeft: 0, signIn },
    ...{ state: signedInSession(changes), steppedUp: false, grace: undefined, codesUnseen: false },
  };
}

/** Completion over fakes that record the calls in their order. */
export function completionUnderTest() {
  const done: unknown[] = [];
  const world = { now: NOW };
  const clock = () => world.now;
  const audit = {
    record: async (event: string, _actor: Actor, _subject?: unknown, details = {}) =>
      void done.push([event, details]),
  };
  const completion = new Completion({
    audit,
    clock,
    transaction: transact,
    accounts: { recordSignIn: async (...given) => void done.push(['sign-in noted', ...given]) },
    signIns: {
      begin: async (account, _origin, assurance, trustedBrowserId = null) => {
        done.push(['begun', account.sessionEpoch, factorsOf(assurance), trustedBrowserId]);
        return 'new sign-in';
      },
      prove: async (id, assurance, leavesTrust) =>
        void done.push(['proven', id, factorsOf(assurance), leavesTrust]),
    },
  });
  return { completion, done, world, clock, audit };
}

function factorsOf(assurance: readonly RecordedProof[]): readonly string[] {
  return assurance.map(({ factor }) => factor);
}
