import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import {
  givesPassword,
  scansQrCode,
  setsUpApp,
  setsUpEmail,
  signsIn,
  stepsUpElsewhere,
} from '../support/steps.ts';
import { isSignedIn, mailedCode } from '../support/victim.ts';

const OPTIONAL = {
  siteName: 'Acme Help',
  helpContact: '',
  sender: '',
  signUp: false,
  twoFactor: { rule: 'optional', methods: ['app', 'email'] },
  grace: { kind: 'none' },
} as const;

const FILLED = {
  rule: 'optional',
  'method-app': 'on',
  'method-email': 'on',
  siteName: 'Acme Help',
  helpContact: '',
  sender: '',
};

onPortal('Administration: policy', (portal) => {
  let ada: Person;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });

  beforeEach(async () => {
    await portal().services.settings.change(OPTIONAL);
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits('/admin/policy');
  });

  const settings = () => portal().services.settings.read();
  const lastEvent = async () =>
    (await portal().services.audit.search({ event: 'policy.changed', page: 1, pageSize: 1 })).events[0];

  it('is reached from the menu, and has the three parts', async () => {
    await ada.visits('/');
    await ada.follow('Administration');
    for (const part of ['Policy', 'People', 'Audit log']) {
      await ada.follow(part);
      assert.equal(ada.page.heading, part);
      assert.equal(ada.page.$('.tabs [aria-current=page]').text(), part);
    }
  });

  it('shows the present values', async () => {
    assert.equal(ada.page.value('Two-factor authentication (2FA)'), 'optional');
    assert.equal(ada.page.value('Methods'), 'on, on');
    assert.equal(ada.page.value('Site name'), 'Acme Help');
    assert.equal(ada.page.value('Sign-up'), '');
  });

  it('saves everything, confirms it, and records the old and the new values', async () => {
    ada.chooses('Require users to set up 2FA');
    ada.unticks('Email Authentication');
    ada.fillsIn('Site name', 'Acme <Support>');
    ada.fillsIn('Help contact (optional)', 'Room 5, or call 123');
    ada.fillsIn('Sender address (optional)', 'codes@acme.example');
    ada.chooses('Anyone may create an account');
    await ada.presses('Save policy');
    await ada.presses('Save');
    // The rule applies at once, also to the administrator.
    assert.equal(ada.page.path, '/sign-in/set-up/app');
    assert.deepEqual(await settings(), {
      ...(await settings()),
      siteName: 'Acme <Support>',
      helpContact: 'Room 5, or call 123',
      sender: 'codes@acme.example',
      signUp: true,
      twoFactor: { rule: 'mandatory', methods: ['app'] },
    });
    const event = await lastEvent();
    assert.equal(event?.actorLabel, 'ada@example.org');
    assert.deepEqual(event?.detail, {
      rule: 'optional → mandatory',
      methods: 'app, email → app',
      sender: '– → codes@acme.example',
      'help-contact': '– → Room 5, or call 123',
      'sign-up': 'off → on',
      'site-name': 'Acme Help → Acme <Support>',
    });
  });

  it('shows name and contact on every page, and sends from the new address, from then on', async () => {
    ada.fillsIn('Site name', 'Nova');
    ada.fillsIn('Help contact (optional)', 'help@nova.example');
    ada.fillsIn('Sender address (optional)', 'codes@nova.example');
    await ada.presses('Save policy');
    assert.equal(ada.page.notice, 'Saved. Applies immediately, including to people already signed in.');
    assert.match(ada.page.title, /^Policy - Administration - Nova$/);
    assert.match(ada.page.text, /Need help\? help@nova\.example/);
    await ada.visits('/profile/two-factor/set-up/email');
    ada.fillsIn('Authenticator Name', 'Mail');
    await ada.presses('Send Verification Code');
    await portal().delivered();
    const [warning, code] = portal().mailbox.sentTo('ada@example.org').slice(-2);
    assert.equal(code?.from?.value[0]?.address, 'codes@nova.example');
    // The mail that warns all administrators of a new sender still comes from the earlier one.
    assert.match(warning?.subject ?? '', /requires less/);
    assert.notEqual(warning?.from?.value[0]?.address, 'codes@nova.example');
  });

  it('saves for how long 2FA may be put off, and since when it is mandatory', async () => {
    ada.chooses('Require users to set up 2FA');
    ada.chooses('A number of days after first sign-in');
    ada.fillsIn('Number of days (optional)', '30');
    const before = portal().now();
    await ada.presses('Save policy');
    await ada.presses('Save');
    assert.equal(ada.page.noticeKind, 'success', 'the administrator may put it off, too');
    const { grace, mandatorySince } = await settings();
    assert.deepEqual(grace, { kind: 'days', days: 30 });
    assert.ok(mandatorySince >= before && mandatorySince <= portal().now());
    assert.deepEqual((await lastEvent())?.detail, {
      ...{ rule: 'optional → mandatory', grace: 'none → 30 days' },
    });
    ada.chooses('Until a date');
    ada.fillsIn('2FA required from', '2099-03-01');
    await ada.presses('Save policy');
    // Thirty days that have not started end before that date, so nobody is asked earlier.
    assert.equal(ada.page.value('2FA required from'), '2099-03-01');
    assert.deepEqual((await settings()).grace, { kind: 'until', at: Date.UTC(2099, 2, 1) });
    assert.equal((await settings()).mandatorySince, mandatorySince, 'it has been so all along');
    ada.chooses('No grace period');
    await ada.presses('Save policy');
    await ada.presses('Save');
    assert.equal(ada.page.path, '/sign-in/set-up', 'it bites at once');
    assert.deepEqual((await settings()).grace, { kind: 'none' });
  });

  it('saves how carefully 2FA is reset; weaker rules wait for another administrator', async () => {
    await portal().account('ben@example.org', 'administrator', 'Ben Admin');
    ada.chooses('A second administrator has to approve');
    ada.fillsIn('Waiting period in hours', '24');
    await ada.presses('Save policy');
    assert.deepEqual((await settings()).resets, { secondApproval: true, waitingHours: 24 });
    assert.deepEqual((await lastEvent())?.detail, {
      'second-approval': 'off → on',
      'waiting-hours': '0 → 24',
    });
    ada.unticks('A second administrator has to approve');
    for (const bad of ['169', '-1', '1.5', '1e2', 'x', '9'.repeat(10_000)]) {
      ada.fillsIn('Waiting period in hours', bad);
      await ada.presses('Save policy');
      assert.match(
        ada.page.errorAt('Waiting period in hours'),
        /whole number from 0 to 168/,
        bad.slice(0, 9),
      );
    }
    ada.fillsIn('Waiting period in hours', '');
    await ada.presses('Save policy');
    assert.match(ada.page.notice ?? '', /needs another administrator/);
    assert.deepEqual((await settings()).resets, { secondApproval: true, waitingHours: 24 });
    const { pendingResets } = await settings();
    assert.deepEqual(pendingResets?.resets, { secondApproval: false, waitingHours: 0 });
    assert.equal(pendingResets.confirmableFrom - pendingResets.askedAt, 24 * 3_600_000);
    const asked = await portal().services.audit.search({
      event: 'policy.change-asked',
      page: 1,
      pageSize: 1,
    });
    assert.deepEqual(asked.events[0]?.detail, {
      'second-approval': 'on → off',
      'waiting-hours': '24 → 0',
    });
    ada.fillsIn('Waiting period in hours', '30');
    ada.chooses('A second administrator has to approve');
    await ada.presses('Save policy');
    assert.deepEqual(
      (await settings()).resets,
      { secondApproval: true, waitingHours: 30 },
      'stricter: at once',
    );
    assert.equal((await settings()).pendingResets, null);
    await portal().services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
  });

  it('lets browsers be trusted for a number of days, and refuses what is not a number of days', async () => {
    ada.fillsIn('Days for which a browser may be trusted', '30');
    await ada.presses('Save policy');
    assert.equal((await settings()).trustDays, 30);
    for (const bad of ['-1', '366', '1.5', 'many', '9'.repeat(10_000)]) {
      ada.fillsIn('Days for which a browser may be trusted', bad);
      await ada.presses('Save policy');
      assert.match(
        ada.page.errorAt('Days for which a browser may be trusted'),
        /Enter a whole number of days from 0 to 365/,
      );
    }
    assert.equal((await settings()).trustDays, 30);
  });

  it('says that nothing has changed, and records nothing', async () => {
    const before = (await lastEvent())?.id;
    await ada.presses('Save policy');
    assert.equal(ada.page.noticeKind, 'info');
    assert.equal((await lastEvent())?.id, before);
  });

  it('allows an empty list of methods only while 2FA is off', async () => {
    ada.unticks('Email Authentication');
    ada.unticks('Authentication App');
    await ada.presses('Save policy');
    assert.equal(ada.page.status, 422);
    assert.equal(ada.page.errorAt('Methods'), 'Choose at least one method, or switch 2FA off.');
    ada.chooses('Off');
    await ada.presses('Save policy');
    assert.equal(ada.page.noticeKind, 'success');
    assert.deepEqual((await settings()).twoFactor, { rule: 'off', methods: [] });
  });

  for (const [what, fields, label, words] of [
    ['no rule', { rule: '' }, 'Two-factor authentication (2FA)', /Choose one/],
    ['an unknown rule', { rule: 'sometimes' }, 'Two-factor authentication (2FA)', /Choose one/],
    ['two rules', { rule: ['off', 'optional'] }, 'Two-factor authentication (2FA)', /Choose one/],
    ['a method twice', { 'method-app': ['on', 'on'] }, 'Methods', /Select the box/],
    ['no site name', { siteName: '   ' }, 'Site name', /Enter the name of the site/],
    ['a long site name', { siteName: 'a'.repeat(10_000) }, 'Site name', /at most 60/],
    ['a site name with a line break', { siteName: 'a\r\nBcc: b' }, 'Site name', /line breaks/],
    ['two site names', { siteName: ['a', 'b'] }, 'Site name', /Enter the name of the site/],
    ['a long contact', { helpContact: 'a'.repeat(201) }, 'Help contact (optional)', /at most 200/],
    ['a NUL in the contact', { helpContact: 'a\0' }, 'Help contact (optional)', /invisible/],
    ['no address', { sender: 'codes' }, 'Sender address (optional)', /name@example\.org/],
    [
      'an address with a name',
      { sender: 'A <a@b.example>' },
      'Sender address (optional)',
      /name@example\.org/,
    ],
    ['two addresses', { sender: ['a@b.example', 'c@d.example'] }, 'Sender address (optional)', /one line/],
    ['a grace without its date', { grace: 'until' }, '2FA required from', /Enter the date/],
    ['a grace of half a day', { graceDays: '.5' }, 'Number of days (optional)', /from 0 to 365/],
    ['two graces', { grace: ['none', 'days'] }, 'Grace period', /whether there is a grace period/],
    ['sign-up "yes"', { signUp: 'yes' }, 'Sign-up', /Select the box/],
  ] as const) {
    it(`refuses ${what} at the field, and changes nothing`, async () => {
      await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/policy', { ...FILLED, ...fields }));
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errorAt(label), words);
      const [link] = ada.page.$('.error-summary a').toArray();
      assert.equal(ada.page.$(ada.page.$(link).attr('href')).length, 1, 'the summary leads to the field');
      assert.deepEqual({ ...(await settings()), ...OPTIONAL }, await settings());
    });
  }

  describe('removing a method that people use', () => {
    let number = 0;
    let email = '';
    let ann: Person;

    beforeEach(async () => {
      email = `ann${number++}@example.org`;
      await portal().account(email);
      ann = await signsIn(portal(), email);
      await setsUpEmail(portal(), ann, email);
    });

    afterEach(async () => {
      const account = await portal().services.accounts.findByEmail(email);
      await portal().services.authenticators.reset(account?.id ?? '', 'test', portal().now());
    });

    it('shows first how many have nothing else, and that they are still asked for it', async () => {
      ada.unticks('Email Authentication');
      ada.fillsIn('Help contact (optional)', 'Room 7');
      await ada.presses('Save policy');
      assert.equal(ada.page.path, '/admin/policy/confirm');
      assert.equal(ada.page.heading, 'Save changes?');
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      assert.match(
        ada.page.text,
        /still asked for what they have .*: nobody gets in with the password alone/,
      );
      assert.deepEqual((await settings()).twoFactor.methods, ['app', 'email']);
      await ada.presses('Save');
      assert.equal(ada.page.path, '/admin/policy');
      assert.equal(ada.page.noticeKind, 'success');
      assert.deepEqual((await settings()).twoFactor.methods, ['app']);
      assert.equal((await settings()).helpContact, 'Room 7');
      const again = await signsIn(portal(), email);
      assert.equal(again.page.path, '/sign-in/code', 'as it was said');
    });

    it('can be cancelled', async () => {
      ada.unticks('Email Authentication');
      await ada.presses('Save policy');
      await ada.follow('Keep the policy as it is');
      assert.equal(ada.page.value('Methods'), 'on, on');
      assert.deepEqual((await settings()).twoFactor.methods, ['app', 'email']);
    });

    it('also shows it when 2FA is switched off, and still asks for it until a reset', async () => {
      ada.chooses('Off');
      await ada.presses('Save policy');
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      await ada.presses('Save');
      assert.equal((await signsIn(portal(), email)).page.path, '/sign-in/code');
      await ann.visits('/profile/two-factor');
      assert.match(ann.page.text, /switched two-factor authentication off: you cannot set up anything new/);
      assert.match(ann.page.text, /You are still asked for what you have when you sign in/);
      assert.equal(ann.page.links.filter(({ href }) => href.includes('/set-up/')).length, 0);
      const account = await portal().services.accounts.findByEmail(email);
      await portal().services.authenticators.reset(account?.id ?? '', 'test', portal().now());
      assert.ok(isSignedIn(await signsIn(portal(), email)));
    });

    it('redirects people who have to set up another method, also in open sessions', async () => {
      ada.chooses('Require users to set up 2FA');
      ada.unticks('Email Authentication');
      await ada.presses('Save policy');
      assert.equal(ada.page.heading, 'Ask people to set up 2FA?');
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      await ada.presses('Save');
      await ann.visits('/');
      assert.equal(ann.page.path, '/sign-in/set-up/app');
      portal().wait(30_000);
      const again = await signsIn(portal(), email);
      assert.match(again.page.heading, /^Enter the code from your e-?mail$/);
      again.fillsIn('Verification Code', await mailedCode(portal(), email));
      await again.presses('Continue');
      assert.equal(
        again.page.path,
        '/sign-in/set-up/app',
        'the mailed code proves the old factor, and the new one follows',
      );
      const app = await scansQrCode(again);
      again.fillsIn('Authenticator Name', 'Phone');
      again.fillsIn('Verification Code', app.code(portal().now()));
      await again.presses('Submit Code and Create');
      await again.presses('I have saved them. Continue');
      assert.ok(isSignedIn(again));
      await again.visits('/profile/two-factor');
      assert.match(again.page.text, /switched this method off\. You are not asked for it/);
    });

    it('shows nothing if everything is still offered, and does not count people who had nothing offered before', async () => {
      const both = `both${number}@example.org`;
      const account = await portal().account(both);
      const bob = await signsIn(portal(), both);
      await setsUpApp(portal(), bob, both);
      await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app'] } });
      await ada.visits('/admin/policy');
      await ada.presses('Save policy');
      assert.equal(ada.page.noticeKind, 'info');
      ada.chooses('Off');
      await ada.presses('Save policy');
      assert.match(ada.page.text, /1 person would only have/, 'Bob; what Ann has is not on offer already');
      await portal().services.authenticators.reset(account.id, 'test', portal().now());
    });

    it('checks the confirmation like any form', async () => {
      ada.unticks('Email Authentication');
      await ada.presses('Save policy');
      await ada.goesOnFrom(
        await ada.submitsRaw('POST', '/admin/policy/confirm', { ...FILLED, rule: 'mandatory', siteName: '' }),
      );
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errorAt('Site name'), /Enter the name/);
      assert.equal((await settings()).twoFactor.rule, 'optional');
    });
  });

  it('has nothing to confirm without a form before it', async () => {
    await ada.visits('/admin/policy/confirm');
    assert.equal(ada.page.path, '/admin/policy');
  });

  it('requires a step-up when the last proof is old, and keeps what was typed and what was unticked', async () => {
    portal().wait(10 * 60_000);
    await ada.visits('/admin/policy');
    assert.equal(ada.page.heading, 'Policy', 'reading takes no step-up');
    ada.unticks('Email Authentication');
    ada.fillsIn('Help contact (optional)', 'Typed before');
    await ada.presses('Save policy');
    assert.equal(ada.page.heading, 'Confirm that it is you');
    assert.equal((await settings()).helpContact, '');
    ada.fillsIn('Password', PASSWORD);
    await ada.presses('Continue');
    assert.equal(ada.page.path, '/admin/policy');
    assert.equal(ada.page.value('Help contact (optional)'), 'Typed before');
    assert.equal(ada.page.$('input[name=method-email]').attr('checked'), undefined);
    await ada.presses('Save policy');
    assert.equal((await settings()).helpContact, 'Typed before');
  });

  it('keeps the typed values when the form was outdated', async () => {
    await stepsUpElsewhere(portal(), ada);
    await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/policy', { ...FILLED, helpContact: 'Typed' }));
    assert.equal(ada.page.status, 403);
    assert.equal((await settings()).helpContact, '');
    await ada.follow('Back to the form');
    assert.equal(ada.page.value('Help contact (optional)'), 'Typed');
  });

  it('is for administrators only: others get 403, strangers the sign-in, and it is recorded', async () => {
    await portal().account('eve@example.org');
    const eve = await signsIn(portal(), 'eve@example.org');
    const eveId = (await portal().services.accounts.findByEmail('eve@example.org'))?.id;
    const pages = [
      ['GET', '/admin'],
      ['GET', '/admin/policy'],
      ['POST', '/admin/policy'],
      ['GET', '/admin/policy/confirm'],
      ['POST', '/admin/policy/confirm'],
      ['GET', '/admin/people'],
      ['GET', '/admin/people/invite'],
      ['POST', '/admin/people/invite'],
      ['GET', `/admin/people/${eveId}`],
      ['GET', `/admin/people/${eveId}/make-administrator`],
      ['POST', `/admin/people/${eveId}/make-administrator`],
      ['GET', '/admin/audit'],
    ] as const;
    await eve.visits('/profile/two-factor/set-up/app');
    const { audit } = portal().services;
    const denials = async () =>
      (await audit.search({ event: 'access.denied', page: 1, pageSize: 50 })).events.length;
    const before = await denials();
    for (const [method, path] of pages) {
      const answer = await eve.submitsRaw(method, path, { ...FILLED, rule: 'off' });
      assert.equal(answer.status, 403, `${method} ${path}`);
      assert.equal(answer.heading, 'This page is for administrators');
    }
    assert.equal((await denials()) - before, pages.length);
    assert.equal((await settings()).twoFactor.rule, 'optional');
    const stranger = await signsIn(portal(), 'nobody@example.org');
    for (const [method, path] of pages) {
      const answer = await stranger.submitsRaw(method, path, FILLED);
      assert.equal(answer.status, 303, `${method} ${path}`);
      assert.match(answer.headers['location'] ?? '', /^\/sign-in/);
    }
  });

  it('is closed half-way through a sign-in, and opens after it', async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'mandatory', methods: ['app'] } });
    const half = await signsIn(portal(), 'ada@example.org');
    for (const path of ['/admin', '/admin/policy', '/admin/people', '/admin/audit']) {
      await half.visits(path);
      assert.match(half.page.path, /^\/sign-in\/set-up/);
    }
    await portal().services.settings.change(OPTIONAL);
    await half.visits('/admin/policy');
    await givesPassword(half, 'ada@example.org');
    assert.equal(half.page.path, '/admin/policy');
  });
});
