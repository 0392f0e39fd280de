import assert from 'node:assert/strict';
import { beginsForm } from '../support/open-form.ts';
import type { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { signsInFully, type Victim, victimOf } from '../support/victim.ts';

describe('A thief whose form is still arriving', () => {
  let portal: TestPortal;
  let vera: Victim;
  before(async () => {
    portal = await openPortal('redis');
    vera = await victimOf(portal);
  });
  after(() => portal.close());

  const nameOf = async () => (await portal.services.accounts.find(vera.account.id))?.name;

  it('changes the name while the session is valid', async () => {
    const form = await beginsForm(portal, vera.browser, '/profile/name', { name: 'Vera Victor' });
    const { status, location } = await form.completes();
    assert.deepEqual([status, location], [303, '/profile']);
    assert.equal(await nameOf(), 'Vera Victor');
  });

  const endings: Readonly<Record<string, (owner: Person) => Promise<unknown>>> = {
    'the owner ends every other sign-in': (owner) =>
      owner.submitsRaw('POST', '/profile/sign-ins/others/end', {}),
    'the account is disabled': () => portal.services.accounts.disable(vera.account.id, portal.now()),
    'every session of the account is ended': () => portal.services.accounts.endSessions(vera.account.id),
  };
  for (const [title, ends] of Object.entries(endings)) {
    it(`changes nothing when ${title}`, async () => {
      await portal.services.accounts.enable(vera.account.id);
      portal.wait(60_000);
      const thief = await signsInFully(portal, vera);
      portal.wait(60_000);
      const owner = await signsInFully(portal, vera);
      await owner.visits('/profile/sign-ins');
      const form = await beginsForm(portal, thief, '/profile/name', { name: 'Thief' });
      await ends(owner);
      const { status, location } = await form.completes();
      assert.deepEqual([status, location], [303, '/sign-in']);
      assert.notEqual(await nameOf(), 'Thief');
    });
  }
});
