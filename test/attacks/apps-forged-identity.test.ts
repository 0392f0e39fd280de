import assert from 'node:assert/strict';
import { type AppUser, newApp, newUserOf, onGuardedApps } from '../support/guarded-apps.ts';
import { OPERATOR } from '../support/portal.ts';

const REMOTE = ['remote-user', 'remote-email', 'remote-name', 'remote-groups'] as const;

const utf8 = (value: unknown) => Buffer.from(String(value), 'latin1').toString('utf8');

onGuardedApps('An attacker who wants to be somebody else in an app', (apps) => {
  let ann: AppUser;
  before(async () => {
    ann = await newUserOf(apps(), apps().wiki);
  });

  it('is identified only by the response: headers of their own, with hyphens or underscores, change nothing (CVE-2025-64484, CVE-2026-39858)', async () => {
    const forged = Object.fromEntries(
      ['Remote-User', 'Remote_User', 'REMOTE_USER', 'remote_groups', 'Remote-Groups', 'X-Remote-User'].map(
        (name) => [name, 'root'],
      ),
    );
    for (const answer of [await ann.check('/', forged), await ann.checkByNginx('/', forged)]) {
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['remote-user'], ann.account.email);
      assert.equal(answer.headers['remote-groups'], '');
      assert.ok(!JSON.stringify(answer.headers).includes('root'));
    }
    assert.equal((await ann.check('/', { ...forged, Cookie: undefined })).status, 303);
  });

  it('finds every Remote-* header in each response, empty if there is no value: Caddy keeps missing ones (GHSA-7r4p-vjf4-gxv4)', async () => {
    for (const answer of [await ann.check(), await ann.checkByNginx()]) {
      for (const name of REMOTE) assert.equal(typeof answer.headers[name], 'string', name);
      assert.equal(answer.headers['remote-groups'], '');
    }
  });

  it('breaks out of no header with their name: control characters are removed, and letters are UTF-8', async () => {
    for (const [name, told] of [
      ['Zoë Ünal 日本 🦔', 'Zoë Ünal 日本 🦔'],
      ['a\r\nRemote-User: root', 'a  Remote-User: root'],
      ['a\0b\x1b[31m\x7f\u0085c', 'a b [31m  c'],
    ] as const) {
      const { check, checkByNginx, account } = await newUserOf(apps(), apps().wiki, { name });
      for (const { headers } of [await check(), await checkByNginx()]) {
        assert.equal(utf8(headers['remote-name']), told);
        assert.equal(headers['remote-user'], account.email);
      }
    }
  });

  it("joins no group with another group's name in their own: a name with a comma is not sent", async () => {
    const { services } = apps().portal;
    const decided = { rule: 'off', methods: [], grace: { kind: 'none' } } as const;
    for (const name of ['Editors', 'Staff,admins', 'Größe']) {
      const group = await services.groups.create({ ...decided, name }, OPERATOR);
      assert.ok(group);
      await services.groups.add(group, ann.account, OPERATOR);
    }
    const { headers } = await ann.check();
    assert.deepEqual(utf8(headers['remote-groups']).split(',').sort(), ['Editors', 'Größe']);
  });

  it('is identified by an id that stays the same after a change of address, if the app requires it', async () => {
    const app = await newApp(apps().portal, {
      name: 'Ids',
      origin: 'https://ids.example.org',
      remoteUser: 'id',
    });
    const bob = await newUserOf(apps(), app);
    const { headers } = await bob.check();
    assert.deepEqual([headers['remote-user'], headers['remote-email']], [bob.account.id, bob.account.email]);
  });
});
