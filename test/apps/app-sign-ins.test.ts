import assert from 'node:assert/strict';
import { type AppSignIn, AppSignIns, type AppSnapshot } from '../../src/apps/app-sign-ins.ts';
import { hashToken } from '../../src/kernel/identifiers.ts';
import { hours, minutes } from '../../src/kernel/time.ts';
import { DEFAULT_SETTINGS } from '../../src/settings/settings.ts';
import { OPTIONAL, signInOf } from '../sign-in/sign-in-under-test.ts';
import { ANN, NOW, WIKI } from './apps-under-test.ts';

const APP_SIGN_IN: AppSignIn = {
  ...{ id: 'app-sign-in', appId: WIKI.id, signInId: 'sign-in', accountId: ANN.id },
  ...{ createdAt: NOW, lastSeenAt: NOW - minutes(1), expiresAt: NOW + hours(24) },
};
const PERSON = {
  ...{ account: ANN, signIn: signInOf({ lastSeenAt: NOW - minutes(1) }), authenticators: [] },
  ...{ memberships: [], graceStarts: new Map() },
};
const FOUND: AppSnapshot = { settings: DEFAULT_SETTINGS, app: WIKI, appSignIn: APP_SIGN_IN, person: PERSON };

/** A check on given database results, with a record of all that was done. */
async function checked(
  found: Partial<AppSnapshot> | Error,
  { cookie }: { readonly cookie: string | undefined } = { cookie: 'cookie' },
) {
  const done: unknown[] = [];
  const appSignIns = new AppSignIns({
    snapshots: {
      read: async (host, tokenHash) => {
        done.push(['read', host, tokenHash]);
        if (found instanceof Error) throw found;
        return { ...FOUND, ...found };
      },
    },
    store: { touch: async (id, at) => void done.push(['touched', id, at]) },
    signIns: { recordUse: async ({ id }, precision) => void done.push(['used', id, precision]) },
    policies: { by: () => OPTIONAL },
    clock: () => NOW,
    checked: (outcome) => void done.push(outcome),
  });
  const outcome = await appSignIns.check(WIKI.host, cookie).catch((error: unknown) => error);
  return { outcome, done };
}

const READ = ['read', WIKI.host, hashToken('cookie')];

describe('A check of a request to an app', () => {
  it('allows it, and records the use of the sign-in and of the app, once a minute', async () => {
    const { outcome, done } = await checked({});
    assert.equal(Object(outcome).kind, 'allowed');
    const used = ['used', 'sign-in', minutes(1)];
    assert.deepEqual(done, [READ, used, ['touched', 'app-sign-in', NOW], 'allowed']);
    const soon = await checked({ appSignIn: { ...APP_SIGN_IN, lastSeenAt: NOW - minutes(1) + 1 } });
    assert.deepEqual(soon.done, [READ, used, 'allowed']);
  });

  const refusals: Readonly<Record<string, readonly [Partial<AppSnapshot>, string]>> = {
    'no app has the host': [{ app: undefined }, 'unknown host'],
    'the cookie is unknown': [{ appSignIn: undefined, person: undefined }, 'signed out'],
    'the cookie is another app’s': [{ appSignIn: { ...APP_SIGN_IN, appId: 'desk' } }, 'signed out'],
    'the cookie has expired': [{ appSignIn: { ...APP_SIGN_IN, expiresAt: NOW } }, 'signed out'],
    'the account is gone': [{ person: undefined }, 'signed out'],
    'the sign-in is gone': [{ person: { ...PERSON, signIn: undefined } }, 'signed out'],
    'the sign-in is another account’s': [of({ accountId: 'bob' }), 'signed out'],
    'the sign-in has ended': [of({ endedAt: NOW }), 'signed out'],
    'the sign-in is of an earlier epoch': [of({ epoch: -1 }), 'signed out'],
    'the sign-in was not used for an hour': [of({ lastSeenAt: NOW - hours(1) }), 'signed out'],
    'the sign-in is a day old': [of({ startedAt: NOW - hours(24) }), 'signed out'],
    'the account is disabled': [
      { person: { ...PERSON, account: { ...ANN, disabledAt: NOW } } },
      'signed out',
    ],
    'nothing is known to be proven': [of({ assurance: [] }), 'refused'],
    'the app is for others': [{ app: { ...WIKI, audience: [] } }, 'refused'],
  };
  for (const [when, [found, expected]] of Object.entries(refusals)) {
    it(`is refused if ${when}, and does not count as a use`, async () => {
      const { outcome, done } = await checked(found);
      assert.equal(Object(outcome).kind, expected);
      assert.deepEqual(done, [READ, expected]);
    });
  }

  it('reads no row without a cookie', async () => {
    const nothing = { appSignIn: undefined, person: undefined };
    const { done } = await checked(nothing, { cookie: undefined });
    assert.deepEqual(done, [['read', WIKI.host, ''], 'signed out']);
  });

  it('allows nobody if the database does not respond, and reports it', async () => {
    const { outcome, done } = await checked(new Error('away'));
    assert.ok(outcome instanceof Error);
    assert.deepEqual(done, [READ, 'failed']);
  });
});

function of(changes: Partial<NonNullable<typeof PERSON.signIn>>): Partial<AppSnapshot> {
  return { person: { ...PERSON, signIn: { ...PERSON.signIn, ...changes } } };
}
