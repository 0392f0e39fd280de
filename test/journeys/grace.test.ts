import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { days } from '../../src/kernel/time.ts';
import type { Grace } from '../../src/settings/grace.ts';
import type { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { givesPassword, scansQrCode, setsUpApp, signsIn } from '../support/steps.ts';
import { enrolsApp, newEmail } from '../support/victim.ts';

const WEEK: Grace = { kind: 'days', days: 7 };

onPortal('Grace', (portal) => {
  let email = '';
  let account: Account;

  beforeEach(async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    email = newEmail('ann');
    account = await portal().account(email);
  });

  const mandatory = (grace: Grace) => siteRuleIs(portal(), { rule: 'mandatory', grace });
  const banner = ({ page }: Person) => page.$('.grace').text().replace(/\s+/g, ' ').trim();
  const begun = async () =>
    (await portal().services.policies.of(account, await siteNow())).rules.map(({ graceStartedAt: at }) => at);
  async function siteNow() {
    const { twoFactor, grace, mandatorySince } = await portal().services.settings.read();
    return { ...twoFactor, grace, since: mandatorySince };
  }

  it('shows its own page with the reason and the deadline, and lets the person continue to the requested page', async () => {
    await mandatory({ kind: 'until', at: Date.UTC(2099, 2, 1) });
    const ann = await signsIn(portal(), newEmail('nobody'));
    await ann.visits('/profile/sign-ins');
    await givesPassword(ann, email);
    assert.equal(ann.page.path, '/sign-in/set-up');
    assert.equal(ann.page.heading, 'Set up two-factor authentication');
    assert.match(ann.page.text, /Help Center requires two-factor authentication/);
    assert.match(ann.page.text, /You can postpone it until 1 March 2099 at 00:00 UTC\./);
    assert.match(ann.page.text, /Set it up now/);
    await ann.presses('Not now');
    assert.equal(ann.page.heading, 'Your sessions');
  });

  it('shows the deadline on each page of the account, with a link to set it up', async () => {
    await mandatory({ kind: 'until', at: Date.UTC(2099, 2, 1) });
    const ann = await signsIn(portal(), email);
    assert.equal(banner(ann), '', 'half way in there is no account yet');
    await ann.presses('Not now');
    for (const path of ['/', '/profile', '/profile/password', '/profile/sign-ins', '/no-such-page']) {
      await ann.visits(path);
      assert.match(banner(ann), /until 1 March 2099 at 00:00 UTC\. Set up 2FA$/, path);
    }
    await ann.follow('Set up 2FA');
    await setsUpApp(portal(), ann, email);
    await ann.visits('/profile');
    assert.equal(banner(ann), '');
  });

  it('also leads a person who sets it up at sign-in to the requested page', async () => {
    await mandatory(WEEK);
    const ann = await signsIn(portal(), newEmail('nobody'));
    await ann.visits('/profile');
    await givesPassword(ann, email);
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Submit Code and Create');
    await ann.presses('I have saved them. Continue');
    assert.equal(ann.page.path, '/profile');
  });

  it('starts with the first sign-in and is not extended by the next, or in another browser', async () => {
    await mandatory(WEEK);
    portal().wait(days(3));
    assert.deepEqual(await begun(), [null]);
    const first = portal().now();
    await signsIn(portal(), email);
    const [at] = await begun();
    assert.ok(at && at >= first && at <= portal().now());
    portal().wait(days(6));
    const ann = await signsIn(portal(), email);
    await ann.presses('Not now');
    assert.deepEqual(await begun(), [at]);
    portal().wait(days(1));
    const late = await signsIn(portal(), email);
    assert.equal(late.page.path, '/sign-in/set-up');
    assert.ok(!late.page.buttons.includes('Not now'));
  });

  it('starts once for twenty concurrent sign-ins', async () => {
    await mandatory(WEEK);
    const { policies } = portal().services;
    const site = await siteNow();
    const found = await Promise.all(Array.from({ length: 20 }, () => policies.atSignIn(account, site)));
    const deadlines = new Set(found.map(({ deadline }) => JSON.stringify(deadline)));
    assert.deepEqual(
      [...deadlines],
      [JSON.stringify({ kind: 'at', at: Number((await begun())[0]) + days(7) })],
    );
  });

  it('shows its length to a session from before it was mandatory, and stops nobody', async () => {
    const ann = await signsIn(portal(), email);
    await mandatory(WEEK);
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/profile');
    assert.match(banner(ann), /postpone it for 7 days from your next sign-in/);
    assert.deepEqual(await begun(), [null], 'looking at pages begins nothing');
  });

  it('ends at its deadline in an open session, after which the set-up pages come before anything else', async () => {
    const soon = portal().now() + 5 * 60_000;
    await mandatory({ kind: 'until', at: soon });
    const ann = await signsIn(portal(), email);
    await ann.presses('Not now');
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/profile');
    portal().wait(5 * 60_000);
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/sign-in/set-up');
    assert.ok(!ann.page.buttons.includes('Not now'));
  });

  it('ends at once when it is shortened, even if it was put off a moment ago, and on a page that still shows the button', async () => {
    await mandatory(WEEK);
    const ann = await signsIn(portal(), email);
    await ann.presses('Not now');
    const waiting = await signsIn(portal(), email);
    assert.ok(waiting.page.buttons.includes('Not now'));
    await mandatory({ kind: 'days', days: 0 });
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/sign-in/set-up');
    await waiting.presses('Not now');
    assert.equal(waiting.page.path, '/sign-in/set-up');
    assert.ok(!waiting.page.buttons.includes('Not now'));
    await waiting.visits('/profile');
    assert.equal(waiting.page.path, '/sign-in/set-up');
  });

  it('has its button at each sign-in for as long as it lasts', async () => {
    await mandatory(WEEK);
    for (let day = 0; day < 7; day += 1) {
      const ann = await signsIn(portal(), email);
      assert.equal(ann.page.path, '/sign-in/set-up');
      await ann.presses('Not now');
      assert.equal(ann.page.path, '/', `day ${day}`);
      await ann.presses('Sign out');
      portal().wait(days(1) - 1000);
    }
  });

  it('lasts longer when administrators extend it, counted from the same first sign-in', async () => {
    await mandatory(WEEK);
    await signsIn(portal(), email);
    const [at] = await begun();
    portal().wait(days(8));
    assert.ok(!(await signsIn(portal(), email)).page.buttons.includes('Not now'));
    await mandatory({ kind: 'days', days: 10 });
    const ann = await signsIn(portal(), email);
    await ann.presses('Not now');
    assert.equal(ann.page.path, '/');
    assert.deepEqual(await begun(), [at]);
    portal().wait(days(2));
    assert.ok(!(await signsIn(portal(), email)).page.buttons.includes('Not now'));
  });

  it('does not start again when the last authenticator is removed: another has to be created at once', async () => {
    await mandatory({ kind: 'until', at: Date.UTC(2099, 2, 1) });
    const ann = await signsIn(portal(), email);
    await ann.presses('Not now');
    await setsUpApp(portal(), ann, email);
    await ann.visits('/profile/two-factor');
    await ann.follow('Edit Phone');
    await ann.follow('Remove');
    assert.match(ann.page.text, /You will have to set up another one before you can continue/);
    await ann.presses('Remove');
    assert.equal(ann.page.path, '/sign-in/set-up');
    assert.ok(!ann.page.buttons.includes('Not now'));
    const again = await signsIn(portal(), email);
    assert.ok(!again.page.buttons.includes('Not now'));
  });

  it("does not start again after an administrator's reset, either", async () => {
    await mandatory(WEEK);
    await enrolsApp(portal(), account);
    await portal().services.administration.resetTwoFactor(account, OPERATOR);
    const ann = await signsIn(portal(), email);
    assert.equal(ann.page.path, '/sign-in/set-up');
    assert.ok(!ann.page.buttons.includes('Not now'));
  });

  it('applies to later rules for a person who removed an authenticator while it was optional', async () => {
    const ann = await signsIn(portal(), email);
    await setsUpApp(portal(), ann, email);
    const [app] = await portal().services.authenticators.of(account.id);
    assert.ok(app);
    await portal().services.authenticators.remove(account.id, app.id, portal().now());
    portal().wait(1000);
    await mandatory(WEEK);
    assert.ok((await signsIn(portal(), email)).page.buttons.includes('Not now'));
  });

  it('refuses "Not now" if there is none, or if a code is due', async () => {
    await mandatory({ kind: 'none' });
    const ann = await signsIn(portal(), email);
    const answer = await ann.submitsRaw('POST', '/sign-in/set-up/later', {});
    assert.deepEqual([answer.status, answer.headers['location']], [303, '/sign-in/set-up']);
    assert.equal((await ann.loads('/profile')).status, 303);
    await mandatory(WEEK);
    await enrolsApp(portal(), account);
    const thief = await signsIn(portal(), email);
    const refused = await thief.submitsRaw('POST', '/sign-in/set-up/later', {});
    assert.deepEqual([refused.status, refused.headers['location']], [303, '/sign-in/code']);
    assert.equal((await thief.loads('/profile')).status, 303);
  });

  it('is recorded each time it is used', async () => {
    await mandatory(WEEK);
    const ann = await signsIn(portal(), email);
    await ann.presses('Not now');
    const { events } = await portal().services.audit.search({
      ...{ event: 'two-factor.put-off', subjectId: account.id, page: 1, pageSize: 5 },
    });
    assert.equal(events.length, 1);
  });

  it('does not skip an existing authenticator while another method becomes mandatory for the group', async () => {
    const app = await enrolsApp(portal(), account);
    const grace = { kind: 'until', at: Date.UTC(2099, 2, 1) } as const;
    await groupWith(portal(), { rule: 'mandatory', methods: ['email'], grace }, [account], 'Desk');
    const ann = await signsIn(portal(), email);
    assert.equal(ann.page.path, '/sign-in/code');
    portal().wait(30_000);
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Continue');
    assert.equal(ann.page.path, '/sign-in/set-up');
    assert.match(ann.page.text, /because you are in the group “Desk”/);
    assert.match(ann.page.text, /Your present authenticators do not meet this requirement/);
    await ann.presses('Not now');
    assert.equal(ann.page.path, '/');
    assert.match(banner(ann), /until 1 March 2099/);
  });
});
