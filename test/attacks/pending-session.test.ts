import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { Grace } from '../../src/settings/grace.ts';
import { Person } from '../support/person.ts';
import { groupWith } from '../support/policies.ts';
import { OPERATOR, onPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { type Knock, knocksOn } from '../support/router.ts';
import { signsIn } from '../support/steps.ts';
import { lastingTablesOf } from '../support/stored.ts';
import {
  enrolsApp,
  givesAppCode,
  idsOf,
  isSignedIn,
  newEmail,
  type Victim,
  victimOf,
} from '../support/victim.ts';

/** Public pages. Every other page of the router, also one that is added tomorrow, has to turn the attacker away. */
const FOR_ANYBODY = new Set([
  ...['/healthz', '/readyz', '/sign-in', '/sign-out', '/signed-out', '/setup', '/invitation'],
  ...['/forgotten-password', '/forgotten-password/sent', '/reset-password', '/cancel-request'],
  ...['/sign-up', '/sign-up/sent', '/sign-up/confirm', '/.well-known/change-password', '/help/two-factor'],
  ...['/apps/again', '/apps/sign-out', '/oidc/logout', '/apps/sign-out/app'],
]);

/** All fields of the site's forms at once. */
const FIELDS = {
  ...{
    email: 'mallory@example.org',
    password: PASSWORD,
    newPassword: 'another very long word',
    code: '123456',
  },
  ...{ name: 'Mallory', siteName: 'Pwned', rule: 'off', 'method-app': 'on', step: 'scan', language: 'ar' },
  ...{ grace: 'days', graceDays: '365', graceDate: '2099-01-01' },
  ...{
    note: 'Trust me',
    happened: 'Nothing',
    contact: 'Mallory',
    role: 'administrator',
    administrator: 'on',
  },
};

interface Pending {
  readonly what: string;
  /** Registers on the open portal, and becomes an administrator, which must not open anything either. */
  readonly begin: (portal: TestPortal, victim: Victim) => Promise<Person>;
  /** The target of all closed pages. */
  readonly leadsTo: RegExp;
  /** The pages of the due step. */
  readonly due: RegExp;
  /** The only page that lets them in. */
  readonly leftOut?: string;
}

const NONE = /^$/;

const PENDING: readonly Pending[] = [
  {
    what: 'no session',
    begin: async ({ app }) => {
      const stranger = new Person(app);
      await stranger.visits('/sign-in');
      return stranger;
    },
    leadsTo: /^\/sign-in(\?return-to=.*)?$/,
    due: NONE,
  },
  {
    what: 'a password, and the second step is due',
    begin: async (portal, { email }) => signsIn(portal, email),
    leadsTo: /^\/sign-in\/code$/,
    due: /^\/sign-in\/code/,
  },
  {
    what: 'a password, and the policy demands an authenticator first',
    begin: async (portal) => {
      const { email } = await newAdministrator(portal);
      await mandatory(portal);
      return signsIn(portal, email);
    },
    leadsTo: /^\/sign-in\/set-up$/,
    due: /^\/sign-in\/set-up/,
  },
  {
    what: 'a session from before the policy demanded an authenticator',
    begin: async (portal) => {
      const { email } = await newAdministrator(portal);
      const person = await signsIn(portal, email);
      assert.ok(isSignedIn(person));
      await mandatory(portal);
      return person;
    },
    leadsTo: /^\/sign-in\/set-up$/,
    due: /^\/sign-in\/set-up/,
  },
  {
    what: 'a password, and a group of theirs demands an authenticator first',
    begin: async (portal) => {
      const account = await newAdministrator(portal);
      await mandatoryFor(portal, account, { kind: 'none' });
      return signsIn(portal, account.email);
    },
    leadsTo: /^\/sign-in\/set-up$/,
    due: /^\/sign-in\/set-up/,
  },
  {
    what: 'a password, and a grace that has just ended while "Not now" was on the page',
    begin: async (portal) => {
      const account = await newAdministrator(portal);
      await mandatoryFor(portal, account, { kind: 'until', at: portal.now() + 60_000 });
      const person = await signsIn(portal, account.email);
      assert.ok(person.page.buttons.includes('Not now'));
      portal.wait(60_000);
      return person;
    },
    leadsTo: /^\/sign-in\/set-up$/,
    due: /^\/sign-in\/set-up/,
  },
  {
    what: 'a password, and no decision yet about a step that can be put off',
    begin: async (portal) => {
      const account = await newAdministrator(portal);
      await mandatoryFor(portal, account, { kind: 'days', days: 7 });
      return signsIn(portal, account.email);
    },
    leadsTo: /^\/sign-in\/set-up$/,
    // "Not now" would let them in, and may do so.
    due: /^\/sign-in\/set-up(?!\/later)/,
    leftOut: '/sign-in/set-up/later',
  },
  {
    what: 'a password and a code of an authenticator that no longer satisfies the policy',
    begin: async (portal) => {
      const account = await newAdministrator(portal);
      const app = await enrolsApp(portal, account);
      await groupWith(portal, { rule: 'mandatory', methods: ['email'] }, [account]);
      const person = await signsIn(portal, account.email);
      await givesAppCode(portal, person, app);
      return person;
    },
    leadsTo: /^\/sign-in\/set-up$/,
    due: /^\/sign-in\/set-up/,
  },
  {
    what: 'a session from before the person created an authenticator in another browser',
    begin: async (portal) => {
      const account = await newAdministrator(portal);
      const person = await signsIn(portal, account.email);
      assert.ok(isSignedIn(person));
      await enrolsApp(portal, account);
      return person;
    },
    leadsTo: /^\/sign-in\/code$/,
    due: /^\/sign-in\/code/,
  },
  {
    what: 'a session from before the policy required an authenticator, unused for ten minutes',
    begin: async (portal) => {
      const { email } = await newAdministrator(portal);
      const person = await signsIn(portal, email);
      await mandatory(portal);
      portal.wait(10 * 60_000);
      return person;
    },
    leadsTo: /^\/sign-in(\?return-to=.*)?$/,
    due: NONE,
  },
];

async function mandatoryFor(portal: TestPortal, account: Account, grace: Grace): Promise<void> {
  await groupWith(portal, { rule: 'mandatory', grace }, [account]);
}

async function newAdministrator(portal: TestPortal): Promise<Account> {
  await portal.services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
  return portal.account(newEmail('adam'), 'administrator');
}

async function mandatory(portal: TestPortal): Promise<void> {
  await portal.services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
}

onPortal('An attacker on every page of the router', (portal) => {
  let victim: Victim;
  let ids: readonly string[];

  before(async () => {
    victim = await victimOf(portal(), { role: 'administrator' });
    // A person who is not let in learns nothing from any id: ids of one kind are enough.
    ids = (await idsOf(portal(), victim)).slice(0, 1);
  });

  /** Sends a valid token, so that only the guard can refuse. */
  async function answerTo(person: Person, { method, address }: Knock) {
    if (method === 'GET') return person.loads(address);
    const [id = ''] = ids;
    return person.submitsRaw('POST', address, { ...FIELDS, authenticator: id });
  }

  for (const { what, begin, leadsTo, due, leftOut } of PENDING) {
    it(`with ${what}, is redirected to the due step, changes nothing, and gets in by no other page`, async () => {
      const person = await begin(portal(), victim);
      const closed = knocksOn(
        portal().app,
        ids,
        (pattern) => !FOR_ANYBODY.has(pattern) && !due.test(pattern) && pattern !== leftOut,
      );
      assert.ok(closed.length > 60, `${closed.length} knocks`);
      const before = await lastingTablesOf(portal());
      for (const knock of closed) {
        const answer = await answerTo(person, knock);
        const said = `${knock.method} ${knock.address}: ${answer.status} ${answer.headers['location']}`;
        assert.equal(answer.status, 303, said);
        assert.match(answer.headers['location'] ?? '', leadsTo, said);
      }
      assert.deepEqual(await lastingTablesOf(portal()), before);
      const open = knocksOn(
        portal().app,
        ids,
        (pattern) => pattern !== '/sign-out' && (FOR_ANYBODY.has(pattern) || due.test(pattern)),
      );
      for (const knock of open) {
        const answer = await answerTo(person, knock);
        const said = `${knock.method} ${knock.address}: ${answer.status}`;
        assert.ok(answer.status < 500, said);
        assert.equal(answer.$('details.menu').length, 0, said);
      }
      const { status, headers } = await person.loads('/profile');
      assert.equal(status, 303);
      assert.match(headers['location'] ?? '', leadsTo);
    });
  }

  it('with an account without administrator rights is refused on every page of the administration, and this is recorded', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    const email = newEmail('mallory');
    const { id } = await portal().account(email);
    const member = await signsIn(portal(), email);
    const { audit_events: _grows, ...before } = await lastingTablesOf(portal());
    const closed = knocksOn(portal().app, [...ids, id], (pattern) => /^\/admin(\/|$)/.test(pattern));
    assert.ok(closed.length > 60, `${closed.length} knocks`);
    for (const knock of closed) {
      const { status } = await answerTo(member, knock);
      assert.equal(status, 403, `${knock.method} ${knock.address}`);
    }
    const { audit_events: _grew, ...after } = await lastingTablesOf(portal());
    assert.deepEqual(after, before);
    const { total } = await portal().services.audit.search({
      ...{ event: 'access.denied', subjectId: id, page: 1, pageSize: 1 },
    });
    assert.equal(total, closed.length);
  });
});

onPortal('An attacker with the cookie of a session from before the second factor', (portal) => {
  it('is out when every other sign-in is ended, also if a code was asked for before', async () => {
    const email = newEmail('vera');
    const account = await portal().account(email);
    const thief = await signsIn(portal(), email);
    await enrolsApp(portal(), account);
    await thief.visits('/profile');
    assert.equal(thief.page.path, '/sign-in/code');
    await thief.visits('/sign-in/code/other');
    await thief.presses('Use “Phone”');
    assert.equal(thief.page.path, '/sign-in/code', thief.page.heading);
    assert.ok(await portal().services.signIns.endOthers(account, 'of the owner', OPERATOR));
    await thief.visits('/sign-in/code');
    assert.equal(thief.page.heading, 'Sign in');
  });

  it('leaves no sign-in open when signing out at the code page', async () => {
    const email = newEmail('vera');
    const account = await portal().account(email);
    const browser = await signsIn(portal(), email);
    await enrolsApp(portal(), account);
    await browser.visits('/profile');
    await browser.presses('Cancel and sign out');
    assert.deepEqual(await portal().services.signIns.of(account), []);
  });
});
