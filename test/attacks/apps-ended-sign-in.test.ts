import assert from 'node:assert/strict';
import { hours, minutes } from '../../src/kernel/time.ts';
import { GuardClient } from '../support/guard-client.ts';
import { type AppUser, newApp, newUserOf, onGuardedApps, PORTAL_URL } from '../support/guarded-apps.ts';
import { anotherInstance, OPERATOR, type TestPortal } from '../support/portal.ts';

/** Everything that ends the right to use an app. Each is refused at the next request, on every instance. */
const ENDS: Readonly<Record<string, (portal: TestPortal, ann: AppUser) => Promise<unknown>>> = {
  'signed out': ({ services }, { account, signInId }) =>
    services.signIns.signOut(account, signInId, OPERATOR),
  'has the sign-in ended from another browser': ({ services }, { account, signInId }) =>
    services.signIns.end(account, signInId, OPERATOR),
  'had all sessions ended by an administrator': ({ services }, { account }) =>
    services.administration.endSessions(account, OPERATOR),
  'was disabled': ({ services }, { account }) => services.administration.disable(account, OPERATOR),
  'had the password changed': ({ services }, { account }) =>
    services.credentials.changePassword(account, 'forty brown sparrows', OPERATOR),
  'has to use 2FA from now on': ({ services }, { account }) =>
    services.administration.enforceTwoFactor(account, { kind: 'none' }, OPERATOR),
};

onGuardedApps('A thief with the cookie of an app, whose owner', (apps) => {
  let twin: TestPortal;
  let other: GuardClient;
  before(async () => {
    twin = await anotherInstance(apps().portal, { BASE_URL: PORTAL_URL, GUARD_PROXIES: '127.0.0.1' });
    other = await GuardClient.open(twin.site);
  });
  after(async () => {
    await other?.close();
    await twin?.close();
  });

  /** The statuses of the next request, by each endpoint and at each instance. */
  async function nextRequests(ann: AppUser, origin = apps().wiki.origin): Promise<Set<number>> {
    const headers = { Cookie: ann.cookies.header };
    const answers = await Promise.all([
      ...[ann.check(), ann.checkByNginx()],
      ...[other.forwardAuth(`${origin}/`, headers), other.authRequest(`${origin}/`, headers)],
    ]);
    return new Set(answers.map(({ status }) => status));
  }

  for (const [what, ends] of Object.entries(ENDS)) {
    it(`${what}, is refused at the next request, on every instance`, async () => {
      const ann = await newUserOf(apps(), apps().wiki);
      assert.deepEqual(await nextRequests(ann), new Set([200]));
      await ends(apps().portal, ann);
      assert.deepEqual(await nextRequests(ann), new Set([303, 401]));
    });
  }

  it('left the group of the app, is refused at the next request, on every instance', async () => {
    const { services } = apps().portal;
    const decided = { name: 'Editors', rule: 'off', methods: [], grace: { kind: 'none' } } as const;
    const group = await services.groups.create(decided, OPERATOR);
    assert.ok(group);
    const app = await newApp(apps().portal, {
      name: 'Editing',
      origin: 'https://edit.example.org',
      audience: [group.id],
    });
    const stranger = await newUserOf(apps(), app);
    assert.deepEqual(await nextRequests(stranger, app.origin), new Set([303, 401]), 'never in the group');
    const ann = await newUserOf(apps(), app);
    await services.groups.add(group, ann.account, OPERATOR);
    assert.deepEqual(await nextRequests(ann, app.origin), new Set([200]));
    await services.groups.drop(group, ann.account, OPERATOR);
    assert.deepEqual(await nextRequests(ann, app.origin), new Set([303, 401]));
    assert.equal((await ann.check('/api', { 'Sec-Fetch-Mode': 'cors' })).status, 403);
  });

  it('is refused once the app requires more than was proven, or is removed', async () => {
    const { services } = apps().portal;
    const app = await newApp(apps().portal, { name: 'Changing', origin: 'https://change.example.org' });
    const ann = await newUserOf(apps(), app);
    assert.deepEqual(await nextRequests(ann, app.origin), new Set([200]));
    const { id, host: _host, createdAt: _createdAt, ...input } = app;
    await services.apps.update(id, { ...input, proof: 'second step' }, OPERATOR);
    assert.deepEqual(await nextRequests(ann, app.origin), new Set([303, 401]));
    await services.apps.remove(app, OPERATOR);
    assert.deepEqual(await nextRequests(ann, app.origin), new Set([403]));
  });

  it('no longer uses the app for an hour, is refused; using it keeps the sign-in open', async () => {
    const ann = await newUserOf(apps(), apps().wiki);
    for (let half = 0; half < 4; half += 1) {
      apps().portal.wait(minutes(30));
      assert.equal((await ann.check()).status, 200);
    }
    apps().portal.wait(hours(1) + minutes(6));
    assert.deepEqual(await nextRequests(ann), new Set([303, 401]));
  });

  it('has been signed in for 24 hours, is refused, however much the app was used', async () => {
    const ann = await newUserOf(apps(), apps().wiki);
    for (let half = 0; half < 47; half += 1) {
      apps().portal.wait(minutes(30));
      assert.equal((await ann.check()).status, 200, String(half));
    }
    apps().portal.wait(minutes(30));
    assert.deepEqual(await nextRequests(ann), new Set([303, 401]));
  });
});
