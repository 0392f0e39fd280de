import assert from 'node:assert/strict';
import { codeIn, linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onBothStores } from '../support/portal.ts';
import { givesPassword, nextStep, scansQrCode, setsUpApp, signsIn } from '../support/steps.ts';

onBothStores('Mandatory 2FA', (portal) => {
  let number = 0;
  let email = '';

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
  });

  it('makes a person without an authenticator create one by email, and then leads on to the requested page', async () => {
    const ann = await signsIn(portal(), email);
    assert.equal(ann.page.heading, 'Set up two-factor authentication');
    assert.match(ann.page.text, /requires two-factor authentication/);
    await ann.follow('Set up email authentication');
    assert.equal(ann.page.heading, 'Set up email authentication');
    assert.match(ann.page.title, /Step 1 of 2/);
    assert.match(ann.page.text, new RegExp(email));
    ann.fillsIn('Authenticator Name', 'Mail');
    await ann.presses('Send Verification Code');
    assert.match(ann.page.title, /Step 2 of 2/);
    ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
    await ann.presses('Submit Code and Create');
    assert.equal(ann.page.notice, '“Mail” is set up. You’ll use it when you sign in.');
    assert.equal(ann.page.heading, 'Recovery codes');
    await ann.presses('I have saved them. Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
    const notice = await portal().mailbox.next(email);
    assert.match(notice.text ?? '', /Mail/);
  });

  it('comes after a forgotten password too, with a way on from the recovery codes', async () => {
    await portal().services.credentials.requestReset(email, OPERATOR.origin);
    const ann = new Person(portal().app);
    await ann.visits(linkIn(await portal().mailbox.next(email)));
    ann.fillsIn('New password', 'forty brown sparrows');
    await ann.presses('Save password');
    assert.equal(ann.page.path, '/sign-in');
    await givesPassword(ann, email, 'forty brown sparrows');
    assert.equal(ann.page.path, '/sign-in/set-up');
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Submit Code and Create');
    assert.equal(ann.page.heading, 'Recovery codes');
    await ann.presses('I have saved them. Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
  });

  it('makes a person create one by app, and asks for it the next time', async () => {
    const ann = await signsIn(portal(), email);
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Submit Code and Create');
    await ann.presses('I have saved them. Continue');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
    nextStep(portal());
    const again = await signsIn(portal(), email);
    again.fillsIn('Verification Code', app.code(portal().now()));
    await again.presses('Continue');
    assert.equal(again.page.heading, 'Hello, Ann Example');
  });

  it('shows the recovery codes before anything else, until the person confirms that they are saved', async () => {
    const ann = await signsIn(portal(), email);
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Submit Code and Create');
    const codes = ann.page.$('.recovery-codes').text();
    for (const path of ['/', '/profile', '/profile/two-factor', '/profile/sign-ins', '/step-up']) {
      await ann.visits(path);
      assert.equal(ann.page.heading, 'Recovery codes', path);
      assert.equal(ann.page.$('.recovery-codes').text(), codes);
    }
    const { status, headers } = await ann.submitsRaw('POST', '/profile/name', { name: 'Too early' });
    assert.deepEqual([status, headers['location']], [303, '/profile/two-factor/recovery-codes']);
    assert.equal((await ann.loads('/profile/two-factor/recovery-codes/download')).status, 200);
    await ann.presses('I have saved them. Continue');
    assert.equal((await ann.loads('/profile')).status, 200);
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app'] } });
    const other = await signsIn(portal(), email);
    other.fillsIn('Verification Code', app.code(portal().now() + 30_000));
    await other.presses('Continue');
    await other.visits('/profile/two-factor/recovery-codes');
    await other.presses('Create new codes');
    await other.visits('/');
    assert.equal(other.page.heading, 'Hello, Ann Example', 'where 2FA is optional, so are the codes');
  });

  it('stops showing recovery codes after ten minutes, whether or not the person has confirmed them', async () => {
    const ann = await signsIn(portal(), email);
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Submit Code and Create');
    portal().wait(9 * 60_000);
    await ann.visits('/profile');
    assert.equal(ann.page.heading, 'Recovery codes');
    portal().wait(60_000);
    await ann.visits('/profile');
    assert.equal(ann.page.heading, 'My Profile');
  });

  it('redirects straight to the method if only one is allowed', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['email'] } });
    const ann = await signsIn(portal(), email);
    assert.equal(ann.page.heading, 'Set up email authentication');
    assert.match(ann.page.text, /requires two-factor authentication/, 'and says why');
    await ann.visits('/sign-in/set-up/app');
    assert.equal(ann.page.path, '/sign-in/set-up/email');
  });

  it('closes every page of the account until it is done', async () => {
    const ann = await signsIn(portal(), email);
    for (const path of [
      '/',
      '/profile',
      '/profile/two-factor',
      '/profile/two-factor/set-up/app',
      '/step-up',
      '/admin',
    ]) {
      await ann.visits(path);
      assert.equal(ann.page.path, '/sign-in/set-up', path);
    }
  });

  it('does not let a person with an authenticator create another instead of proving it', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    await setsUpApp(portal(), await signsIn(portal(), email), email);
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
    const mallory = await signsIn(portal(), email);
    for (const path of ['/sign-in/set-up', '/sign-in/set-up/app', '/sign-in/set-up/email']) {
      await mallory.visits(path);
      assert.equal(mallory.page.path, '/sign-in/code', path);
    }
    const answer = await mallory.submitsRaw('POST', '/sign-in/set-up/email', { step: 'name', name: 'Mine' });
    assert.equal(answer.headers['location'], '/sign-in/code');
  });

  it('applies to open sessions: the set-up pages come before anything else', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    const ann = await signsIn(portal(), email);
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
    await ann.visits('/profile');
    assert.equal(ann.page.path, '/sign-in/set-up');
  });

  it('asks an unattended old session for the password before it creates the first authenticator', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    const ann = await signsIn(portal(), email);
    portal().wait(11 * 60_000);
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app', 'email'] } });
    await ann.visits('/profile/two-factor');
    assert.equal(ann.page.heading, 'Sign in');
  });

  it('warns before the last one is removed that another has to be created, and then redirects there', async () => {
    const ann = await signsIn(portal(), email);
    await ann.follow('Set up authentication app');
    const app = await scansQrCode(ann);
    ann.fillsIn('Authenticator Name', 'Phone');
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Submit Code and Create');
    await ann.presses('I have saved them. Continue');
    await ann.visits('/profile/two-factor');
    await ann.follow('Edit Phone');
    await ann.follow('Remove');
    assert.match(ann.page.text, /You will have to set up another one before you can continue/);
    await ann.presses('Remove');
    assert.equal(ann.page.path, '/sign-in/set-up');
    await ann.visits('/');
    assert.equal(ann.page.path, '/sign-in/set-up');
  });

  it('asks an open session for the second step when another browser has created the first authenticator', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    const here = await signsIn(portal(), email);
    await setsUpApp(portal(), await signsIn(portal(), email), email);
    await here.visits('/profile');
    assert.equal(here.page.path, '/sign-in/code');
  });
});
