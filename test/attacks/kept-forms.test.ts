import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onBothStores, PASSWORD } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { sessionsOf } from '../support/stored.ts';
import { sessionIdOf } from '../support/stored-session.ts';
import { givesAppCode, idsOf, newEmail, thiefOf, type Victim, victimOf } from '../support/victim.ts';

const MANY = Object.fromEntries(Array.from({ length: 125 }, (_, index) => [`f${index}`, 'x'.repeat(1990)]));
const SOME = Object.fromEntries(Array.from({ length: 15 }, (_, index) => [`f${index}`, 'x'.repeat(1990)]));

onBothStores('An attacker who sends forms so that they are kept', (portal) => {
  let vera: Victim;
  let ids: readonly string[];

  before(async () => {
    vera = await victimOf(portal(), { role: 'administrator' });
    ids = await idsOf(portal(), vera);
  });

  async function sizeOf(person: Person): Promise<number> {
    const id = sessionIdOf(person);
    return (await sessionsOf(portal())).find((one) => one.includes(id))?.length ?? 0;
  }

  it('starts no session at any address, however much is sent', async () => {
    const before = (await sessionsOf(portal())).length;
    const posts = knocksOn(portal().app, ids.slice(0, 1)).filter(({ method }) => method === 'POST');
    assert.ok(posts.length > 40);
    for (const { address } of [...posts, { address: '/nowhere' }, { address: '/admin/people/import/x' }]) {
      for (const csrf of ['none', 'AbCdEfGh-0123456789abcdefghijklmnopq']) {
        const stranger = new Person(portal().app);
        const { status, headers } = await stranger.submitsRaw('POST', address, SOME, { csrf });
        assert.ok(status === 403 || status === 404, `${address}: ${status}`);
        assert.equal(headers['set-cookie'], undefined, address);
      }
    }
    const sessions = await sessionsOf(portal());
    assert.ok(sessions.every((one) => !one.includes('x'.repeat(100))));
    // Redis also contains the sessions of other tests' portals, which come and go.
    if (portal().store === 'database') assert.equal(sessions.length, before);
  });

  it('has a large body refused before it is read, unless an administrator is signed in', async () => {
    const member = await victimOf(portal());
    const half = await thiefOf(portal(), vera);
    for (const person of [new Person(portal().app), half, member.browser]) {
      for (const address of [
        '/admin/people/import',
        '/admin/people/import/',
        '/admin/people/import/x',
        '/sign-in',
      ]) {
        const { status } = await person.submitsRaw('POST', address, MANY, { csrf: 'none' });
        assert.ok([413, 403].includes(status), `${address}: ${status}`);
      }
    }
    const { status } = await vera.browser.submitsRaw('POST', '/admin/people/import', MANY);
    assert.equal(status, 422, 'an administrator’s is looked at');
  });

  it('does not enlarge an existing session, with or without a token', async () => {
    const stranger = new Person(portal().app);
    await stranger.visits('/sign-in');
    const before = await sizeOf(stranger);
    for (const csrf of ['own', 'none', 'AbCdEfGh-0123456789abcdefghijklmnopq']) {
      for (const address of [
        '/sign-in',
        '/sign-up',
        '/forgotten-password',
        '/profile/name',
        '/admin/people/invite',
      ]) {
        await stranger.submitsRaw('POST', address, { ...SOME, email: 'not an address' }, { csrf });
        assert.ok((await sizeOf(stranger)) <= before, `${address} with ${csrf}`);
      }
    }
  });

  it('can have at most 2 KB kept of a form that a step-up interrupts, from the page’s own fields', async () => {
    const boss = await victimOf(portal(), { role: 'administrator' });
    portal().wait(11 * 60_000);
    await boss.browser.visits('/');
    const before = await sizeOf(boss.browser);
    const fields = { ...SOME, name: 'Ivy', email: 'ivy@example.org' };
    const { status } = await boss.browser.submitsRaw('POST', '/admin/people/invite', fields);
    assert.equal(status, 303);
    const [kept = ''] = (await sessionsOf(portal())).filter((one) => one.includes(sessionIdOf(boss.browser)));
    assert.match(kept, /ivy@example\.org/);
    assert.ok(!kept.includes('xxxx'), kept.slice(0, 300));
    const long = { ...fields, name: 'x'.repeat(1990), email: 'y'.repeat(1990) };
    await boss.browser.submitsRaw('POST', '/admin/people/invite', long);
    assert.ok((await sizeOf(boss.browser)) < before + 2300);
  });

  for (const headers of [{}, { Origin: 'null' }, { Origin: 'https://evil.example' }]) {
    it(`cannot fill in anybody’s own form from another site whose browser says ${JSON.stringify(headers)}`, async () => {
      const boss = await victimOf(portal(), { role: 'administrator' });
      const old = boss.browser.copy({ headers });
      for (const [address, fields] of [
        ['/admin/people/invite', { name: 'Evil', email: 'evil@example.com', administrator: 'on' }],
        ['/profile/name', { name: 'Evil' }],
        ['/admin/policy', { siteName: 'Evil', rule: 'off' }],
      ] as const) {
        for (const csrf of ['none', '', 'AbCdEfGh-0123456789abcdefghijklmnopq']) {
          const { status } = await old.submitsRaw('POST', address, fields, { csrf });
          assert.equal(status, 403);
          const page = await boss.browser.visits(address);
          assert.equal(page.status, 200);
          assert.doesNotMatch(page.html, /evil/i, address);
        }
      }
    });
  }

  it('cannot fill in anything with a token of a session that they planted before the sign-in', async () => {
    const mallory = new Person(portal().app);
    await mallory.visits('/sign-in');
    const token = mallory.page.$('input[name=_csrf]').attr('value') ?? '';
    const email = newEmail('ann');
    await portal().account(email);
    const ann = new Person(portal().app);
    ann.cookies.set('postern', mallory.cookies.get('postern') ?? '');
    await ann.visits('/sign-in');
    ann.fillsIn('Email', email);
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Sign in');
    const { status } = await ann.submitsRaw('POST', '/profile/name', { name: 'Evil' }, { csrf: token });
    assert.equal(status, 403);
    assert.doesNotMatch((await ann.visits('/profile/name')).html, /Evil/);
  });

  it('cannot fill in anything with a cross-site form, even with an old token of the session', async () => {
    const half = await thiefOf(portal(), vera);
    const former = half.page.$('input[name=_csrf]').first().attr('value') ?? '';
    await givesAppCode(portal(), half, vera.app);
    const cross = half.copy({ headers: { 'Sec-Fetch-Site': 'cross-site' } });
    const { status } = await cross.submitsRaw('POST', '/profile/name', { name: 'Evil' }, { csrf: former });
    assert.equal(status, 403);
    assert.doesNotMatch((await half.visits('/profile/name')).html, /Evil/);
  });
});
