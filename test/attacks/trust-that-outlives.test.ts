import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { anotherInstance, OPERATOR, onPortal, type TestPortal } from '../support/portal.ts';
import { givesPassword, nextStep, signsIn } from '../support/steps.ts';
import {
  canReachProfile,
  currentAccount,
  enrolsEmail,
  givesAppCode,
  isSignedIn,
  mailedCode,
  newEmail,
  signsInFully,
  TRUST,
  trustsBrowser,
  type Victim,
  victimOf,
} from '../support/victim.ts';

const TRUST_COOKIE = 'postern-trust';

onPortal('A thief with the password and a copy of a trusted browser’s cookie', (portal) => {
  let other: TestPortal;
  let vera: Victim;
  /** Vera's trusted browser, signed out. */
  let owner: Person;

  before(async () => {
    other = await anotherInstance(portal());
  });

  after(async () => {
    await other.close();
  });

  beforeEach(async () => {
    vera = await victimOf(portal());
    owner = await trustsBrowser(portal(), vera);
    await owner.presses('Sign out');
  });

  /** A browser that has only the trusted browser's cookie; `at` is the instance that it uses. */
  function thiefWithCopy(at: TestPortal = portal()): Person {
    const thief = owner.copy({ userAgent: 'Dillo/3.1.1' }, at.app);
    for (const name of thief.cookies.keys()) if (name !== TRUST_COOKIE) thief.cookies.delete(name);
    return thief;
  }

  async function signsInAgain(person: Person, email = vera.email): Promise<void> {
    await person.visits('/sign-in');
    await givesPassword(person, email);
  }

  async function opensByTrust(person: Person, email = vera.email): Promise<void> {
    await signsInAgain(person, email);
    assert.ok(isSignedIn(person), person.page.heading);
  }

  it('loses the session that the copy opened, on every instance, once the owner’s browser shows the theft', async () => {
    const thief = thiefWithCopy(other);
    await opensByTrust(thief);
    await signsInAgain(owner);
    assert.equal(owner.page.path, '/sign-in/code');
    assert.equal(await canReachProfile(thief), false);
    assert.equal((await thief.loads('/sign-in')).status, 200);
  });

  it('ends the owner’s session with the trust if the owner came first, and gets none', async () => {
    const thief = thiefWithCopy(other);
    await opensByTrust(owner);
    await signsInAgain(thief);
    assert.equal(thief.page.path, '/sign-in/code');
    assert.equal(await canReachProfile(owner), false);
  });

  it('does not end a session that has proven its own code since', async () => {
    const thief = thiefWithCopy();
    await opensByTrust(owner);
    await owner.visits('/profile/password');
    owner.fillsIn('Password', 'seventeen green herons');
    await owner.presses('Continue');
    await givesAppCode(portal(), owner, vera.app);
    assert.equal(owner.page.path, '/profile/password');
    await signsInAgain(thief);
    assert.equal(thief.page.path, '/sign-in/code');
    assert.equal(await canReachProfile(owner), true);
  });

  for (const [what, change] of [
    [
      'removes the trust',
      async () => {
        const elsewhere = await signsInFully(portal(), vera);
        await elsewhere.visits('/profile/sign-ins');
        const button = elsewhere.page.buttons.find((text) => text.startsWith('Ask for a code again'));
        await elsewhere.presses(button ?? '');
        assert.equal(elsewhere.page.notice, 'That browser will be asked for a code again.');
      },
    ],
    [
      'changes the address',
      async () => {
        await portal().services.accounts.changeEmail(vera.account.id, newEmail('moved'), 1);
      },
    ],
    [
      'becomes an administrator',
      async () => {
        const account = await currentAccount(portal(), vera);
        await portal().services.administration.setRole(account, 'administrator', OPERATOR);
      },
    ],
    ['sets up another authenticator', async () => enrolsEmail(portal(), vera.account)],
    [
      'gets another rule from an administrator',
      async () => {
        const account = await currentAccount(portal(), vera);
        const { administration } = portal().services;
        await administration.enforceTwoFactor(account, { kind: 'none' }, OPERATOR);
      },
    ],
    [
      'loses the trust to a change of the policy',
      async () => {
        await portal().services.settingsChanges.change({ trustDays: 14 }, OPERATOR);
      },
    ],
  ] as const) {
    it(`loses the session that the copy opened when the owner ${what}`, async () => {
      const thief = thiefWithCopy(other);
      await opensByTrust(thief);
      await change();
      assert.equal(await canReachProfile(thief), false);
      await portal().services.settings.change({ trustDays: 30 });
    });
  }

  it('sees the sessions that depend on the trust disappear from the owner’s list', async () => {
    const thief = thiefWithCopy();
    await opensByTrust(thief);
    const elsewhere = await signsInFully(portal(), vera);
    await elsewhere.visits('/profile/sign-ins');
    assert.match(elsewhere.page.text, /Dillo/);
    await signsInAgain(owner);
    await elsewhere.visits('/profile/sign-ins');
    assert.doesNotMatch(elsewhere.page.text, /Dillo/);
  });

  it('keeps no trust whose codes went to the earlier mailbox, even if the address comes back', async () => {
    const email = newEmail('mail');
    const account = await portal().account(email);
    await enrolsEmail(portal(), account);
    const person = await signsIn(portal(), email);
    person.chooses(TRUST);
    person.fillsIn('Verification Code', await mailedCode(portal(), email));
    await person.presses('Continue');
    assert.ok(isSignedIn(person), person.page.heading);
    const copy = person.copy();
    copy.cookies.delete('postern');
    const actor = { party: { id: account.id, label: email }, origin: OPERATOR.origin };
    const moved = newEmail('moved');
    await movesTo(account.id, moved);
    await movesTo(account.id, email);
    nextStep(portal());
    await signsInAgain(copy, email);
    assert.equal(copy.page.path, '/sign-in/code');

    async function movesTo(id: string, address: string): Promise<void> {
      const { accounts, emailChanges } = portal().services;
      const present = await accounts.find(id);
      assert.ok(present);
      const change = { account: present, email: address, browser: 'a test' };
      nextStep(portal());
      await emailChanges.sendCode(change, actor);
      const outcome = await emailChanges.confirm(change, await mailedCode(portal(), address), actor);
      assert.equal(outcome.kind, 'changed');
      for (const to of [present.email, address]) await portal().mailbox.next(to);
    }
  });

  it('keeps no trust from before the account was an administrator’s, even if the role is removed', async () => {
    const thief = thiefWithCopy();
    const { administration } = portal().services;
    await portal().account(newEmail('admin'), 'administrator');
    for (const role of ['administrator', 'member'] as const) {
      const account = await currentAccount(portal(), vera);
      assert.equal(await administration.setRole(account, role, OPERATOR), 'done');
    }
    await signsInAgain(thief);
    assert.equal(thief.page.path, '/sign-in/code');
  });
});
