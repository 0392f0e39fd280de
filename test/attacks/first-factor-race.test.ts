import assert from 'node:assert/strict';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import type { Person } from '../support/person.ts';
import { siteRuleIs } from '../support/policies.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { canReachProfile, newEmail } from '../support/victim.ts';

describe('Many browsers with the password of a person who has no factor yet', () => {
  let opened: TestPortal | undefined;
  const portal = () => {
    assert.ok(opened);
    return opened;
  };

  before(async () => {
    opened = await openPortal('database');
  });
  after(async () => {
    await opened?.close();
  });

  /** Each has started to set up its own app. */
  async function begin(count: number, email: string, path: string) {
    const browsers: { person: Person; app: AuthenticatorApp }[] = [];
    while (browsers.length < count) {
      const person = await signsIn(portal(), email);
      await person.visits(path);
      const app = new AuthenticatorApp();
      app.type(person.page.$('#setup-key').text());
      browsers.push({ person, app });
    }
    return browsers;
  }

  for (const [count, rule, path] of [
    [20, 'mandatory', '/sign-in/set-up/app'],
    [8, 'optional', '/profile/two-factor/set-up/app'],
  ] as const) {
    it(`create one by ${count} concurrent codes while 2FA is ${rule}; the others are asked for it`, async () => {
      await siteRuleIs(portal(), { rule });
      const account = await portal().account(newEmail('vera'));
      const browsers = await begin(count, account.email, path);
      await Promise.all(
        browsers.map(async ({ person, app }, index) => {
          person.fillsIn('Authenticator Name', `Phone ${index}`);
          person.fillsIn('Verification Code', app.code(portal().now()));
          await person.presses('Submit Code and Create');
        }),
      );
      const created = await portal().services.authenticators.of(account.id);
      assert.equal(created.length, 1);
      const audited = await portal().services.audit.search({
        event: 'authenticator.created',
        person: account.email,
        page: 1,
        pageSize: 50,
      });
      assert.equal(audited.total, 1);
      const paths = browsers.map(({ person }) => person.page.path).sort();
      const asked = Array.from({ length: count - 1 }, () => '/sign-in/code');
      assert.deepEqual(paths, ['/profile/two-factor/recovery-codes', ...asked].sort());
      for (const { person } of browsers.filter(({ person }) => person.page.path === '/sign-in/code')) {
        assert.ok(!(await canReachProfile(person)));
      }
    });
  }
});
