import assert from 'node:assert/strict';
import { type Access, accessTo, canBeMet, type Visitor, visitorOf } from '../../src/apps/access.ts';
import type { AppDemand } from '../../src/apps/app.ts';
import { minutes } from '../../src/kernel/time.ts';
import type { Factor } from '../../src/sign-in/assurance.ts';
import { applied, combined } from '../policy/rules-under-test.ts';
import { APP_ONLY, MANDATORY, OFF, signedInAs, signInOf, WAITING } from '../sign-in/sign-in-under-test.ts';
import { ANN, NOW, OPEN, proven, provenAt, visitor, WITH_APP, WITH_EMAIL } from './apps-under-test.ts';

const EMAIL_ONLY = combined([applied({ methods: ['email'] })]);
const AGENTS = { id: 'agents', name: 'Agents' };
const AFTER_RESET = { ...ANN, resetByMailAt: NOW };
const STRONG: Partial<AppDemand> = { proof: 'strong' };
const SECOND: Partial<AppDemand> = { proof: 'second step' };
const FRESH: Partial<AppDemand> = { freshMinutes: 15 };

const ALLOWED: Access = { kind: 'allowed' };
const byApp: Access = { kind: 'second step', authenticators: [WITH_APP] };
const impossible = (proof: AppDemand['proof']): Access => ({ kind: 'impossible', proof });

/** The app's demand, the person, and the expected access. */
const TABLE: readonly (readonly [string, Partial<AppDemand>, Partial<Visitor>, Access])[] = [
  ['is open to every signed-in person', {}, {}, ALLOWED],
  ['is open to a member of its group', { audience: ['agents'] }, { groups: [AGENTS] }, ALLOWED],
  ['is refused to a person in no group', { audience: ['agents'] }, {}, { kind: 'not a member' }],
  [
    'is refused to a person in another group',
    { audience: ['agents'] },
    { groups: [{ id: 'staff', name: 'Agents' }] },
    { kind: 'not a member' },
  ],
  [
    'is refused to everybody if it names no group',
    { audience: [] },
    { groups: [AGENTS] },
    { kind: 'not a member' },
  ],
  [
    'does not say what is missing if the person may not use it anyway',
    { audience: [], proof: 'strong', confirmsEmail: true, freshMinutes: 5 },
    {},
    { kind: 'not a member' },
  ],

  ['asks a person without any proof to sign in again', {}, { assurance: [] }, { kind: 'sign in' }],
  [
    'asks for the second step of an authenticator that was created elsewhere in the meantime',
    {},
    { authenticators: [WITH_APP, WITH_EMAIL] },
    { kind: 'second step', authenticators: [WITH_APP, WITH_EMAIL] },
  ],
  [
    'asks for the enrolment that the rule has made mandatory in the meantime',
    {},
    { policy: MANDATORY },
    { kind: 'enrol', methods: ['app', 'email'] },
  ],
  ['is open to a person who may put the enrolment off', {}, { policy: WAITING }, ALLOWED],
  [
    'asks for an enrolment if the rule now only has methods that the person does not have',
    {},
    { policy: APP_ONLY, authenticators: [WITH_EMAIL], assurance: proven('password', 'email') },
    { kind: 'enrol', methods: ['app'] },
  ],

  [
    'is open to a person with a confirmed address',
    { confirmsEmail: true },
    { account: { ...ANN, emailConfirmedAt: 1 } },
    ALLOWED,
  ],
  ['asks for a confirmed address', { confirmsEmail: true }, {}, { kind: 'email unconfirmed' }],

  ['with a second step accepts the app', SECOND, of([WITH_APP], 'app'), ALLOWED],
  ['with a second step accepts a mailed code', SECOND, of([WITH_EMAIL], 'email'), ALLOWED],
  ['with a second step accepts a recovery code', SECOND, of([WITH_APP], 'recovery code'), ALLOWED],
  ['with a second step accepts a trusted browser', SECOND, of([WITH_APP], 'trusted browser'), ALLOWED],
  [
    'with a second step accepts a factor of an unknown method',
    SECOND,
    of([WITH_APP], 'authenticator'),
    ALLOWED,
  ],
  ['with a second step asks for an enrolment', SECOND, {}, { kind: 'enrol', methods: ['app', 'email'] }],
  [
    'with a second step asks for it in a grace period, too',
    SECOND,
    { policy: WAITING },
    { kind: 'enrol', methods: ['app', 'email'] },
  ],
  ['with a second step is impossible if 2FA is off', SECOND, { policy: OFF }, impossible('second step')],

  ['as strong accepts the app', STRONG, of([WITH_APP], 'app'), ALLOWED],
  ['as strong does not accept a recovery code', STRONG, of([WITH_APP], 'recovery code'), byApp],
  ['as strong does not accept a trusted browser', STRONG, of([WITH_APP], 'trusted browser'), byApp],
  ['as strong does not accept a factor of an unknown method', STRONG, of([WITH_APP], 'authenticator'), byApp],
  ['as strong does not accept a mailed code', STRONG, of([WITH_APP, WITH_EMAIL], 'email'), byApp],
  [
    'as strong accepts the app after a trusted browser',
    STRONG,
    of([WITH_APP], 'trusted browser', 'app'),
    ALLOWED,
  ],
  ['as strong asks for the app at once if a second step is due', STRONG, of([WITH_APP, WITH_EMAIL]), byApp],
  [
    'as strong asks for an app to be set up',
    STRONG,
    of([WITH_EMAIL], 'email'),
    { kind: 'enrol', methods: ['app'] },
  ],
  ['as strong asks for an app if there is no authenticator', STRONG, {}, { kind: 'enrol', methods: ['app'] }],
  [
    'as strong is impossible if the policy only has emailed codes',
    STRONG,
    { policy: EMAIL_ONLY },
    impossible('strong'),
  ],
  [
    'as strong is impossible with an app that the policy no longer asks for',
    STRONG,
    { ...of([WITH_APP, WITH_EMAIL], 'email'), policy: EMAIL_ONLY },
    impossible('strong'),
  ],
  [
    'as strong accepts an app that the policy does not offer, if it is the only factor',
    STRONG,
    { ...of([WITH_APP], 'recovery code'), policy: EMAIL_ONLY },
    byApp,
  ],
  ['as strong is impossible if 2FA is off', STRONG, { policy: OFF }, impossible('strong')],
  [
    'as strong accepts the app if 2FA is off and the person has one',
    STRONG,
    { ...of([WITH_APP], 'app'), policy: OFF },
    ALLOWED,
  ],
  [
    'requires the stricter of rule and app: a rule for 2FA also applies to an app without a demand',
    {},
    { ...of([WITH_APP], 'app'), policy: APP_ONLY },
    ALLOWED,
  ],

  ['accepts a password from 14 minutes ago as fresh', FRESH, { assurance: ago(14, 'password') }, ALLOWED],
  [
    'asks for the password after 15 minutes',
    FRESH,
    { assurance: ago(15, 'password') },
    { kind: 'stale', authenticators: [] },
  ],
  [
    'counts from the second factor, which may come ten minutes after the password',
    FRESH,
    { authenticators: [WITH_APP], assurance: [...ago(24, 'password'), ...ago(14, 'app')] },
    ALLOWED,
  ],
  [
    'does not count from a second factor long after the password',
    FRESH,
    { authenticators: [WITH_APP], assurance: [...ago(25, 'password'), ...ago(1, 'app')] },
    { kind: 'stale', authenticators: [WITH_APP] },
  ],
  [
    'does not accept a password alone as fresh if there is a second factor',
    FRESH,
    { authenticators: [WITH_APP], assurance: [...ago(1, 'password'), ...ago(15, 'app')] },
    { kind: 'stale', authenticators: [WITH_APP] },
  ],
  [
    'never accepts a trusted browser as fresh',
    FRESH,
    of([WITH_APP], 'trusted browser'),
    { kind: 'stale', authenticators: [WITH_APP] },
  ],
  [
    'accepts a fresh recovery code if it requires no strong factor',
    FRESH,
    of([WITH_APP], 'recovery code'),
    ALLOWED,
  ],
  [
    'as strong and fresh requires the strong factor to be fresh: a mailed code does not refresh it',
    { ...STRONG, ...FRESH },
    {
      authenticators: [WITH_APP, WITH_EMAIL],
      assurance: [...ago(60, 'app'), ...ago(1, 'password', 'email')],
    },
    { kind: 'stale', authenticators: [WITH_APP] },
  ],
  [
    'as strong and fresh asks for another app if the proven one is gone',
    { ...STRONG, ...FRESH },
    { authenticators: [WITH_EMAIL], assurance: [...ago(60, 'app'), ...ago(1, 'password', 'email')] },
    { kind: 'enrol', methods: ['app'] },
  ],
  [
    'asks for no mailed code after a reset by the same mailbox',
    FRESH,
    { account: AFTER_RESET, authenticators: [WITH_APP, WITH_EMAIL], assurance: ago(60, 'password', 'app') },
    { kind: 'stale', authenticators: [WITH_APP] },
  ],
];

describe('Access to an app', () => {
  for (const [title, demand, who, expected] of TABLE) {
    it(title, () => assert.deepEqual(accessTo({ ...OPEN, ...demand }, visitor(who)), expected));
  }

  it('gives the person something to do, unless the group or the policy keeps them out', () => {
    const refusals = TABLE.map(([, , , access]) => access).filter((access) => access.kind !== 'allowed');
    const hopeless = refusals.filter((access) => !canBeMet(access)).map(({ kind }) => kind);
    assert.deepEqual([...new Set(hopeless)].sort(), ['impossible', 'not a member']);
    assert.equal(new Set(refusals.map(({ kind }) => kind)).size, 7);
  });

  it('reads what is proven from the stored sign-in, as the checks of the app do', () => {
    const person = signedInAs([WITH_APP], { assurance: proven('password', 'app') }, signInOf());
    const memberships = [
      {
        accountId: ANN.id,
        joinedAt: 0,
        group: { ...AGENTS, rule: 'off', methods: [], grace: { kind: 'none' }, since: 0 },
      },
    ] as const;
    const seen = visitorOf(person, memberships, NOW);
    assert.deepEqual(seen.assurance, proven('password'));
    assert.equal(seen.groups[0]?.name, 'Agents');
    const unreadable = visitorOf(
      { ...person, signIn: signInOf({ assurance: [{ factor: 'magic', at: 1 }] }) },
      [],
      NOW,
    );
    assert.deepEqual(accessTo(OPEN, unreadable), { kind: 'sign in' });
  });
});

/** With these authenticators, and these factors proven besides the password. */
function of(authenticators: Visitor['authenticators'], ...factors: readonly Factor[]): Partial<Visitor> {
  return { authenticators, assurance: proven('password', ...factors) };
}

function ago(time: number, ...factors: readonly Factor[]) {
  return provenAt(NOW - minutes(time), ...factors);
}
