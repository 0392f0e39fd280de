import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { days } from '../../src/kernel/time.ts';
import { METHOD_IDS, type MethodId } from '../../src/settings/method-ids.ts';
import type { TwoFactorRule } from '../../src/settings/rule.ts';
import type { Person } from '../support/person.ts';
import { groupWith, type Rule, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, openPortal, type TestPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { canReachProfile, enrolsApp, enrolsEmail, newEmail } from '../support/victim.ts';

const OWNED = {
  email: ['email'],
  app: ['app'],
  both: ['app', 'email'],
  'a blocked app': ['app'],
} as const satisfies Readonly<Record<string, readonly MethodId[]>>;
type Owned = keyof typeof OWNED;
const EVERYTHING = Object.keys(OWNED) as readonly Owned[];

const RULES: readonly (readonly [TwoFactorRule, readonly MethodId[]])[] = [
  ['off', []],
  ['off', METHOD_IDS],
  ['optional', METHOD_IDS],
  ['optional', ['app']],
  ['optional', ['email']],
  ['mandatory', METHOD_IDS],
  ['mandatory', ['app']],
  ['mandatory', ['email']],
];

/** The methods that the person is asked for: those that satisfy the rule, or else all that the person has. */
function askedFor([rule, methods]: (typeof RULES)[number], owned: Owned): readonly MethodId[] {
  const all: readonly MethodId[] = OWNED[owned];
  const satisfying = rule === 'off' ? [] : all.filter((id) => methods.includes(id));
  return satisfying.length > 0 ? satisfying : all;
}

describe('A thief of a password, after the policy has changed', () => {
  const people = new Map<Owned, Account>();
  let opened: TestPortal | undefined;
  const portal = () => {
    assert.ok(opened);
    return opened;
  };

  before(async () => {
    opened = await openPortal('database');
    await siteRuleIs(portal(), { rule: 'optional' });
    for (const owned of EVERYTHING) {
      const account = await portal().account(newEmail('vera'));
      people.set(owned, account);
      const methods: readonly MethodId[] = OWNED[owned];
      if (methods.includes('app')) await enrolsApp(portal(), account);
      if (methods.includes('email')) await enrolsEmail(portal(), account);
    }
    const [app] = await portal().services.authenticators.of(ownerOf('a blocked app').id);
    await portal().services.authenticators.block(app?.id ?? '', portal().now());
  });

  after(async () => {
    await opened?.close();
  });

  beforeEach(async () => {
    // The number of codes per mailbox and day is limited.
    portal().wait(days(1));
    for (const group of await portal().services.groups.all()) {
      await portal().services.groups.remove(group, OPERATOR);
    }
    await siteRuleIs(portal(), { rule: 'optional' });
  });

  function ownerOf(owned: Owned): Account {
    const account = people.get(owned);
    assert.ok(account);
    return account;
  }

  /** Has only the password, and gets no further than the code page, whatever they try. */
  async function isAskedFor(owned: Owned, methods: readonly MethodId[]): Promise<void> {
    const account = ownerOf(owned);
    const before = await portal().services.authenticators.of(account.id);
    const thief = await signsIn(portal(), account.email);
    assert.equal(thief.page.path, '/sign-in/code', owned);
    await isHeldBack(thief);
    assert.deepEqual(await offered(thief), methods, owned);
    assert.deepEqual(await portal().services.authenticators.of(account.id), before);
  }

  async function isHeldBack(thief: Person): Promise<void> {
    for (const address of [
      '/sign-in/set-up',
      ...METHOD_IDS.map((id) => `/sign-in/set-up/${id}`),
      '/profile',
    ]) {
      const { headers } = await thief.loads(address);
      assert.equal(headers['location'], '/sign-in/code', address);
    }
    const fields = { step: 'scan', name: 'Mine', code: '123456' };
    for (const address of ['app', 'email', 'later'].map((last) => `/sign-in/set-up/${last}`)) {
      const { headers } = await thief.submitsRaw('POST', address, fields);
      assert.equal(headers['location'], '/sign-in/code', address);
    }
    assert.ok(!(await canReachProfile(thief)));
  }

  /** The methods to choose from on the code page. */
  async function offered(thief: Person): Promise<readonly MethodId[]> {
    const { $ } = await thief.loads('/sign-in/code/other');
    const shown = $('ul.cards li p')
      .toArray()
      .map((line) => $(line).text());
    return METHOD_IDS.filter((id) =>
      shown.some((text) => text.startsWith(id === 'app' ? 'Authentication App' : 'Email Authentication')),
    );
  }

  for (const rule of RULES) {
    it(`${say(rule)} for everybody: has to prove what the person has`, async () => {
      await siteRuleIs(portal(), ruleOf(rule));
      for (const owned of EVERYTHING) await isAskedFor(owned, askedFor(rule, owned));
    });

    it(`${say(rule)} for a group, and off for the site: has to prove it`, async () => {
      await groupWith(portal(), ruleOf(rule), [ownerOf('app'), ownerOf('email')]);
      await siteRuleIs(portal(), { rule: 'off', methods: [] });
      for (const owned of ['app', 'email'] as const) await isAskedFor(owned, askedFor(rule, owned));
    });
  }

  for (const rule of RULES.filter(([, { length }]) => length < 2)) {
    it(`${say(rule)} for everybody, and 2FA enforced on the person and lifted: has to prove it`, async () => {
      await siteRuleIs(portal(), ruleOf(rule));
      const { administration } = portal().services;
      for (const owned of ['app', 'email'] as const) {
        await administration.enforceTwoFactor(ownerOf(owned), { kind: 'none' }, OPERATOR);
        await isAskedFor(owned, OWNED[owned]);
        await administration.liftEnforcement(ownerOf(owned), OPERATOR);
        await isAskedFor(owned, OWNED[owned]);
      }
    });
  }

  for (const [what, takeAway] of [
    ['leaves the group that offered it', 'drop'],
    ['is in a group that is deleted', 'remove'],
    ['is in a group whose rule is switched off', 'change'],
  ] as const) {
    it(`of a person who ${what}: has to prove it`, async () => {
      const group = await groupWith(portal(), { rule: 'mandatory' }, [ownerOf('app'), ownerOf('email')]);
      await siteRuleIs(portal(), { rule: 'off', methods: [] });
      const { groups } = portal().services;
      if (takeAway === 'remove') await groups.remove(group, OPERATOR);
      if (takeAway === 'change') await groups.change(group, { ...group, rule: 'off' }, OPERATOR);
      for (const owned of ['app', 'email'] as const) {
        if (takeAway === 'drop') await groups.drop(group, ownerOf(owned), OPERATOR);
        await isAskedFor(owned, OWNED[owned]);
      }
    });
  }

  it('who is half-way in when 2FA is switched off gets no further', async () => {
    const thief = await signsIn(portal(), ownerOf('app').email);
    await siteRuleIs(portal(), { rule: 'off', methods: [] });
    await isHeldBack(thief);
  });

  it('is not asked for what the person never had: nothing, or to create a first one', async () => {
    const { email } = await portal().account(newEmail('nora'));
    await siteRuleIs(portal(), { rule: 'off' });
    assert.ok(await canReachProfile(await signsIn(portal(), email)));
    await siteRuleIs(portal(), { rule: 'mandatory', methods: ['app'] });
    assert.equal((await signsIn(portal(), email)).page.path, '/sign-in/set-up/app');
  });
});

function ruleOf([rule, methods]: (typeof RULES)[number]): Rule {
  return { rule, methods };
}

function say([rule, methods]: (typeof RULES)[number]): string {
  return `${rule} [${methods.join(', ')}]`;
}
