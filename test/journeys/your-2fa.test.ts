import assert from 'node:assert/strict';
import { AuthenticatorApp } from '../support/authenticator-app.ts';
import { codeIn } from '../support/mailbox.ts';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { nextStep, scansQrCode, setsUpApp, setsUpEmail, signsIn } from '../support/steps.ts';
import { givesAppCode } from '../support/victim.ts';

onPortal('Your 2FA', (portal) => {
  let number = 0;
  let email = '';
  let ann: Person;

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    await portal().services.settings.change({
      siteName: 'Acme Help',
      twoFactor: { rule: 'optional', methods: ['app', 'email'] },
    });
    ann = await signsIn(portal(), email);
    await ann.visits('/profile/two-factor');
  });

  describe('the overview', () => {
    it('shows the allowed methods, that there is no authenticator yet, and the rule', async () => {
      assert.equal(ann.page.heading, 'Your 2FA');
      assert.match(ann.page.text, /optional here/);
      assert.match(ann.page.text, /Authentication App .* None set up yet\. Set up authentication app/);
      assert.match(ann.page.text, /Email Authentication .* None set up yet\. Set up email authentication/);
    });

    it('shows only the methods that the administrators allow', async () => {
      await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app'] } });
      await ann.visits('/profile/two-factor');
      assert.doesNotMatch(ann.page.text, /Email Authentication/);
      await ann.visits('/profile/two-factor/set-up/email');
      assert.equal(ann.page.path, '/profile/two-factor');
    });

    it('is reached from My Profile', async () => {
      await ann.visits('/');
      await ann.follow('My Profile');
      await ann.follow('Your 2FA');
      assert.equal(ann.page.path, '/profile/two-factor');
    });

    it('lists existing ones with name, method, masked address, creation and last use', async () => {
      await setsUpEmail(portal(), ann, email, 'Work mail');
      assert.match(
        ann.page.text,
        /Work mail Address a•••@example\.org Created .* UTC Last used Not used yet Edit/,
      );
      assert.ok(!ann.page.links.some(({ text }) => text === 'Set up email authentication'));
    });
  });

  describe('setting up the app', () => {
    it('shows a QR code that an app reads: issuer, account, 160 bits, SHA-1, 6 digits, 30 s', async () => {
      await ann.follow('Set up authentication app');
      const { entry } = await scansQrCode(ann);
      assert.equal(entry.issuer, 'Acme Help');
      assert.equal(entry.account, email);
      assert.equal(entry.secret.length, 32);
      assert.deepEqual([entry.algorithm, entry.digits, entry.period], ['SHA1', 6, 30]);
      assert.equal(ann.page.headers['cache-control'], 'no-store');
      assert.match(ann.page.$('img').attr('alt') ?? '', new RegExp(`QR code for ${email}`));
    });

    it('shows the same secret as Setup Key in groups of four, as a link and after a reload or a wrong code', async () => {
      await ann.follow('Set up authentication app');
      const scanned = (await scansQrCode(ann)).entry.secret;
      const key = ann.page.$('code').text();
      assert.match(key, /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
      assert.equal(key.replaceAll(' ', ''), scanned);
      const link = ann.page.links.find(({ href }) => href.startsWith('otpauth://'));
      assert.equal(new AuthenticatorApp().open(link?.href ?? '').secret, scanned);
      await ann.visits(ann.page.path);
      assert.equal((await scansQrCode(ann)).entry.secret, scanned);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', '000000');
      await ann.presses('Submit Code and Create');
      assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
      assert.equal(ann.page.value('Authenticator Name'), 'Phone');
      assert.equal(ann.page.value('Verification Code'), '');
      assert.equal((await scansQrCode(ann)).entry.secret, scanned);
      assert.ok(!/name="(secret|key)/.test(ann.page.html), 'the secret never travels back in a form');
    });

    it('works with only the Setup Key, by oathtool', async () => {
      await ann.follow('Set up authentication app');
      const app = new AuthenticatorApp();
      app.type(ann.page.$('code').text());
      ann.fillsIn('Authenticator Name', 'Old phone');
      ann.fillsIn('Verification Code', app.codeByOathtool(portal().now()));
      await ann.presses('Submit Code and Create');
      assert.match(ann.page.notice ?? '', /“Old phone” is set up/);
    });

    it('draws the same QR code as text', async () => {
      await ann.follow('Set up authentication app');
      const scanned = (await scansQrCode(ann)).entry.secret;
      await ann.follow('Show the QR code as text');
      const drawings = ann.page
        .$('pre')
        .toArray()
        .map((pre) => ann.page.$(pre).text());
      assert.equal(drawings.length, 2);
      const { readTextDrawing } = await import('../support/text-drawing.ts');
      assert.equal(
        new AuthenticatorApp().open(readTextDrawing(drawings[0] ?? '', 'dark on light')).secret,
        scanned,
      );
      assert.equal(
        new AuthenticatorApp().open(readTextDrawing(drawings[1] ?? '', 'light on dark')).secret,
        scanned,
      );
    });

    it("shows the server's time after two wrong codes", async () => {
      await ann.follow('Set up authentication app');
      ann.fillsIn('Authenticator Name', 'Phone');
      for (const shown of [false, true]) {
        ann.fillsIn('Verification Code', '000000');
        await ann.presses('Submit Code and Create');
        assert.equal(/Our time is .* UTC/.test(ann.page.text), shown);
      }
    });

    it('gives a second app its own label, and refuses the same name twice in any case', async () => {
      await setsUpApp(portal(), ann, email, 'Phone');
      await ann.follow('Set up authentication app');
      const second = await scansQrCode(ann);
      assert.equal(second.entry.account, `${email} (2)`);
      ann.fillsIn('Authenticator Name', 'PHONE');
      ann.fillsIn('Verification Code', second.code(portal().now()));
      await ann.presses('Submit Code and Create');
      assert.match(
        ann.page.errorAt('Authenticator Name'),
        /You already have an authenticator with this name/,
      );
      ann.fillsIn('Authenticator Name', 'Tablet');
      ann.fillsIn('Verification Code', second.code(portal().now()));
      await ann.presses('Submit Code and Create');
      assert.match(ann.page.text, /Phone .* Tablet/);
    });

    it('creates one authenticator for twenty concurrent requests', async () => {
      await ann.follow('Set up authentication app');
      const app = await scansQrCode(ann);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', app.code(portal().now()));
      await ann.races(20, 'Submit Code and Create');
      const account = await portal().services.accounts.findByEmail(email);
      assert.equal((await portal().services.authenticators.of(account?.id ?? '')).length, 1);
    });

    it('creates one of twenty with different names: a code enrols once', async () => {
      await ann.follow('Set up authentication app');
      const app = await scansQrCode(ann);
      const code = app.code(portal().now());
      const submissions = Array.from({ length: 20 }, (_, index) => {
        const twin = ann.copy();
        twin.fillsIn('Authenticator Name', `Phone ${index}`);
        twin.fillsIn('Verification Code', code);
        return twin.presses('Submit Code and Create');
      });
      await Promise.all(submissions);
      const account = await portal().services.accounts.findByEmail(email);
      assert.equal((await portal().services.authenticators.of(account?.id ?? '')).length, 1);
    });

    it('goes back to the start, with a message, when the enrolment is gone', async () => {
      await ann.follow('Set up authentication app');
      const twin = ann.copy();
      const app = await scansQrCode(ann);
      await ann.submitsRaw('POST', `${ann.page.path}/restart`, {});
      twin.fillsIn('Authenticator Name', 'Phone');
      twin.fillsIn('Verification Code', app.code(portal().now()));
      await twin.presses('Submit Code and Create');
      assert.equal(twin.page.path, '/profile/two-factor/set-up/app');
      assert.match(twin.page.notice ?? '', /Please start again/);
    });

    it('redirects to “Your 2FA” if it has just been finished elsewhere, and says that it is done', async () => {
      await ann.follow('Set up authentication app');
      const twin = ann.copy();
      const app = await scansQrCode(ann);
      for (const person of [ann, twin]) {
        person.fillsIn('Authenticator Name', 'Phone');
        person.fillsIn('Verification Code', app.code(portal().now()));
      }
      const late = twin.form('Submit Code and Create');
      await ann.presses('Submit Code and Create');
      const fields = { ...late.fields, _csrf: (await ann.freshToken()) ?? '' };
      await twin.goesOnFrom(await twin.submitsRaw('POST', late.action, fields, { csrf: 'none' }));
      assert.equal(twin.page.path, '/profile/two-factor');
      assert.match(twin.page.notice ?? '', /“Phone” is already set up/);
    });
  });

  describe('setting up email', () => {
    it('shows the address, sends the code there, and sends no other for a wrong code or a reload', async () => {
      await ann.follow('Set up email authentication');
      assert.match(ann.page.text, new RegExp(email));
      ann.fillsIn('Authenticator Name', 'Mail');
      await ann.presses('Send Verification Code');
      const code = codeIn(await portal().mailbox.next(email));
      const sent = portal().mailbox.sentTo(email).length;
      ann.fillsIn('Verification Code', code === '000000' ? '111111' : '000000');
      await ann.presses('Submit Code and Create');
      assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
      await ann.visits(ann.page.path);
      assert.equal(portal().mailbox.sentTo(email).length, sent);
      ann.fillsIn('Verification Code', code);
      await ann.presses('Submit Code and Create');
      assert.match(ann.page.notice ?? '', /“Mail” is set up/);
    });

    for (const [what, name, words] of [
      ['no name', '', /Enter a name/],
      ['only spaces', '   ', /Enter a name/],
      ['10,000 characters', 'a'.repeat(10_000), /at most 60 characters/],
      ['control characters', 'a\u0000b', /invisible characters/],
      ['a line break', 'a\r\nBcc: b@example.org', /line breaks/],
    ] as const) {
      it(`refuses ${what} at the field, and sends nothing`, async () => {
        await ann.follow('Set up email authentication');
        const sent = portal().mailbox.sentTo(email).length;
        await ann.goesOnFrom(await ann.submitsRaw('POST', ann.page.path, { step: 'name', name }));
        assert.equal(ann.page.status, 422);
        assert.match(ann.page.errorAt('Authenticator Name'), words);
        assert.equal(portal().mailbox.sentTo(email).length, sent);
      });
    }

    it('says so when the mail server refuses, keeps the name, and shows the same form again', async () => {
      portal().mailbox.refuse(true);
      await ann.follow('Set up email authentication');
      ann.fillsIn('Authenticator Name', 'Mail');
      await ann.presses('Send Verification Code');
      portal().mailbox.refuse(false);
      assert.equal(ann.page.status, 422);
      assert.match(ann.page.errors.join(), /could not be sent/);
      assert.equal(ann.page.value('Authenticator Name'), 'Mail');
      await ann.presses('Send Verification Code');
      assert.equal(ann.page.status, 429);
      assert.match(ann.page.headers['retry-after'] ?? '', /^(2\d|30)$/);
      assert.equal(ann.page.value('Authenticator Name'), 'Mail');
      portal().wait(31_000);
      await ann.presses('Send Verification Code');
      ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
      await ann.presses('Submit Code and Create');
      assert.match(ann.page.notice ?? '', /is set up/);
    });

    it('sends at most five codes an hour and ten a day', async () => {
      await ann.follow('Set up email authentication');
      ann.fillsIn('Authenticator Name', 'Mail');
      await ann.presses('Send Verification Code');
      for (let sent = 1; sent < 5; sent++) {
        portal().wait(31_000);
        await ann.presses('Send a new code');
        assert.match(ann.page.notice ?? '', /sent a new code/);
      }
      portal().wait(31_000);
      await ann.presses('Send a new code');
      assert.match(ann.page.errors.join(), /next code in (5[0-9]|60) minutes/);
    });
  });

  describe('Edit', () => {
    it('changes the name, and mails the person', async () => {
      await setsUpApp(portal(), ann, email, 'Phone');
      await ann.follow('Edit Phone');
      assert.equal(ann.page.value('Authenticator Name'), 'Phone');
      ann.fillsIn('Authenticator Name', 'New phone <b>');
      await ann.presses('Save name');
      assert.equal(ann.page.notice, 'The name is now “New phone <b>”.');
      assert.match((await portal().mailbox.next(email)).text ?? '', /New phone <b>/);
    });

    it('removes after a confirmation on its own page, and mails the person', async () => {
      await setsUpApp(portal(), ann, email, 'Phone');
      await ann.follow('Edit Phone');
      await ann.follow('Remove');
      assert.equal(ann.page.heading, 'Remove “Phone”?');
      assert.match(ann.page.text, /This is your last authenticator/);
      await ann.presses('Remove');
      assert.equal(ann.page.notice, '“Phone” has been removed.');
      const mail = (await portal().mailbox.next(email)).text ?? '';
      assert.match(mail, /Phone/);
      assert.match(mail, /Browser: ELinks/);
    });

    it("does not show other people's authenticators", async () => {
      await setsUpApp(portal(), ann, email, 'Phone');
      const account = await portal().services.accounts.findByEmail(email);
      const [theirs] = await portal().services.authenticators.of(account?.id ?? '');
      await portal().account(`mallory-${email}`);
      const mallory = await signsIn(portal(), `mallory-${email}`);
      await mallory.visits('/profile/two-factor/set-up/app');
      for (const [method, path] of [
        ['GET', ''],
        ['GET', '/remove'],
        ['POST', ''],
        ['POST', '/remove'],
      ] as const) {
        const answer = await mallory.submitsRaw(method, `/profile/two-factor/${theirs?.id}${path}`, {
          name: 'Mine',
        });
        assert.equal(answer.status, 404, `${method} ${path}`);
      }
      assert.equal((await portal().services.authenticators.of(account?.id ?? '')).length, 1);
    });
  });

  describe('a new phone', () => {
    it('replaces the old one once it is proven, and not before', async () => {
      const old = await setsUpApp(portal(), ann, email, 'Phone');
      await ann.visits('/profile/two-factor');
      await ann.follow('Edit Phone');
      await ann.presses('Replace');
      assert.equal(ann.page.heading, 'Set up authentication app');
      assert.match(ann.page.text, /will replace “Phone”, which works until then/);
      const fresh = await scansQrCode(ann);
      assert.notEqual(fresh.entry.secret, old.entry.secret);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', '000000');
      await ann.presses('Submit Code and Create');
      nextStep(portal());
      const meanwhile = await signsIn(portal(), email);
      meanwhile.fillsIn('Verification Code', old.code(portal().now()));
      await meanwhile.presses('Continue');
      assert.equal(meanwhile.page.heading, 'Hello, Ann Example');
      ann.fillsIn('Verification Code', fresh.code(portal().now()));
      await ann.presses('Submit Code and Create');
      assert.equal(ann.page.notice, '“Phone” has replaced the earlier authenticator.');
      assert.match((await portal().mailbox.next(email)).subject ?? '', /replaced/);
      const account = await portal().services.accounts.findByEmail(email);
      assert.equal((await portal().services.authenticators.of(account?.id ?? '')).length, 1);
      nextStep(portal());
      const after = await signsIn(portal(), email);
      after.fillsIn('Verification Code', old.code(portal().now()));
      await after.presses('Continue');
      assert.equal(after.page.status, 422);
    });

    it('can be added beside the old one instead', async () => {
      await setsUpApp(portal(), ann, email, 'Phone');
      await ann.visits('/profile/two-factor');
      await ann.follow('Edit Phone');
      await ann.presses('Replace');
      await ann.presses('Keep both instead');
      assert.doesNotMatch(ann.page.text, /will replace/);
    });
  });

  describe('the first question', () => {
    it('is for the authenticator that the person chose', async () => {
      await setsUpApp(portal(), ann, email, 'Phone');
      await setsUpEmail(portal(), ann, email, 'Mail');
      await ann.visits('/profile/two-factor');
      await ann.follow('Edit Mail');
      await ann.presses('Make default');
      assert.equal(ann.page.notice, '“Mail” is now your default.');
      assert.match(ann.page.text, /Mail .* Default/);
      portal().wait(31_000);
      const again = await signsIn(portal(), email);
      assert.equal(again.page.heading, 'Enter the code from your email');
    });
  });

  describe('stepping up', () => {
    it('asks for the password, and a second factor if there is one, when the last proof is older than 10 minutes', async () => {
      const app = await setsUpApp(portal(), ann, email, 'Phone');
      portal().wait(10 * 60_000);
      await ann.follow('Edit Phone');
      assert.equal(ann.page.heading, 'Confirm that it is you');
      ann.fillsIn('Password', 'not my password');
      await ann.presses('Continue');
      assert.match(ann.page.errorAt('Password'), /is wrong/);
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Continue');
      assert.equal(ann.page.heading, 'Enter the code from your app');
      const before = ann.copy();
      ann.fillsIn('Verification Code', app.code(portal().now()));
      await ann.presses('Continue');
      assert.equal(ann.page.heading, 'Edit authentication app');
      await before.visits('/');
      assert.equal(before.page.heading, 'Sign in', 'the id from before is dead');
    });

    it('cannot be passed with only the password if a second factor exists', async () => {
      await setsUpApp(portal(), ann, email, 'Phone');
      portal().wait(10 * 60_000);
      await ann.visits('/step-up?return-to=/profile/two-factor');
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Continue');
      for (const path of ['/profile/two-factor/set-up/app', '/profile/two-factor/set-up/email']) {
        await ann.visits(path);
        assert.equal(ann.page.heading, 'Confirm that it is you');
      }
    });

    it('does not accept the code that signed the person in a second time', async () => {
      const app = await setsUpApp(portal(), ann, email, 'Phone');
      nextStep(portal());
      portal().wait(10 * 60_000);
      const code = app.code(portal().now());
      const again = await signsIn(portal(), email);
      again.fillsIn('Verification Code', code);
      await again.presses('Continue');
      await ann.visits('/step-up');
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Continue');
      ann.fillsIn('Verification Code', code);
      await ann.presses('Continue');
      assert.match(ann.page.errorAt('Verification Code'), /already used/);
    });

    it('keeps the typed values when it comes in between', async () => {
      const app = await setsUpApp(portal(), ann, email, 'Phone');
      await ann.follow('Edit Phone');
      portal().wait(10 * 60_000);
      ann.fillsIn('Authenticator Name', 'Typed before');
      await ann.presses('Save name');
      assert.equal(ann.page.heading, 'Confirm that it is you');
      await portal().services.settings.change({ twoFactor: { rule: 'off', methods: [] } });
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Continue');
      assert.equal(ann.page.heading, 'Enter the code from your app', 'also where 2FA is off now');
      await givesAppCode(portal(), ann, app);
      assert.equal(ann.page.heading, 'Edit authentication app');
      assert.equal(ann.page.value('Authenticator Name'), 'Typed before');
    });
  });
});
