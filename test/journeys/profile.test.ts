import assert from 'node:assert/strict';
import { loadWords } from '../../src/kernel/i18n.ts';
import { badLines, refusesBadFields } from '../support/bad-fields.ts';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { setsUpApp, signsIn, stepsUpElsewhere } from '../support/steps.ts';

const PAGES = ['/profile', '/profile/name', '/profile/language', '/profile/email', '/profile/password'];

onPortal('My Profile', (portal) => {
  let number = 0;
  let email = '';
  let ann: Person;

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    ann = await signsIn(portal(), email);
    await ann.visits('/');
    await ann.follow('My Profile');
  });

  const accountNow = () => portal().services.accounts.findByEmail(email);

  describe('the overview', () => {
    it('shows name, email, language, that there is a password, and the state of 2FA in a sentence', () => {
      assert.equal(ann.page.heading, 'My Profile');
      assert.match(ann.page.text, /Your name Ann Example Change/);
      assert.match(ann.page.text, new RegExp(`Email ${email} Change`));
      assert.match(ann.page.text, /Password Hidden Change/);
      assert.match(ann.page.text, /Language Same as my browser Change/);
      assert.match(
        ann.page.text,
        /authentication Not set up yet\. Only your password protects your account\. Your 2FA/,
      );
    });

    it('leads to Your 2FA, and shows the number of authenticators, or that 2FA is off if there is none', async () => {
      await ann.follow('Your 2FA');
      assert.equal(ann.page.path, '/profile/two-factor');
      await setsUpApp(portal(), ann, email);
      await ann.visits('/profile');
      assert.match(ann.page.text, /On\. You have 1 authenticator\./);
      await portal().services.settings.change({ twoFactor: { rule: 'off', methods: ['app', 'email'] } });
      await ann.visits('/profile');
      assert.match(ann.page.text, /On\. You have 1 authenticator\./, 'which is still asked for');
      const account = await portal().services.accounts.findByEmail(email);
      const [phone] = await portal().services.authenticators.of(account?.id ?? '');
      await portal().services.authenticators.remove(account?.id ?? '', phone?.id ?? '', portal().now());
      await ann.visits('/profile');
      assert.match(ann.page.text, /The administrators have switched it off\./);
    });

    for (const [link, heading] of [
      ['Change – Your name', 'Change your name'],
      ['Change – Email', 'Change your email address'],
      ['Change – Password', 'Change your password'],
      ['Change – Language', 'Choose your language'],
    ] as const) {
      it(`leads to "${heading}" and back`, async () => {
        await ann.follow(link);
        assert.equal(ann.page.heading, heading);
        assert.ok(ann.page.links.filter(({ href }) => href === '/profile').length > 0);
        await ann.visits(ann.page.$('a.back').attr('href') ?? '');
        assert.equal(ann.page.heading, 'My Profile');
      });
    }

    it('shows a name with markup as text', async () => {
      const name = '<b>&amp;"\'><script>{{t}}</script>';
      await portal().services.accounts.rename((await accountNow())?.id ?? '', name);
      await ann.visits('/profile');
      assert.ok(ann.page.text.includes(name));
      assert.equal(ann.page.$('main script, main b').length, 0);
    });
  });

  describe('every page of it', () => {
    it('redirects signed-out people to the sign-in, and to the page afterwards', async () => {
      for (const path of [...PAGES, '/profile/email/code']) {
        const stranger = new Person(portal().app);
        await stranger.visits(path);
        assert.equal(stranger.page.path, `/sign-in?return-to=${encodeURIComponent(path)}`);
        const answer = await stranger.submitsRaw('POST', path, { name: 'Mallory', language: 'ar' });
        assert.ok(answer.status === 303 || answer.status === 405, path);
        if (answer.status === 303) assert.match(answer.headers['location'] ?? '', /^\/sign-in/);
      }
      assert.equal((await accountNow())?.name, 'Ann Example');
    });

    it('redirects a half-signed-in person to the second step', async () => {
      await setsUpApp(portal(), ann, email);
      const half = await signsIn(portal(), email);
      for (const path of [...PAGES, '/profile/email/code']) {
        await half.visits(path);
        assert.equal(half.page.path, '/sign-in/code', path);
      }
    });

    it('refuses a form without the token, and other methods', async () => {
      for (const path of ['/profile/name', '/profile/language', '/profile/email', '/profile/password']) {
        await ann.visits(path);
        assert.equal((await ann.submitsRaw('POST', path, {}, { csrf: 'none' })).status, 403, path);
        assert.equal((await ann.submitsRaw('DELETE', path, {})).status, 405, path);
      }
      await ann.visits('/profile/name');
      assert.equal((await ann.submitsRaw('POST', '/profile', {})).status, 405);
      assert.equal((await ann.loads('/profile/email/code/send')).status, 405);
    });

    it('does not respond to paths that are not its pages', async () => {
      for (const path of ['/profile/name/x', '/profile/role', '/profile/name%2F']) {
        assert.equal((await ann.visits(path)).status, 404, path);
      }
      for (const path of ['/profile/', '/profile/Name']) {
        assert.equal((await ann.loads(path)).status, 308, path);
      }
    });
  });

  describe('the name', () => {
    beforeEach(async () => {
      await ann.follow('Change – Your name');
    });

    it('is changed, shown in the menu at once, and recorded', async () => {
      assert.equal(ann.page.value('Your name'), 'Ann Example');
      ann.fillsIn('Your name', '  Anna  Müller ');
      await ann.presses('Save');
      assert.equal(ann.page.path, '/profile');
      assert.equal(ann.page.notice, 'Your name has been changed.');
      assert.match(ann.page.text, /Your name Anna Müller/);
      assert.equal(ann.page.$('.avatar').text(), 'AM');
      const { events } = await portal().services.audit.search({ person: email, page: 1, pageSize: 50 });
      const event = events.find((one) => one.event === 'name.changed');
      assert.equal(event?.detail['from'], 'Ann Example');
    });

    it('refuses invalid names with a message at the field', async () => {
      await refusesBadFields(ann, '/profile/name', {}, [
        ...badLines('name', 'Your name', /Enter your name/),
        { fields: { name: 'x'.repeat(101) }, label: 'Your name', words: /at most 100 characters/ },
      ]);
      assert.equal((await accountNow())?.name, 'Ann Example');
    });

    it('changes no other value that a form may contain', async () => {
      const fields = { name: 'Anna', role: 'administrator', email: 'x@example.org', id: 'x' };
      assert.equal((await ann.submitsRaw('POST', '/profile/name', fields)).status, 303);
      const account = await accountNow();
      assert.deepEqual([account?.name, account?.role], ['Anna', 'member']);
    });

    it('is kept after an outdated form', async () => {
      await stepsUpElsewhere(portal(), ann);
      const stale = await ann.submitsRaw('POST', '/profile/name', { name: 'Anna' });
      await ann.goesOnFrom(stale);
      assert.equal(ann.page.status, 403);
      await ann.follow('Back to the form');
      assert.equal(ann.page.value('Your name'), 'Anna');
    });
  });

  describe('the language', () => {
    beforeEach(async () => {
      await ann.follow('Change – Language');
    });

    it('is offered by its own name, and changes the next page at once', async () => {
      const options = ann.page.$('select option').toArray();
      assert.deepEqual(
        options.map((option) => [ann.page.$(option).text(), ann.page.$(option).attr('lang')]),
        [['Same as my browser', undefined], ...loadWords().locales.map(({ code, name }) => [name, code])],
      );
      assert.equal(ann.page.value('Language'), 'browser');
      ann.chooses('العربية');
      await ann.presses('Save');
      assert.equal(ann.page.heading, 'ملفي الشخصي');
      assert.equal(ann.page.$('html').attr('dir'), 'rtl');
      assert.match(ann.page.notice ?? '', /الصفحات والرسائل/);
      assert.equal((await accountNow())?.locale, 'ar');
    });

    it("may be set to the browser's again", async () => {
      await portal().services.accounts.chooseLocale((await accountNow())?.id ?? '', 'ar');
      await ann.visits('/profile/language');
      assert.equal(ann.page.value('اللغة'), 'ar');
      ann.chooses('كما يحدد متصفحي');
      await ann.presses('حفظ');
      assert.equal(ann.page.heading, 'My Profile');
      assert.equal((await accountNow())?.locale, null);
    });

    it('refuses other values than those of the list', async () => {
      const label = 'Language';
      const words = /Choose one of the languages/;
      const cases = ['', 'tlh', '../ar', 'EN', 'x'.repeat(10_000), 'ar\u0000', ['ar', 'en'], '__proto__'];
      await refusesBadFields(
        ann,
        '/profile/language',
        {},
        cases.map((language) => ({ fields: { language }, label, words })),
      );
      assert.equal((await accountNow())?.locale, null);
    });
  });
});
