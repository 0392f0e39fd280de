import assert from 'node:assert/strict';
import { fillsEveryForm } from '../support/form-filler.ts';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { tablesOf } from '../support/stored.ts';
import { newEmail, signsInFully, thiefOf, type Victim, victimOf } from '../support/victim.ts';

/** All in one, short enough for every field. */
const TEXT = `'"; DROP TABLE accounts; -- %_\\ ?:n $1 ' OR '1'='1`;
const TEXTS = [
  `' OR '1'='1' --`,
  `"; DROP TABLE accounts; --`,
  `\\'; --`,
  `%' UNION SELECT 1 --`,
  '?:name$1',
];

onPortal('An attacker who types SQL', (portal) => {
  let vera: Victim;

  before(async () => {
    await portal().services.settings.change({ signUp: true });
    vera = await victimOf(portal(), { role: 'administrator' });
  });

  function pages(ids: readonly string[]): readonly string[] {
    return knocksOn(portal().app, ids)
      .filter(({ method }) => method === 'GET')
      .map(({ address }) => address);
  }

  it('sees it as text in every text field, complete, and nothing is deleted', async () => {
    const people = [
      [await signsInFully(portal(), vera), /./],
      [await thiefOf(portal(), vera), /^\/sign-in\//],
      [new Person(portal().app), /^(?!\/(admin|profile|sign-in\/))/],
    ] as const;
    const before = await tablesOf(portal());
    for (const [person, theirs] of people) {
      const open = pages([vera.account.id]).filter((page) => theirs.test(page));
      const filled = await fillsEveryForm(person, open, {
        text: () => TEXT,
        email: () => newEmail('filled'),
      });
      for (const { answer, path } of filled) assert.ok(answer.status < 500, `${path}: ${answer.status}`);
    }
    const after = await tablesOf(portal());
    for (const table of Object.keys(before)) {
      if (table === 'sessions') continue;
      assert.ok((after[table]?.length ?? 0) >= (before[table]?.length ?? 0), table);
    }
    const { name } = (await portal().services.accounts.find(vera.account.id)) ?? {};
    assert.equal(name, TEXT);
  });

  it('achieves nothing with it as an id, a token, a page or a filter, and nothing breaks', async () => {
    const person = await signsInFully(portal(), vera);
    for (const text of TEXTS) {
      const id = encodeURIComponent(text);
      const withId = knocksOn(portal().app, [id], (path) => path.includes(':id'));
      for (const { method, address } of withId) {
        const { status, headers } =
          method === 'GET' ? await person.loads(address) : await person.submitsRaw('POST', address, {});
        // If an approval has been decided in the meantime, the form leads back to the policy: this is not an error.
        if (address.startsWith('/admin/policy/approval/')) assert.equal(headers['location'], '/admin/policy');
        else assert.equal(status, 404, `${method} ${address}`);
      }
      for (const path of [
        '/reset-password',
        '/invitation',
        '/sign-up/confirm',
        '/setup',
        '/cancel-request',
      ]) {
        assert.equal((await person.loads(`${path}?token=${id}`)).status, 410, path);
      }
      const filters = ['search', 'person', 'event', 'from', 'to', 'page']
        .map((name) => `${name}=${id}`)
        .join('&');
      for (const path of ['/admin/people', '/admin/audit', '/profile/activity', '/admin/requests']) {
        assert.ok((await person.loads(`${path}?${filters}`)).status < 500, path);
      }
    }
  });

  it('finds nobody by a wildcard in a search', async () => {
    const person = await signsInFully(portal(), vera);
    const wendy = newEmail('wendy');
    await portal().account(wendy);
    for (const wildcard of ['%', '_', '%example%', 'wendy_', '*', 'w%y']) {
      const page = await person.loads(`/admin/people?search=${encodeURIComponent(wildcard)}`);
      assert.ok(!page.text.includes(wendy), wildcard);
    }
    const page = await person.loads('/admin/people?search=wendy');
    assert.ok(page.text.includes(wendy));
  });

  it('does not sign in with it', async () => {
    for (const text of TEXTS) {
      const person = new Person(portal().app);
      await person.visits('/sign-in');
      for (const email of [text, `${vera.email}' --`, `'or'1'='1'@example.org`]) {
        const { status } = await person.submitsRaw('POST', '/sign-in', { email, password: text });
        assert.ok(status === 422 || status === 429, `${email}: ${status}`);
      }
    }
  });
});
