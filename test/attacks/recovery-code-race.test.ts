import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import {
  canReachProfile,
  codesLeft,
  givesAppCode,
  isSignedIn,
  thiefOf,
  victimWithCodes,
} from '../support/victim.ts';

onPortal('An attacker who races a recovery code', (portal) => {
  async function typesRecoveryCode(person: Person, code: string): Promise<void> {
    await person.visits('/sign-in/code/recovery');
    person.fillsIn('Recovery code', code);
  }

  it('gets in once with twenty concurrent requests', async () => {
    const vera = await victimWithCodes(portal());
    const thief = await thiefOf(portal(), vera);
    await typesRecoveryCode(thief, vera.recoveryCodes[0] ?? '');
    const answers = await thief.races(20, 'Continue');
    const inside = answers.filter(({ headers }) => headers['location'] === '/profile/two-factor');
    assert.equal(inside.length, 1);
    assert.equal(await codesLeft(portal(), vera.account), 9);
    const { total } = await portal().services.audit.search({
      ...{ event: 'recovery-code.used', subjectId: vera.account.id, page: 1, pageSize: 1 },
    });
    assert.equal(total, 1);
  });

  it('gets in once from four sessions at once', async () => {
    const vera = await victimWithCodes(portal());
    const thieves = await Promise.all(Array.from({ length: 4 }, () => thiefOf(portal(), vera)));
    for (const thief of thieves) await typesRecoveryCode(thief, vera.recoveryCodes[0] ?? '');
    await Promise.all(thieves.map((thief) => thief.presses('Continue')));
    assert.equal(thieves.filter(isSignedIn).length, 1);
    assert.equal((await Promise.all(thieves.map(canReachProfile))).filter(Boolean).length, 1);
  });

  it('gets in by no old code while new ones are being created', async () => {
    const vera = await victimWithCodes(portal());
    const thief = await thiefOf(portal(), vera);
    await typesRecoveryCode(thief, vera.recoveryCodes[0] ?? '');
    await vera.browser.visits('/profile/two-factor/recovery-codes');
    const renewing = vera.browser.presses('Create new codes');
    await Promise.all([renewing, thief.presses('Continue')]);
    const left = await codesLeft(portal(), vera.account);
    // Either the old code came first and was valid, or the new set did: never both a sign-in and a complete new set.
    assert.equal(left, 10);
    const late = await thiefOf(portal(), vera);
    for (const code of vera.recoveryCodes.slice(0, 2)) {
      await typesRecoveryCode(late, code);
      await late.presses('Continue');
      assert.ok(!isSignedIn(late));
    }
  });

  it('finds no valid code without an authenticator', async () => {
    const vera = await victimWithCodes(portal());
    const other = await thiefOf(portal(), vera);
    await givesAppCode(portal(), other, vera.app);
    await other.visits('/profile/two-factor');
    await other.follow('Edit Phone');
    await other.follow('Remove');
    await other.presses('Remove');
    assert.equal(await codesLeft(portal(), vera.account), 0);
  });
});
