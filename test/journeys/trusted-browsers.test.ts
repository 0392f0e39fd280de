import assert from 'node:assert/strict';
import { siteRule } from '../../src/settings/settings.ts';
import type { AuthenticatorApp } from '../support/authenticator-app.ts';
import type { Person } from '../support/person.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, nextStep, setsUpApp, setsUpEmail, signsIn } from '../support/steps.ts';

const TRUST = 'Don’t ask for a code in this browser for 30 days';

onPortal('Trusted browsers', (portal) => {
  let number = 0;
  let email = '';
  let app: AuthenticatorApp;
  let ann: Person;

  /** A new person with an app, signed in with "Don't ask for a code in this browser". */
  beforeEach(async () => {
    await portal().services.settings.change({
      trustDays: 30,
      twoFactor: { rule: 'optional', methods: ['app', 'email'] },
    });
    email = `ann${number++}@example.org`;
    await portal().account(email);
    app = await setsUpApp(portal(), await signsIn(portal(), email), email);
    nextStep(portal());
    ann = await signsIn(portal(), email);
    ann.chooses(TRUST);
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
  });

  async function signsInAgain(): Promise<void> {
    await ann.visits('/');
    if (ann.page.buttons.includes('Sign out')) await ann.presses('Sign out');
    await ann.visits('/sign-in');
    await givesPassword(ann, email);
  }

  it('are not asked for a code at the next sign-in; others are', async () => {
    await signsInAgain();
    assert.equal(ann.page.heading, 'Hello, Ann Example');
    const elsewhere = await signsIn(portal(), email);
    assert.equal(elsewhere.page.heading, 'Enter the code from your app');
  });

  it('keep their trust, and cause no warning, if the form is sent twice at once', async () => {
    await ann.presses('Sign out');
    await ann.visits('/sign-in');
    ann.fillsIn('Email', email);
    ann.fillsIn('Password', PASSWORD);
    const answers = await ann.races(2, 'Sign in');
    const led = answers.map(({ headers }) => headers['location']?.replace(/^http:..[^/]+/, ''));
    assert.deepEqual(led.toSorted(), ['/', '/sign-in/code']);
    const query = { event: 'trusted-browser.replayed', person: email, page: 1, pageSize: 5 } as const;
    assert.equal((await portal().services.audit.search(query)).total, 0);
    const [winner] = answers.filter((_, index) => led[index] === '/');
    assert.ok(winner);
    await ann.goesOnFrom(winner);
    await signsInAgain();
    assert.equal(ann.page.heading, 'Hello, Ann Example');
  });

  it('still need the password', async () => {
    await ann.presses('Sign out');
    await ann.visits('/sign-in');
    await givesPassword(ann, email, 'not the password');
    assert.equal(ann.page.status, 422);
  });

  it('are asked for everything at a step-up', async () => {
    await signsInAgain();
    await ann.visits('/profile/two-factor/set-up/email');
    assert.equal(ann.page.heading, 'Confirm that it is you');
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Continue');
    assert.equal(ann.page.heading, 'Enter the code from your app');
    assert.ok(!ann.page.text.includes(TRUST));
  });

  it('get a new token each time; an old one ends the trust and warns the person', async () => {
    const stolen = ann.copy();
    await signsInAgain();
    assert.notEqual(ann.cookies.get('postern-trust'), stolen.cookies.get('postern-trust'));
    await stolen.visits('/sign-in');
    stolen.cookies.delete('postern');
    await stolen.visits('/sign-in');
    await givesPassword(stolen, email);
    assert.equal(stolen.page.heading, 'Enter the code from your app');
    assert.match((await portal().mailbox.next(email)).subject ?? '', /trusted browser/);
    await signsInAgain();
    assert.equal(ann.page.heading, 'Enter the code from your app');
  });

  it('cause one warning if a copy is sent in twenty concurrent requests', async () => {
    const copy = decodeURIComponent(ann.cookies.get('postern-trust') ?? '');
    await signsInAgain();
    const { accounts, authenticators, policies, settings, trustedBrowsers, audit } = portal().services;
    const account = await accounts.findByEmail(email);
    const presented = await trustedBrowsers.present(copy);
    assert.ok(account && presented);
    const present = await settings.read();
    const basis = {
      account,
      authenticators: await authenticators.of(account.id),
      policy: await policies.of(account, siteRule(present)),
      trustDays: present.trustDays,
    };
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => trustedBrowsers.check(presented, basis, OPERATOR)),
    );
    assert.ok(outcomes.every(({ kind }) => kind === 'not trusted'));
    const query = { event: 'trusted-browser.replayed', person: email, page: 1, pageSize: 50 } as const;
    assert.equal((await audit.search(query)).total, 1);
    assert.match((await portal().mailbox.next(email)).subject ?? '', /trusted browser/);
  });

  for (const [what, change] of [
    ['after 30 days', async () => portal().wait(30 * 24 * 3_600_000)],
    [
      'when the password changes',
      async (id: string) => {
        const { passwordHash } = (await portal().services.accounts.find(id)) ?? {};
        await portal().services.accounts.changePassword(id, passwordHash ?? '');
      },
    ],
    [
      'when the policy changes',
      async () => {
        await portal().services.settings.change({
          twoFactor: { rule: 'mandatory', methods: ['app', 'email'] },
        });
      },
    ],
    [
      'when the days change',
      async () => {
        await portal().services.settings.change({ trustDays: 7 });
      },
    ],
    [
      'when trust is switched off',
      async () => {
        await portal().services.settings.change({ trustDays: 0 });
      },
    ],
  ] as const) {
    it(`end ${what}`, async () => {
      const account = await portal().services.accounts.findByEmail(email);
      await change(account?.id ?? '');
      await signsInAgain();
      assert.equal(ann.page.heading, 'Enter the code from your app');
    });
  }

  it('end for good if the policy changes, even if the change is reverted', async () => {
    const { settings, settingsChanges } = portal().services;
    const { twoFactor } = await settings.read();
    for (const [change, back] of [
      [{ trustDays: 0 }, { trustDays: 30 }],
      [{ twoFactor: { rule: 'off', methods: ['app', 'email'] } }, { twoFactor }],
      [{ twoFactor: { ...twoFactor, methods: ['app'] } }, { twoFactor }],
    ] as const) {
      await settingsChanges.change(change, OPERATOR);
      await settingsChanges.change(back, OPERATOR);
      await signsInAgain();
      assert.equal(ann.page.heading, 'Enter the code from your app', JSON.stringify(change));
      ann.chooses(TRUST);
      nextStep(portal());
      ann.fillsIn('Verification Code', app.code(portal().now()));
      await ann.presses('Continue');
    }
    await settingsChanges.change({ siteName: 'Another name' }, OPERATOR);
    await signsInAgain();
    assert.equal(ann.page.heading, 'Hello, Ann Example', 'what has nothing to do with it leaves it');
  });

  it('end when a factor is added', async () => {
    await setsUpEmail(portal(), ann, email);
    await signsInAgain();
    assert.equal(ann.page.heading, 'Enter the code from your app');
  });

  it("end with an administrator's reset, and skip no enrolment that the policy requires", async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
    const account = await portal().services.accounts.findByEmail(email);
    assert.ok(account);
    await portal().services.administration.resetTwoFactor(account, OPERATOR);
    await signsInAgain();
    assert.equal(ann.page.heading, 'Set up two-factor authentication');
  });

  it('are not offered if the policy does not allow them, and the form value alone does nothing', async () => {
    await portal().services.settings.change({ trustDays: 0 });
    nextStep(portal());
    const there = await signsIn(portal(), email);
    assert.ok(!there.page.html.includes('name="trust"'));
    await there.submitsRaw('POST', '/sign-in/code', { code: app.code(portal().now()), trust: 'yes' });
    assert.equal(there.cookies.get('postern-trust'), undefined);
  });

  it('can be listed and removed', async () => {
    await ann.visits('/profile/sign-ins');
    assert.match(ann.page.text, /Trusted browsers .*Trusted since .* Until/);
    const button = ann.page.buttons.find((text) => text.startsWith('Ask for a code again'));
    await ann.presses(button ?? '');
    assert.equal(ann.page.notice, 'That browser will be asked for a code again.');
    await signsInAgain();
    assert.equal(ann.page.heading, 'Enter the code from your app');
  });

  it("do nothing for another person's account", async () => {
    const other = `other-${email}`;
    await portal().account(other);
    await setsUpApp(portal(), await signsIn(portal(), other), other);
    await ann.presses('Sign out');
    await ann.visits('/sign-in');
    await givesPassword(ann, other);
    assert.equal(ann.page.heading, 'Enter the code from your app');
  });
});
