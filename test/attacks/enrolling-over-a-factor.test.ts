import assert from 'node:assert/strict';
import type { AuthenticatorApp } from '../support/authenticator-app.ts';
import type { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { savesRecoveryCodes, scansQrCode, signsIn } from '../support/steps.ts';
import { canReachProfile, newEmail, thiefOf, victimOf } from '../support/victim.ts';

onPortal('An attacker who enrols their own app at sign-in', (portal) => {
  beforeEach(async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
  });

  async function beginsApp(person: Person): Promise<AuthenticatorApp> {
    await person.visits('/sign-in/set-up/app');
    return scansQrCode(person);
  }

  async function submitsApp(person: Person, app: AuthenticatorApp): Promise<void> {
    person.fillsIn('Authenticator Name', 'Phone');
    person.fillsIn('Verification Code', app.code(portal().now()));
    await person.presses('Submit Code and Create');
  }

  async function victimWithFactor() {
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    const vera = await victimOf(portal());
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
    return vera;
  }

  it('is redirected to the code page of the existing factor', async () => {
    const vera = await victimWithFactor();
    const thief = await thiefOf(portal(), vera);
    for (const address of ['/sign-in/set-up', '/sign-in/set-up/app', '/sign-in/set-up/app/qr-code']) {
      assert.equal((await thief.loads(address)).headers['location'], '/sign-in/code', address);
    }
    for (const method of ['app', 'email']) {
      const fields = { step: 'scan', name: 'Mine', code: '123456' };
      const answer = await thief.submitsRaw('POST', `/sign-in/set-up/${method}`, fields);
      assert.equal(answer.headers['location'], '/sign-in/code', method);
    }
    assert.equal((await portal().services.authenticators.of(vera.account.id)).length, 1);
  });

  it('is redirected there even if that factor is blocked after too many wrong codes', async () => {
    const vera = await victimWithFactor();
    const [phone] = await portal().services.authenticators.of(vera.account.id);
    await portal().services.authenticators.block(phone?.id ?? '', portal().now());
    const thief = await thiefOf(portal(), vera);
    assert.equal((await thief.loads('/sign-in/set-up/app')).headers['location'], '/sign-in/code');
  });

  it('is too late when the person enrols first, however far the attacker has got', async () => {
    const email = newEmail('vera');
    const account = await portal().account(email);
    const [vera, thief] = [await signsIn(portal(), email), await signsIn(portal(), email)];
    const [hers, his] = [await beginsApp(vera), await beginsApp(thief)];
    await submitsApp(vera, hers);
    await savesRecoveryCodes(portal(), vera, email);
    assert.ok(await canReachProfile(vera));
    await submitsApp(thief, his);
    assert.equal(thief.page.path, '/sign-in/code');
    assert.equal((await portal().services.authenticators.of(account.id)).length, 1);
    thief.fillsIn('Verification Code', his.code(portal().now()));
    await thief.presses('Continue');
    assert.equal(thief.page.status, 422);
    assert.ok(!(await canReachProfile(thief)));
  });

  it('creates one authenticator at most with twenty concurrent requests of the same proof', async () => {
    const email = newEmail('vera');
    const account = await portal().account(email);
    const person = await signsIn(portal(), email);
    const app = await beginsApp(person);
    person.fillsIn('Authenticator Name', 'Phone');
    person.fillsIn('Verification Code', app.code(portal().now()));
    await person.races(20, 'Submit Code and Create');
    assert.equal((await portal().services.authenticators.of(account.id)).length, 1);
  });
});
