import assert from 'node:assert/strict';
import { badNewPasswords, refusesBadFields } from '../support/bad-fields.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';

onPortal('An invitation', (portal) => {
  let number = 0;
  let email = '';
  let link = '';
  let ann: Person;

  const tokenOf = (address: string) => new URL(address).searchParams.get('token') ?? '';
  const idOf = async () => (await portal().services.accounts.findByEmail(email))?.id ?? '';

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().services.settings.change({ siteName: 'Acme Help' });
    await portal().services.registration.invite({ email, name: 'Ann Example' }, 'member', OPERATOR);
    link = linkIn(await portal().mailbox.next(email));
    ann = new Person(portal().app);
    await ann.visits(link);
  });

  it('names the invited person, and takes a password with which the person then signs in', async () => {
    assert.equal(ann.page.heading, 'Choose your password');
    assert.ok(ann.page.text.includes(email));
    assert.equal(ann.page.$('input[autocomplete=username]').attr('value'), email);
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Save password');
    assert.equal(ann.page.path, '/sign-in');
    assert.equal(ann.page.notice, 'Your password is set. You can sign in with it now.');
    assert.ok(!ann.trail.slice(1).join().includes('token'), 'the token is in no address but the mail’s');
    await givesPassword(ann, email);
    assert.equal(ann.page.heading, 'Protect your account with 2FA');
  });

  it('lets nobody sign in before the password is chosen', async () => {
    const other = await signsIn(portal(), email);
    assert.equal(other.page.status, 422);
  });

  it('refuses an unsuitable password, and keeps the link valid', async () => {
    const token = tokenOf(link);
    const own = [`${email}`, 'annexample12', 'AcmeHelp-acme-help'];
    await refusesBadFields(ann, '/invitation', { token }, badNewPasswords(own, 'Password'));
    ann.fillsIn('Password', '  seventeen 😀 green herons  ');
    await ann.presses('Save password');
    await givesPassword(ann, email, '  seventeen 😀 green herons  ');
    assert.equal(ann.page.heading, 'Protect your account with 2FA');
  });

  it('keeps a long password complete: its last character counts', async () => {
    const long = `${'Heron '.repeat(20)}end of a long password`;
    ann.fillsIn('Password', long);
    await ann.presses('Save password');
    const { page } = await signsIn(portal(), email, {});
    assert.equal(page.status, 422);
    await givesPassword(ann, email, `${long.slice(0, 72)}#${long.slice(73)}`);
    assert.equal(ann.page.status, 422);
    await givesPassword(ann, email, `${long} `);
    assert.equal(ann.page.status, 422);
    await givesPassword(ann, email, long);
    assert.equal(ann.page.heading, 'Protect your account with 2FA');
  });

  it('is accepted for only one of twenty concurrent requests', async () => {
    ann.fillsIn('Password', PASSWORD);
    const answers = await ann.races(20, 'Save password');
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(answers.filter(({ status }) => status === 410).length, 19);
  });

  it('is invalid with the same text whether used, replaced, expired, altered or of a disabled account', async () => {
    const { registration, accounts } = portal().services;
    const dead = new Set<string>();
    const looksAt = async (address: string) => {
      await ann.visits(address);
      assert.equal(ann.page.status, 410, address);
      dead.add(ann.page.html);
    };
    const account = await accounts.findByEmail(email);
    assert.ok(account);
    await registration.inviteAgain(account, OPERATOR);
    const newer = linkIn(await portal().mailbox.next(email));
    await looksAt(link);
    await looksAt(`${newer}x`);
    await looksAt('/invitation');
    await looksAt(`/invitation?token=${tokenOf(newer)}&token=${tokenOf(newer)}`);
    await accounts.disable(account.id, portal().now());
    await looksAt(newer);
    await accounts.enable(account.id);
    assert.equal((await ann.visits(newer)).status, 200);
    portal().wait(7 * 24 * 60 * 60 * 1000);
    await looksAt(newer);
    await registration.inviteAgain(account, OPERATOR);
    const newest = linkIn(await portal().mailbox.next(email));
    await ann.visits(newest);
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Save password');
    ann.forgetsCookies();
    await looksAt(newest);
    assert.equal(dead.size, 1);
    assert.match(ann.page.text, /ask an administrator for a new invitation/);
    await ann.follow('Sign in');
  });

  it('opens no page of another kind of link', async () => {
    for (const path of ['/reset-password', '/sign-up/confirm', '/setup']) {
      assert.equal((await ann.visits(`${path}?token=${tokenOf(link)}`)).status, 410);
    }
  });

  it('continues after an outdated form', async () => {
    const answer = await ann.submitsRaw(
      'POST',
      '/invitation',
      { token: tokenOf(link), newPassword: PASSWORD },
      { csrf: 'stale' },
    );
    assert.equal(answer.status, 403);
    await ann.goesOnFrom(answer);
    await ann.follow('Back to the form');
    assert.equal(ann.page.heading, 'Choose your password');
  });

  it('does not affect another person who is signed in in this browser', async () => {
    await portal().account(`bob${number}@example.org`, 'member', 'Bob Builder');
    const bob = await signsIn(portal(), `bob${number}@example.org`);
    await bob.visits(link);
    bob.fillsIn('Password', PASSWORD);
    await bob.presses('Save password');
    assert.equal(bob.page.heading, 'Hello, Bob Builder');
    assert.match(bob.page.notice ?? '', /Your password is set/);
  });

  it('is recorded when it is accepted, without the link or the password', async () => {
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Save password');
    const query = { event: 'account.created', person: email, page: 1, pageSize: 50 } as const;
    const { events } = await portal().services.audit.search(query);
    assert.deepEqual(
      events.map(({ actorId }) => actorId),
      [await idOf()],
    );
    assert.ok(!portal().log().includes(tokenOf(link)));
    assert.ok(!portal().log().includes(PASSWORD));
  });
});
