import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { setsUpApp, setsUpEmail, signsIn } from '../support/steps.ts';

const HELP_CENTER = 'https://help.example.org/start';

onPortal(
  'The front page',
  (portal) => {
    let number = 0;
    let email = '';
    let ann: Person;

    beforeEach(async () => {
      await portal().services.settings.change({
        twoFactor: { rule: 'optional', methods: ['app', 'email'] },
        siteName: 'Example Help',
      });
      email = `ann${number++}@example.org`;
      await portal().account(email);
      ann = await signsIn(portal(), email);
      await ann.visits('/');
    });

    it('is the sign-in for signed-out people', async () => {
      const stranger = new Person(portal().app);
      await stranger.visits('/');
      assert.equal(stranger.page.path, '/sign-in');
      assert.equal(stranger.page.heading, 'Sign in');
    });

    it('greets the person, and describes the state of 2FA in a sentence, with a link', async () => {
      assert.equal(ann.page.heading, 'Hello, Ann Example');
      assert.match(ann.page.text, /is not set up\. Only your password protects your account\./);
      await ann.follow('Set up 2FA');
      assert.equal(ann.page.heading, 'Your 2FA');
      await setsUpApp(portal(), ann, email);
      await ann.visits('/');
      assert.match(ann.page.text, /protects your account: 1 authenticator is set up\./);
      await setsUpEmail(portal(), ann, email);
      await ann.visits('/');
      assert.match(ann.page.text, /protects your account: 2 authenticators are set up\./);
      await ann.follow('See your 2FA');
      assert.equal(ann.page.heading, 'Your 2FA');
      await portal().services.settings.change({ twoFactor: { rule: 'off', methods: ['app', 'email'] } });
      await ann.visits('/');
      assert.match(ann.page.text, /protects your account: 2 authenticators are set up\./, 'still asked for');
      const account = await portal().services.accounts.findByEmail(email);
      for (const { id } of await portal().services.authenticators.of(account?.id ?? '')) {
        await portal().services.authenticators.remove(account?.id ?? '', id, portal().now());
      }
      await ann.visits('/');
      assert.match(ann.page.text, /switched off here\. Only your password protects your account\./);
      await ann.follow('See your 2FA');
      assert.match(ann.page.text, /administrators have switched .* off/i);
    });

    it('links the help center', async () => {
      const ways = ann.page.links.filter(({ href }) => href === HELP_CENTER);
      assert.ok(ways.some(({ text }) => text === 'Go to Example Help'));
    });

    describe('its header', () => {
      it('has an avatar that opens a menu without a script: My Profile, Sign out', async () => {
        const menu = ann.page.$('header details.menu');
        assert.equal(menu.length, 1);
        assert.equal(menu.find('summary .avatar').text(), 'AE');
        assert.match(menu.find('summary').text(), /Ann Example.*account menu/i);
        const items = menu.find('nav a, nav button').toArray();
        assert.deepEqual(
          items.map((item) => ann.page.$(item).text()),
          ['My Profile', 'Sign out'],
        );
        await ann.follow('My Profile');
        assert.equal(ann.page.path, '/profile');
        await ann.presses('Sign out');
        assert.equal(ann.page.heading, 'You are signed out');
        await ann.visits('/profile');
        assert.equal(ann.page.heading, 'Sign in');
      });

      it('links the Administration for administrators', async () => {
        const boss = `boss${number++}@example.org`;
        await portal().account(boss, 'administrator', 'Bo');
        const bo = await signsIn(portal(), boss);
        await bo.visits('/');
        assert.equal(bo.page.$('summary .avatar').text(), 'B');
        await bo.follow('Administration');
        assert.match(bo.page.path, /^\/admin\//);
      });
    });
  },
  { HELP_CENTER_URL: HELP_CENTER },
);

onPortal('The front page of a site without a help center', (portal) => {
  it('has no link to one', async () => {
    await portal().account('ann@example.org');
    const ann = await signsIn(portal(), 'ann@example.org');
    await ann.visits('/');
    assert.deepEqual(
      ann.page.links.filter(({ href }) => !/^[/#]/.test(href)),
      [],
    );
  });
});
