import assert from 'node:assert/strict';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { type Knock, knocksOn } from '../support/router.ts';
import { lastingTablesOf } from '../support/stored.ts';
import { idsOf, signsInFully, type Victim, victimOf } from '../support/victim.ts';

/** Forms that need no recent proof; every other form asks for it first. */
const WITHOUT_STEP_UP = [
  // Signing in and out, and the mailed links, which are a proof of their own.
  /^\/(sign-in|sign-out|sign-up|setup|invitation|forgotten-password|reset-password|cancel-request)(\/|$)/,
  // Proving an identity.
  /^\/step-up(\/|$)/,
  // Changes that affect nobody's way in.
  /^\/profile\/(name|language)$/,
  /^\/profile\/two-factor\/recovery-codes\/saved$/,
  // Started after a step-up, and finished by a code from the new mailbox.
  /^\/profile\/email\/code(\/send)?$/,
  // A code from the mailbox of the account's own address. The set-up that the other one leads to asks for a step-up.
  /^\/apps\/(confirm-email(\/send)?|enrol)$/,
  // What an app learns is the person's to say; signing out takes nothing that a thief wants.
  /^\/apps\/(authorize\/answer|sign-out\/app)$/,
  // Takes access away from an app, which the person can give again.
  /^\/profile\/apps\/:id\/take-back$/,
  // Hides a secret that was shown after a step-up.
  /^\/admin\/apps\/:id\/connect\/saved$/,
];

const FIELDS = {
  ...{ name: 'New name', code: '123456', step: 'scan', email: 'm@example.org' },
  password: PASSWORD,
};

onPortal('An attacker at an open session', (portal) => {
  let vera: Victim;
  let ids: readonly string[];

  before(async () => {
    vera = await victimOf(portal(), { role: 'administrator' });
    ids = await idsOf(portal(), vera);
  });

  function forms(): readonly Knock[] {
    const changes = (pattern: string) => !WITHOUT_STEP_UP.some((exempt) => exempt.test(pattern));
    return knocksOn(portal().app, ids, changes).filter(({ method }) => method === 'POST');
  }

  it('is asked for password and code by every form of the router that changes anything', async () => {
    const open = await signsInFully(portal(), vera);
    portal().wait(10 * 60_000);
    assert.ok(forms().length > 50, `${forms().length} forms`);
    const before = await lastingTablesOf(portal());
    for (const { address } of forms()) {
      const { status, headers } = await open.submitsRaw('POST', address, FIELDS);
      assert.equal(status, 303, address);
      assert.match(headers['location'] ?? '', /^\/step-up(\?|$)/, address);
    }
    assert.deepEqual(await lastingTablesOf(portal()), before);
  });

  it('is asked by each form for no less than removal requires: the password alone is not enough', async () => {
    const open = await signsInFully(portal(), vera);
    portal().wait(10 * 60_000);
    await open.visits('/profile/two-factor/recovery-codes');
    open.fillsIn('Password', PASSWORD);
    await open.presses('Continue');
    assert.equal(open.page.path, '/step-up/code');
    const { location } = (await open.submitsRaw('POST', '/profile/two-factor/recovery-codes', {})).headers;
    assert.match(location ?? '', /^\/step-up/);
    const set = (await open.loads('/profile/two-factor/set-up/app')).headers['location'];
    assert.match(set ?? '', /^\/step-up/);
  });

  it('is still asked for the code if 2FA is switched off half-way; if the factor is removed, for the password', async () => {
    const nora = await victimOf(portal());
    const open = await signsInFully(portal(), nora);
    portal().wait(10 * 60_000);
    await open.visits('/profile/password');
    open.fillsIn('Password', PASSWORD);
    await open.presses('Continue');
    const { settings, authenticators } = portal().services;
    await settings.change({ twoFactor: { rule: 'off', methods: ['app'] } });
    assert.equal((await open.submitsRaw('POST', '/step-up/code', { code: '000000' })).status, 422);
    await settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    for (const { id } of await authenticators.of(nora.account.id)) {
      await authenticators.remove(nora.account.id, id, portal().now());
    }
    const answers = [await open.loads('/step-up/code')];
    await open.reopensForms();
    answers.push(await open.submitsRaw('POST', '/step-up/code', { code: '000000' }));
    answers.push(await open.submitsRaw('POST', '/step-up/code/recovery', { code: 'AAAA-AAAA-AAAA-AAAA' }));
    for (const { status, headers } of answers)
      assert.deepEqual([status, headers['location']], [303, '/step-up?return-to=%2Fprofile%2Fpassword']);
  });

  it('can see neither recovery codes nor a new secret', async () => {
    const open = await signsInFully(portal(), vera);
    await open.visits('/profile/two-factor/set-up/app');
    await open.visits('/profile/two-factor/recovery-codes');
    await open.presses('Create recovery codes');
    portal().wait(10 * 60_000);
    for (const address of [
      '/profile/two-factor/recovery-codes',
      '/profile/two-factor/recovery-codes/download',
      '/profile/two-factor/set-up/app',
      '/profile/two-factor/set-up/app/qr-code',
    ]) {
      assert.match((await open.loads(address)).headers['location'] ?? '', /^\/step-up/, address);
    }
  });
});
