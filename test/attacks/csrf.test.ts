import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { type Knock, knocksOn } from '../support/router.ts';
import { lastingTablesOf } from '../support/stored.ts';
import { canReachProfile, idsOf, signsInFully, thiefOf, type Victim, victimOf } from '../support/victim.ts';

const FIELDS = {
  name: 'Forged',
  email: 'forged@example.org',
  password: PASSWORD,
  newPassword: 'a long forged one',
};

onPortal("An attacker whose site sends the portal's forms", (portal) => {
  let vera: Victim;
  let ids: readonly string[];
  let signedIn: Person;
  let foreignToken = '';

  before(async () => {
    vera = await victimOf(portal(), { role: 'administrator' });
    ids = await idsOf(portal(), vera);
    signedIn = await signsInFully(portal(), vera);
    const mallory = new Person(portal().app);
    await mallory.visits('/sign-in');
    foreignToken = mallory.page.$('input[name=_csrf]').attr('value') ?? '';
    assert.match(foreignToken, /^[\w-]{20,}$/);
  });

  function forms(): readonly Knock[] {
    const posts = knocksOn(portal().app, ids.slice(0, 1)).filter(({ method }) => method === 'POST');
    assert.ok(posts.length > 40, `${posts.length} forms`);
    return posts;
  }

  async function refusesAll(person: Person, csrf: string, query = ''): Promise<void> {
    const before = await lastingTablesOf(portal());
    for (const { address } of forms()) {
      const { status } = await person.submitsRaw('POST', `${address}${query}`, FIELDS, { csrf });
      assert.equal(status, 403, address);
    }
    assert.deepEqual(await lastingTablesOf(portal()), before);
  }

  it('is refused every form of the router with an invented token', async () => {
    await refusesAll(signedIn, 'AbCdEfGh-0123456789abcdefghijklmnopq');
  });

  for (const [what, token] of [
    ['without a token', () => 'none'],
    ['with the token of their own session', () => foreignToken],
  ] as const) {
    it(`is refused every form of the router ${what}, in the name of a signed-in person`, async () => {
      await refusesAll(signedIn, token());
      assert.ok(await canReachProfile(signedIn), 'the sign-out is a form, too');
    });
  }

  it('is refused every form in the name of a half-signed-in person, and of a stranger', async () => {
    const half = await thiefOf(portal(), vera);
    await refusesAll(half, foreignToken);
    assert.equal((await half.loads('/sign-in/code')).status, 200);
    const nobody = new Person(portal().app);
    await nobody.visits('/sign-in');
    await refusesAll(nobody, 'none');
  });

  it('is refused the right token anywhere but in the form: in the URL, in a header, in a list', async () => {
    const own = signedIn.page.$('input[name=_csrf]').first().attr('value') ?? '';
    await refusesAll(signedIn, 'none', `?_csrf=${own}`);
    const headers = { 'X-CSRF-Token': own, 'CSRF-Token': own, 'X-XSRF-Token': own };
    await refusesAll(signedIn.copy({ headers }), 'none');
    const listed = { ...FIELDS, _csrf: [own, own] };
    for (const { address } of forms()) {
      const { status } = await signedIn.submitsRaw('POST', address, listed, { csrf: 'none' });
      assert.equal(status, 403, address);
    }
  });

  it('is refused even with the right token if the browser says where the form comes from', async () => {
    await refusesAll(signedIn.copy({ headers: { Origin: 'https://evil.example' } }), 'own');
    await refusesAll(signedIn.copy({ headers: { 'Sec-Fetch-Site': 'cross-site' } }), 'own');
    for (const headers of [
      { Origin: 'http://localhost:3000.evil.example' },
      { Origin: 'https://localhost:3000' },
      { Origin: 'http://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      { Origin: 'http://localhost:3000', 'Sec-Fetch-Site': 'same-site' },
    ]) {
      const foreign = signedIn.copy({ headers });
      const { status } = await foreign.submitsRaw('POST', '/profile/name', { name: 'Forged' });
      assert.equal(status, 403, JSON.stringify(headers));
    }
  });

  it('does not keep out browsers that do not say where a form comes from', async () => {
    const { status } = await signedIn.submitsRaw('POST', '/profile/name', { name: 'Vera Victim' });
    assert.equal(status, 303);
  });
});
