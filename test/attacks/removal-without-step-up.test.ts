import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';
import {
  givesAppCode,
  isSignedIn,
  signsInFully,
  trustsBrowser,
  type Victim,
  victimOf,
} from '../support/victim.ts';

onPortal('An attacker who removes the second factor', (portal) => {
  let vera: Victim;
  let open: Person;
  let path = '';

  beforeEach(async () => {
    vera = await victimOf(portal());
    open = await signsInFully(portal(), vera);
    const [phone] = await portal().services.authenticators.of(vera.account.id);
    path = `/profile/two-factor/${phone?.id}/remove`;
  });

  async function refused(person: Person): Promise<void> {
    const { status, headers } = await person.submitsRaw('POST', path, {});
    assert.equal(status, 303);
    assert.match(headers['location'] ?? '', /^\/step-up/);
    assert.equal((await portal().services.authenticators.of(vera.account.id)).length, 1);
  }

  it('is asked for a step-up, also if the confirmation page was opened before', async () => {
    await open.visits(path);
    assert.equal(open.page.status, 200);
    portal().wait(10 * 60_000);
    await refused(open);
  });

  it('is asked for the code after the password', async () => {
    portal().wait(10 * 60_000);
    await open.visits(path);
    open.fillsIn('Password', PASSWORD);
    await open.presses('Continue');
    assert.equal(open.page.path, '/step-up/code');
    await refused(open);
  });

  it("gains nothing from the person's step-up in another browser", async () => {
    const other = await signsInFully(portal(), vera);
    portal().wait(10 * 60_000);
    await other.visits(path);
    other.fillsIn('Password', PASSWORD);
    await other.presses('Continue');
    await givesAppCode(portal(), other, vera.app);
    assert.equal(other.page.path, path);
    await refused(open);
  });

  it('gains nothing from a trusted browser, whose sign-in is no proof', async () => {
    const trusted = await trustsBrowser(portal(), vera);
    await trusted.presses('Sign out');
    await trusted.visits('/sign-in');
    await givesPassword(trusted, vera.email);
    assert.ok(isSignedIn(trusted));
    await refused(trusted);
  });

  it('gains nothing from another method, an overridden one, or a HEAD', async () => {
    const override = open.copy({
      headers: { 'X-HTTP-Method-Override': 'DELETE', 'X-Method-Override': 'POST' },
    });
    portal().wait(10 * 60_000);
    for (const method of ['DELETE', 'PUT', 'PATCH']) {
      const { status } = await override.submitsRaw(method, path, { _method: 'POST' });
      assert.equal(status, 405, method);
    }
    await override.submitsRaw('HEAD', path, {});
    await override.loads(`${path}?_method=POST`);
    await refused(override);
  });
});
