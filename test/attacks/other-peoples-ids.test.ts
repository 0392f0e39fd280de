import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { givesPassword } from '../support/steps.ts';
import { lastingTablesOf } from '../support/stored.ts';
import {
  canReachProfile,
  idsOf,
  isSignedIn,
  signsInFully,
  thiefOf,
  trustsBrowser,
  type Victim,
  victimOf,
} from '../support/victim.ts';

onPortal("An attacker with another person's ids", (portal) => {
  let vera: Victim;
  let ids: readonly string[];
  let mallory: Victim;
  let browser: Person;

  before(async () => {
    vera = await victimOf(portal());
    ids = await idsOf(portal(), vera);
    mallory = await victimOf(portal(), { name: 'Mallory' });
    browser = await signsInFully(portal(), mallory);
  });

  it('reads that there is no such thing, on every page of the router that takes an id', async () => {
    const knocks = knocksOn(
      portal().app,
      ids,
      (path) => /:(id|\w+Id)\b/.test(path) && !path.startsWith('/admin'),
    );
    assert.ok(knocks.length > 30, `${knocks.length} knocks`);
    const before = await lastingTablesOf(portal());
    for (const { method, address } of knocks) {
      const fields = { name: 'Mine', password: PASSWORD };
      const answer =
        method === 'GET' ? await browser.loads(address) : await browser.submitsRaw('POST', address, fields);
      assert.equal(answer.status, 404, `${method} ${address}`);
    }
    assert.deepEqual(await lastingTablesOf(portal()), before);
  });

  it("cannot choose another person's authenticator at the code page", async () => {
    const half = await thiefOf(portal(), mallory);
    for (const authenticator of ids) {
      const { status } = await half.submitsRaw('POST', '/sign-in/code/other', { authenticator });
      assert.equal(status, 404, authenticator);
    }
  });

  it('cannot skip the code with the trust of their own browser, however the cookie is assembled', async () => {
    const own = (await trustsBrowser(portal(), mallory)).cookies.get('postern-trust') ?? '';
    const hers = (await trustsBrowser(portal(), vera)).cookies.get('postern-trust') ?? '';
    const [ownId, ownToken] = own.split('.');
    const [herId] = hers.split('.');
    assert.ok(ownId && ownToken && herId);
    for (const cookie of [
      own,
      `${herId}.${ownToken}`,
      `${herId}.`,
      herId,
      `.${ownToken}`,
      `${ownId}.${ownToken}.x`,
    ]) {
      const thief = await thiefOf(portal(), vera);
      await thief.presses('Cancel and sign out');
      await thief.visits('/sign-in');
      thief.cookies.set('postern-trust', cookie);
      await givesPassword(thief, vera.email);
      assert.equal(thief.page.path, '/sign-in/code', cookie);
    }
  });

  it('cannot use a session id that the portal has not signed', async () => {
    const [, signed = ''] = [...vera.browser.cookies].find(([name]) => name === 'postern') ?? [];
    const hers = await signsInFully(portal(), vera);
    const [id = '', signature = ''] = decodeURIComponent(hers.cookies.get('postern') ?? '')
      .slice(2)
      .split('.');
    assert.notEqual(signed, '');
    assert.ok(await canReachProfile(hers));
    const ownSignature = decodeURIComponent(browser.cookies.get('postern') ?? '').split('.')[1] ?? '';
    for (const cookie of [
      id,
      `s:${id}`,
      `s:${id}.`,
      `s:${id}.${ownSignature}`,
      `s:${id}.${signature.slice(0, -1)}`,
    ]) {
      const thief = hers.copy();
      thief.cookies.set('postern', encodeURIComponent(cookie));
      await thief.visits('/profile');
      assert.ok(!isSignedIn(thief), cookie);
    }
  });
});
