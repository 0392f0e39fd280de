import assert from 'node:assert/strict';
import { minutes } from '../../src/kernel/time.ts';
import { AppHost, appWith, formOriginsOf, onAppsBehindProxy } from '../support/app-host.ts';
import { codeIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, PASSWORD } from '../support/portal.ts';
import { givesPassword, savesRecoveryCodes, scansQrCode, signsIn } from '../support/steps.ts';
import {
  enrolsApp,
  enrolsEmail,
  givesAppCode,
  mailedCode,
  newEmail,
  trustsBrowser,
  victimOf,
  victimWithCodes,
} from '../support/victim.ts';

onAppsBehindProxy('Opening an app', ({ portal, proxy }) => {
  beforeEach(() => siteRuleIs(portal(), { rule: 'optional' }));

  const newAccount = (name = 'ann') => portal().account(newEmail(name));
  const isLedTo = ({ page }: Person, origin: string) =>
    assert.match(
      page.headers['location'] ?? '',
      new RegExp(`^${origin}/\\.postern/finish\\?code=`),
      page.heading,
    );

  it('leads through the sign-in with 2FA and on to the requested page', async () => {
    const app = await appWith(portal());
    const account = await newAccount();
    const phone = await enrolsApp(portal(), account);
    const host = new AppHost(proxy(), app);
    const ann = new Person(portal().app);
    await ann.visits(await host.leadsToPortal('/page?a=b&c=%C3%A9'));
    assert.equal(ann.page.path.split('?')[0], '/sign-in');
    assert.match(ann.page.text, new RegExp(`Sign in to continue to “${app.name}”`));
    assert.deepEqual(formOriginsOf(ann), [app.origin]);
    await givesPassword(ann, account.email);
    assert.equal(ann.page.path, '/sign-in/code');
    assert.deepEqual(formOriginsOf(ann), [app.origin]);
    await givesAppCode(portal(), ann, phone);
    assert.equal(await host.takesOver(ann), `${app.origin}/page?a=b&c=%C3%A9`);
    const { status, headers } = await host.check('/page');
    assert.equal(status, 200);
    assert.equal(headers['remote-user'], account.email);
  });

  it('does so in German, from an app with a stranger’s letters in its name', async () => {
    const app = await appWith(portal(), { name: 'Bücher & <b>' });
    const account = await newAccount();
    const phone = await enrolsApp(portal(), account);
    const host = new AppHost(proxy(), app);
    const ann = new Person(portal().app, { acceptLanguage: 'de' });
    await ann.visits(await host.leadsToPortal('/'));
    assert.match(ann.page.text, /Melden Sie sich an, um zu „Bücher & <b>“ zu gelangen\./);
    ann.fillsIn('E-Mail', account.email);
    ann.fillsIn('Passwort', PASSWORD);
    await ann.presses('Anmelden');
    portal().wait(30_000);
    ann.fillsIn('Bestätigungscode', phone.code(portal().now()));
    await ann.presses('Weiter');
    assert.equal(await host.takesOver(ann), `${app.origin}/`);
    assert.equal((await host.check()).status, 200);
  });

  it('lets the forms redirect to the app also on the page that a double click gets', async () => {
    const app = await appWith(portal());
    const { email } = await newAccount();
    const ann = new Person(portal().app);
    await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
    ann.fillsIn('Email', email);
    ann.fillsIn('Password', 'not the password');
    for (const answer of await ann.repeats(2, 'Sign in')) {
      await ann.goesOnFrom(answer);
      assert.equal(ann.page.status, 422);
      assert.deepEqual(formOriginsOf(ann), [app.origin]);
    }
  });

  it('is a redirect for a signed-in person', async () => {
    const app = await appWith(portal());
    const { email } = await newAccount();
    const ann = await signsIn(portal(), email);
    const host = new AppHost(proxy(), app);
    await ann.visits(await host.leadsToPortal('/deep/page'));
    assert.equal(await host.takesOver(ann), `${app.origin}/deep/page`);
  });

  it('opens the app’s first page if the address is too long to return to', async () => {
    const app = await appWith(portal());
    const { email } = await newAccount();
    const host = new AppHost(proxy(), app);
    await signsIn(portal(), email);
    const ann = new Person(portal().app);
    await ann.visits(await host.leadsToPortal(`/search?q=${'a'.repeat(950)}`));
    await givesPassword(ann, email);
    assert.equal(await host.takesOver(ann), `${app.origin}/`);
  });

  it('is not found for an unknown app, and for a request that no app’s host makes', async () => {
    const app = await appWith(portal());
    const ann = await signsIn(portal(), (await newAccount()).email);
    const nonce = 'n'.repeat(43);
    for (const query of [
      '',
      `?host=nobody.example.org&nonce=${nonce}&path=/`,
      `?host=${app.host}&path=/`,
      `?host=${app.host}&nonce=short&path=/`,
      `?host=${app.host}&host=${app.host}&nonce=${nonce}`,
    ]) {
      await ann.visits(`/apps/open${query}`);
      assert.equal(ann.page.status, 404, query);
    }
  });

  it('sends nobody to another site than the app', async () => {
    const app = await appWith(portal());
    const ann = await signsIn(portal(), (await newAccount()).email);
    for (const path of ['//evil.example', 'https://evil.example/', '/\\evil.example', '/.postern/start/']) {
      const host = new AppHost(proxy(), app);
      const address = new URL(await host.leadsToPortal('/'), 'http://localhost:3000');
      address.searchParams.set('path', path);
      await ann.visits(`${address.pathname}${address.search}`);
      assert.equal(await host.takesOver(ann), `${app.origin}/`, path);
    }
  });

  it('explains to a person in none of its groups why they may not, and records it', async () => {
    const agents = await groupWith(portal(), { rule: 'off' });
    const app = await appWith(portal(), { audience: [agents.id] });
    const account = await newAccount();
    const ann = await signsIn(portal(), account.email);
    const host = new AppHost(proxy(), app);
    await ann.visits(await host.leadsToPortal());
    assert.equal(ann.page.status, 403);
    assert.equal(ann.page.heading, `You cannot open “${app.name}”`);
    assert.match(
      ann.page.text,
      new RegExp(`is for certain groups only, and ${account.email} is in none of them`),
    );
    const { events } = await portal().services.audit.search({
      ...{ event: 'access.denied', person: account.email, page: 1, pageSize: 9 },
    });
    assert.deepEqual(
      events.map(({ detail }) => detail),
      [{ app: app.name }],
    );
    await portal().services.groups.add(agents, account, OPERATOR);
    await ann.visits(await host.leadsToPortal());
    isLedTo(ann, app.origin);
  });

  describe('that asks for a strong factor', () => {
    it('asks for the app and not for the preferred code by email', async () => {
      const app = await appWith(portal(), { proof: 'strong' });
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      await enrolsEmail(portal(), account);
      const ann = new Person(portal().app);
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      await givesPassword(ann, account.email);
      assert.equal(ann.page.heading, 'Enter the code from your app');
      await givesAppCode(portal(), ann, phone);
      isLedTo(ann, app.origin);
    });

    it('asks for the app’s code after a sign-in by email, without the password again', async () => {
      const app = await appWith(portal(), { proof: 'strong' });
      const account = await newAccount();
      const phone = await enrolsApp(portal(), account);
      await enrolsEmail(portal(), account);
      const ann = await signsIn(portal(), account.email);
      if (ann.page.heading !== 'Enter the code from your email') {
        await ann.follow('Use another authenticator');
        await ann.presses('Use “Work mail”');
      }
      ann.fillsIn('Verification Code', await mailedCode(portal(), account.email));
      await ann.presses('Continue');
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      assert.equal(ann.page.path, '/step-up/code');
      assert.match(ann.page.text, /A code by email or a recovery code is not accepted here/);
      assert.ok(!ann.page.links.some(({ text }) => /recovery code|another authenticator/.test(text)));
      assert.deepEqual(formOriginsOf(ann), [app.origin]);
      await ann.visits('/step-up/code/recovery');
      assert.equal(ann.page.path, '/step-up/code');
      await givesAppCode(portal(), ann, phone);
      isLedTo(ann, app.origin);
    });

    it('is not satisfied with a trusted browser', async () => {
      const app = await appWith(portal(), { proof: 'strong' });
      const vera = await victimOf(portal());
      const browser = await trustsBrowser(portal(), vera);
      await browser.presses('Sign out');
      await browser.visits(await new AppHost(proxy(), app).leadsToPortal());
      await givesPassword(browser, vera.email);
      assert.equal(browser.page.path, '/step-up/code');
      await givesAppCode(portal(), browser, vera.app);
      isLedTo(browser, app.origin);
      await portal().services.settings.change({ trustDays: 0 });
    });

    it('is not satisfied with a recovery code', async () => {
      const app = await appWith(portal(), { proof: 'strong' });
      const vera = await victimWithCodes(portal());
      const ann = await signsIn(portal(), vera.email);
      await ann.follow('Use a recovery code');
      ann.fillsIn('Recovery code', vera.recoveryCodes[0] ?? '');
      await ann.presses('Continue');
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      assert.equal(ann.page.path, '/step-up/code');
      await givesAppCode(portal(), ann, vera.app);
      isLedTo(ann, app.origin);
    });

    it('leads through the set-up, with the recovery codes, and on to the app', async () => {
      const app = await appWith(portal(), { proof: 'strong' });
      const account = await newAccount();
      const host = new AppHost(proxy(), app);
      const ann = new Person(portal().app);
      await ann.visits(await host.leadsToPortal('/page'));
      await givesPassword(ann, account.email);
      assert.match(ann.page.text, /asks for an authentication app, and you do not have one yet/);
      assert.deepEqual(
        ann.page.buttons.filter((text) => text.startsWith('Set up')),
        ['Set up authentication app'],
      );
      await ann.presses('Set up authentication app');
      assert.deepEqual(formOriginsOf(ann), [app.origin]);
      const phone = await scansQrCode(ann);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', phone.code(portal().now()));
      await ann.presses('Submit Code and Create');
      assert.equal(ann.page.heading, 'Recovery codes');
      assert.deepEqual(formOriginsOf(ann), [app.origin]);
      await portal().mailbox.next(account.email);
      await savesRecoveryCodes(portal(), ann, account.email);
      assert.equal(await host.takesOver(ann), `${app.origin}/page`);
    });

    it('leads straight to the app if another tab has set up the authenticator meanwhile', async () => {
      const app = await appWith(portal(), { proof: 'strong' });
      const account = await newAccount();
      const ann = await signsIn(portal(), account.email);
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      const tab = ann.copy();
      await ann.presses('Set up authentication app');
      const phone = await scansQrCode(ann);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', phone.code(portal().now()));
      await ann.presses('Submit Code and Create');
      await savesRecoveryCodes(portal(), ann, account.email);
      assert.deepEqual(formOriginsOf(tab), [app.origin]);
      tab.cookies.clear();
      for (const [name, value] of ann.cookies) tab.cookies.set(name, value);
      await tab.reopensForms();
      await tab.presses('Set up authentication app');
      isLedTo(tab, app.origin);
    });

    it('leads a person with email on to a second authenticator, and straight on from there', async () => {
      const app = await appWith(portal(), { proof: 'strong' });
      const account = await newAccount();
      await enrolsEmail(portal(), account);
      const ann = await signsIn(portal(), account.email);
      ann.fillsIn('Verification Code', await mailedCode(portal(), account.email));
      await ann.presses('Continue');
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      await ann.presses('Set up authentication app');
      const phone = await scansQrCode(ann);
      ann.fillsIn('Authenticator Name', 'Phone');
      ann.fillsIn('Verification Code', phone.code(portal().now()));
      await ann.presses('Submit Code and Create');
      isLedTo(ann, app.origin);
    });

    it('explains why if the policy allows no such method', async () => {
      await siteRuleIs(portal(), { rule: 'optional', methods: ['email'] });
      const app = await appWith(portal(), { proof: 'strong' });
      const ann = await signsIn(portal(), (await newAccount()).email);
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      assert.equal(ann.page.status, 403);
      assert.match(ann.page.text, /asks for a safer way to sign in than your administrators allow/);
    });
  });

  describe('that asks for a second step', () => {
    it('offers all methods that the policy allows', async () => {
      const app = await appWith(portal(), { proof: 'second step' });
      const ann = await signsIn(portal(), (await newAccount()).email);
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      assert.match(ann.page.text, /asks for more than your password/);
      assert.deepEqual(
        ann.page.buttons.filter((text) => text.startsWith('Set up')),
        ['Set up authentication app', 'Set up email authentication'],
      );
    });

    it('continues to the app when it was set up in another tab in the meantime', async () => {
      const app = await appWith(portal(), { proof: 'second step' });
      const account = await newAccount();
      const ann = await signsIn(portal(), account.email);
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      await portal().services.apps.update(app.id, { ...app, proof: 'none' }, OPERATOR);
      await ann.presses('Set up authentication app');
      isLedTo(ann, app.origin);
    });
  });

  describe('that asks for a fresh proof', () => {
    it('asks only for a code while the password is fresh, and does not redirect in a circle', async () => {
      const app = await appWith(portal(), { freshMinutes: 5 });
      const vera = await victimOf(portal());
      portal().wait(minutes(6));
      const host = new AppHost(proxy(), app);
      await vera.browser.visits(await host.leadsToPortal());
      assert.equal(vera.browser.page.path, '/step-up/code');
      assert.match(vera.browser.page.text, /asks for a new code\./);
      await givesAppCode(portal(), vera.browser, vera.app);
      assert.equal(await host.takesOver(vera.browser), `${app.origin}/`);
      assert.equal((await host.check()).status, 200);
    });

    it('asks for password and code later', async () => {
      const app = await appWith(portal(), { freshMinutes: 5 });
      const vera = await victimOf(portal());
      portal().wait(minutes(20));
      await vera.browser.visits(await new AppHost(proxy(), app).leadsToPortal());
      assert.equal(vera.browser.page.path.split('?')[0], '/step-up');
      assert.match(vera.browser.page.text, /asks you to confirm that it is you/);
      assert.deepEqual(formOriginsOf(vera.browser), [app.origin]);
      vera.browser.fillsIn('Password', PASSWORD);
      await vera.browser.presses('Continue');
      await givesAppCode(portal(), vera.browser, vera.app);
      isLedTo(vera.browser, app.origin);
    });

    it('asks for the password again when it took too long to type the code', async () => {
      const app = await appWith(portal(), { freshMinutes: 5 });
      const vera = await victimOf(portal());
      portal().wait(minutes(6));
      await vera.browser.visits(await new AppHost(proxy(), app).leadsToPortal());
      portal().wait(minutes(6));
      await givesAppCode(portal(), vera.browser, vera.app);
      assert.equal(vera.browser.page.path.split('?')[0], '/step-up');
      vera.browser.fillsIn('Password', PASSWORD);
      await vera.browser.presses('Continue');
      await givesAppCode(portal(), vera.browser, vera.app);
      isLedTo(vera.browser, app.origin);
    });

    it('mails no code before a button was pressed', async () => {
      const app = await appWith(portal(), { freshMinutes: 5 });
      const account = await newAccount();
      await enrolsEmail(portal(), account);
      const ann = await signsIn(portal(), account.email);
      ann.fillsIn('Verification Code', await mailedCode(portal(), account.email));
      await ann.presses('Continue');
      portal().wait(minutes(6));
      const mails = portal().mailbox.messages.length;
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      assert.equal(portal().mailbox.messages.length, mails);
      await ann.presses('Send Verification Code');
      ann.fillsIn('Verification Code', await mailedCode(portal(), account.email));
      await ann.presses('Continue');
      isLedTo(ann, app.origin);
    });

    it('asks only for the password if there is no second factor', async () => {
      const app = await appWith(portal(), { freshMinutes: 5 });
      const ann = await signsIn(portal(), (await newAccount()).email);
      portal().wait(minutes(6));
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      ann.fillsIn('Password', PASSWORD);
      await ann.presses('Continue');
      isLedTo(ann, app.origin);
    });
  });

  describe('that asks for a confirmed address', () => {
    it('mails a code, accepts it, and continues', async () => {
      const app = await appWith(portal(), { confirmsEmail: true });
      const account = await newAccount();
      const ann = await signsIn(portal(), account.email);
      const host = new AppHost(proxy(), app);
      await ann.visits(await host.leadsToPortal('/page'));
      assert.equal(ann.page.heading, 'Confirm your email address');
      assert.ok(!ann.page.buttons.includes('Continue'), 'there is no code yet');
      await ann.presses('Send Verification Code');
      assert.match(ann.page.text, /We sent a new code/);
      assert.deepEqual(formOriginsOf(ann), [app.origin]);
      const mail = await portal().mailbox.next(account.email);
      assert.match(mail.text ?? '', /code to confirm your email address/);
      ann.fillsIn('Verification Code', codeIn(mail) === '123456' ? '654321' : '123456');
      await ann.presses('Continue');
      assert.equal(ann.page.status, 422);
      ann.fillsIn('Verification Code', codeIn(mail));
      await ann.presses('Continue');
      assert.equal(await host.takesOver(ann), `${app.origin}/page`);
      const confirmed = await portal().services.accounts.find(account.id);
      assert.notEqual(confirmed?.emailConfirmedAt, null);
    });

    it('says that the next code has to wait, and when nothing has been sent', async () => {
      const app = await appWith(portal(), { confirmsEmail: true });
      const account = await newAccount();
      const ann = await signsIn(portal(), account.email);
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      await ann.presses('Send Verification Code');
      await portal().mailbox.next(account.email);
      await ann.reopensForms();
      await ann.presses('Send a new code');
      assert.equal(ann.page.status, 429);
      await ann.visits('/apps/confirm-email');
      assert.deepEqual(formOriginsOf(ann), []);
    });

    it('accepts no code of another purpose', async () => {
      const app = await appWith(portal(), { confirmsEmail: true });
      const account = await newAccount();
      const ann = await signsIn(portal(), account.email);
      await ann.visits('/profile/two-factor/set-up/email');
      ann.fillsIn('Authenticator Name', 'Mail');
      await ann.presses('Send Verification Code');
      const code = codeIn(await portal().mailbox.next(account.email));
      portal().wait(30_000);
      await ann.visits(await new AppHost(proxy(), app).leadsToPortal());
      await ann.presses('Send Verification Code');
      await portal().mailbox.next(account.email);
      ann.fillsIn('Verification Code', code);
      await ann.presses('Continue');
      assert.equal(ann.page.status, 422);
    });
  });

  it('refuses the app once the sign-in has ended, and leads back after the next', async () => {
    const app = await appWith(portal());
    const { email } = await newAccount();
    const host = new AppHost(proxy(), app);
    const ann = await signsIn(portal(), email);
    await ann.visits(await host.leadsToPortal());
    await host.takesOver(ann);
    assert.equal((await host.check()).status, 200);
    await ann.visits('/profile');
    await ann.presses('Sign out');
    assert.equal((await host.check()).status, 303);
    await ann.visits(await host.leadsToPortal('/again'));
    await givesPassword(ann, email);
    assert.equal(await host.takesOver(ann), `${app.origin}/again`);
  });

  it('widens the forms of no other page, whatever the address says', async () => {
    const app = await appWith(portal());
    const ann = await signsIn(portal(), (await newAccount()).email);
    const stranger = new Person(portal().app);
    for (const address of [
      `/sign-in?return-to=${encodeURIComponent(`/profile?host=${app.host}`)}`,
      `/sign-in?return-to=${encodeURIComponent('/apps/open?host=evil.example.org')}`,
      `/sign-in?return-to=${encodeURIComponent(`/apps/opener?host=${app.host}`)}`,
      `/forgotten-password?return-to=${encodeURIComponent(`/apps/open?host=${app.host}`)}`,
    ]) {
      await stranger.visits(address);
      assert.deepEqual(formOriginsOf(stranger), [], address);
    }
    for (const path of ['/', '/profile', '/profile/name']) {
      await ann.visits(path);
      assert.deepEqual(formOriginsOf(ann), [], path);
    }
  });
});
