import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { AuditEventName } from '../../src/audit/vocabulary.ts';
import { newId } from '../../src/kernel/identifiers.ts';
import { linkIn } from '../support/mailbox.ts';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { setsUpApp, signsIn } from '../support/steps.ts';

onPortal('Administration: people', (portal) => {
  let number = 0;
  let ada: Person;
  let bob: Account;
  let bobsPage: string;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });

  beforeEach(async () => {
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
    bob = await portal().account(`bob${number++}@example.org`, 'member', 'Bob <b>Builder</b>');
    bobsPage = `/admin/people/${bob.id}`;
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits(bobsPage);
  });

  afterEach(async () => {
    await portal().services.accounts.setRole(bob.id, 'member');
  });

  const found = async (id = bob.id) => portal().services.accounts.find(id);
  const events = async (event: AuditEventName, person: string) =>
    (await portal().services.audit.search({ event, person, page: 1, pageSize: 50 })).events;

  describe('the list', () => {
    it('finds people by a part of name or address, with role, state, 2FA and last sign-in', async () => {
      const member = await signsIn(portal(), bob.email);
      await setsUpApp(portal(), member, bob.email);
      await ada.visits('/admin/people');
      ada.fillsIn('Name or email', bob.email.toUpperCase());
      await ada.presses('Search');
      assert.equal(ada.page.status, 200);
      assert.match(ada.page.text, /1 person/);
      const cells = ada.page
        .$('tbody tr > *')
        .toArray()
        .map((cell) => ada.page.$(cell).text());
      assert.deepEqual(cells.slice(0, 5), [
        'Bob <b>Builder</b>',
        bob.email,
        'Member',
        'Active',
        'Authentication App',
      ]);
      assert.match(cells[5] ?? '', /^\d+ \w+ \d{4} at \d\d:\d\d UTC$/);
      await ada.follow('Bob <b>Builder</b>');
      assert.equal(ada.page.path, bobsPage);
      assert.equal(ada.page.heading, 'Bob <b>Builder</b>');
    });

    it('says so when nobody is found', async () => {
      await ada.visits('/admin/people?search=%3Cnobody%3E');
      assert.match(ada.page.text, /Nobody has “<nobody>” in their name or email/);
      await ada.follow('Show everyone');
      assert.match(ada.page.text, /ada@example\.org/);
    });

    for (const [what, query, words] of [
      ['10,000 characters', `search=${'a'.repeat(10_000)}`, /at most 200 characters/],
      ['a NUL', 'search=a%00b', /invisible characters/],
      ['two searches', 'search=a&search=b', /one line of text/],
    ] as const) {
      it(`refuses ${what} at the field`, async () => {
        await ada.visits(`/admin/people?${query}`);
        assert.equal(ada.page.status, 422);
        assert.match(ada.page.errorAt('Name or email'), words);
      });
    }

    it('has pages of 50, and shows the last page for a number beyond it', async () => {
      const { accounts } = portal().services;
      const mark = `crowd${number}`;
      for (let index = 0; index < 51; index++) {
        const person = {
          name: `${mark} ${String(index).padStart(2, '0')}`,
          email: `${mark}-${index}@example.org`,
        };
        const createdAt = portal().now();
        const rest = {
          locale: null,
          knownLanguage: null,
          passwordHash: null,
          role: 'member',
          createdAt,
        } as const;
        assert.equal(await accounts.create({ ...person, ...rest, id: newId(createdAt) }), true);
      }
      await ada.visits(`/admin/people?search=${mark}`);
      assert.match(ada.page.text, /51 people/);
      assert.match(ada.page.text, /Invited, no password yet/);
      assert.equal(ada.page.$('tbody tr').length, 50);
      await ada.follow('Next');
      assert.equal(ada.page.$('tbody tr').length, 1);
      assert.match(ada.page.text, new RegExp(`${mark} 50`));
      for (const page of ['999999', '3']) {
        await ada.visits(`/admin/people?search=${mark}&page=${page}`);
        assert.equal(ada.page.$('tbody tr').length, 1, page);
      }
      for (const page of ['0', '-1', 'x', '1e9', '99999999999999999999', '1&page=2']) {
        await ada.visits(`/admin/people?search=${mark}&page=${page}`);
        assert.equal(ada.page.$('tbody tr').length, 50, page);
      }
    });
  });

  describe('inviting', () => {
    beforeEach(async () => {
      await ada.visits('/admin/people');
      await ada.follow('Invite a person');
    });

    it('creates an account without a password and mails the link', async () => {
      const email = `new${number}@example.org`;
      ada.fillsIn('Name', 'Nia New');
      ada.fillsIn('Email', email);
      ada.chooses('Administrator');
      await ada.presses('Send invitation');
      assert.equal(
        ada.page.notice,
        `The account has been created, and the invitation is on its way to ${email}.`,
      );
      assert.equal(ada.page.heading, 'Nia New');
      assert.match(ada.page.text, /Invited, no password yet/);
      assert.match(linkIn(await portal().mailbox.next(email)), /\/invitation\?token=/);
      const nia = await portal().services.accounts.findByEmail(email);
      assert.deepEqual([nia?.role, nia?.passwordHash], ['administrator', null]);
      assert.equal((await events('account.invited', email))[0]?.actorLabel, 'ada@example.org');
    });

    it('sends the invitation again from the page of the person, and makes the first link invalid', async () => {
      const email = `again${number}@example.org`;
      portal().mailbox.refuse(true);
      ada.fillsIn('Name', 'Nia New');
      ada.fillsIn('Email', email);
      await ada.presses('Send invitation');
      portal().mailbox.refuse(false);
      assert.equal(ada.page.noticeKind, 'warning');
      assert.match(ada.page.notice ?? '', /could not be sent/);
      await ada.follow('Send invitation again – Password');
      await ada.presses('Send invitation');
      const first = linkIn(await portal().mailbox.next(email));
      await ada.follow('Send invitation again – Password');
      await ada.presses('Send invitation');
      assert.equal(ada.page.notice, `The invitation is on its way to ${email}.`);
      const second = linkIn(await portal().mailbox.next(email));
      const look = (link: string) =>
        portal().services.registration.look('invitation', new URL(link).searchParams.get('token') ?? '');
      assert.equal(await look(first), undefined);
      assert.notEqual(await look(second), undefined);
      assert.equal((await events('account.invited', email)).length, 3);
    });

    it('says at the field that the address has an account, in any case, and keeps the typed values', async () => {
      ada.fillsIn('Name', 'Second Bob');
      ada.fillsIn('Email', bob.email.toUpperCase());
      await ada.presses('Send invitation');
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errorAt('Email'), /There is already an account with this email address/);
      assert.equal(ada.page.value('Name'), 'Second Bob');
    });

    for (const [what, fields, label, words] of [
      ['no name', { name: ' ' }, 'Name', /Enter the person’s name/],
      ['a long name', { name: 'a'.repeat(10_000) }, 'Name', /at most 100/],
      ['a NUL', { name: 'a\0b' }, 'Name', /invisible/],
      ['two names', { name: ['a', 'b'] }, 'Name', /Enter the person’s name/],
      ['no address', { email: '' }, 'Email', /Enter the person’s email address/],
      ['half an address', { email: 'nia@' }, 'Email', /name@example\.org/],
      ['two addresses', { email: ['a@b.example', 'c@d.example'] }, 'Email', /Enter the person’s/],
      ['a header in the address', { email: 'a@b.example\nBcc: c@d.example' }, 'Email', /line breaks/],
      ['another role', { administrator: 'owner' }, 'Role', /Select the box/],
    ] as const) {
      it(`refuses ${what} at the field, and creates nothing`, async () => {
        const typed = { name: 'Nia', email: `not-created${number}@example.org`, ...fields };
        await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/people/invite', typed));
        assert.equal(ada.page.status, 422);
        assert.match(ada.page.errorAt(label), words);
        const { accounts } = portal().services;
        assert.equal(await accounts.findByEmail(`not-created${number}@example.org`), undefined);
        assert.deepEqual(portal().mailbox.sentTo(`not-created${number}@example.org`), []);
      });
    }

    it('invites once for twenty concurrent requests', async () => {
      const email = `raced${number}@example.org`;
      ada.fillsIn('Name', 'Nia New');
      ada.fillsIn('Email', email);
      const answers = await ada.races(20, 'Send invitation');
      assert.deepEqual(answers.map(({ status }) => status).sort(), [303, ...Array(19).fill(422)]);
      await portal().mailbox.next(email);
      assert.equal(portal().mailbox.addressees.filter((to) => to === email).length, 1);
    });
  });

  it('shows all facts, and each action beside its fact', async () => {
    const member = await signsIn(portal(), bob.email);
    await setsUpApp(portal(), member, bob.email, 'Phone');
    await setsUpApp(portal(), member, bob.email, 'Tablet');
    await ada.visits(bobsPage);
    assert.match(ada.page.text, new RegExp(`Email ${bob.email} Role Member Make administrator`));
    assert.match(ada.page.text, /State Active Disable/);
    assert.match(ada.page.text, /2FA Authentication App \(2\) Reset 2FA/);
    assert.match(ada.page.text, /Password Set Send password link/);
    assert.match(ada.page.text, /Last sign-in .* UTC Sign out everywhere/);
    assert.match(ada.page.text, /Phone Authentication App .* UTC Not used yet Active Tablet/);
    const [phone] = await portal().services.authenticators.of(bob.id);
    await portal().services.authenticators.block(phone?.id ?? '', portal().now());
    await ada.visits(bobsPage);
    assert.match(ada.page.text, /Not used yet Blocked .* UTC Tablet/);
    await ada.follow('See this person in the audit log');
    assert.match(ada.page.text, /Authenticator created/);
  });

  describe('what an administrator does', () => {
    for (const [link, heading, button, notice, event] of [
      ['Reset 2FA', /^Reset the 2FA of Bob <b>/, 'Reset 2FA', /has been reset/, 'two-factor.reset'],
      [
        'Sign out everywhere – Last sign-in',
        /^Sign .* out everywhere/,
        'Sign out everywhere',
        /has been signed out everywhere/,
        'account.sessions-ended',
      ],
      [
        'Send password link',
        /a password link\?$/,
        'Send password link',
        /on its way to bob/,
        'password.reset-requested',
      ],
      [
        'Disable – State',
        /^Disable the account of/,
        'Disable account',
        /has been disabled/,
        'account.disabled',
      ],
      [
        'Make administrator – Role',
        /an administrator\?$/,
        'Make administrator',
        /is an administrator now/,
        'account.role-changed',
      ],
    ] as const) {
      it(`asks to confirm "${button}", does it, mails the person and records it`, async () => {
        const before = await found();
        await ada.follow(link);
        assert.match(ada.page.heading, heading);
        assert.ok(ada.page.text.includes(bob.email), 'says whom');
        assert.deepEqual(await found(), before, 'asking changes nothing');
        await ada.presses(button);
        assert.equal(ada.page.path, bobsPage);
        assert.equal(ada.page.noticeKind, 'success');
        assert.match(ada.page.notice ?? '', notice);
        await portal().mailbox.next(bob.email);
        const { audit } = portal().services;
        const { events } = await audit.search({ person: bob.email, page: 1, pageSize: 1 });
        assert.equal(events[0]?.event, event);
        assert.equal(events[0]?.actorLabel, 'ada@example.org');
        assert.equal(events[0]?.subjectId, bob.id);
        assert.match(events[0]?.browser ?? '', /ELinks/);
      });

      it(`does not do "${button}" without a CSRF token or by a GET, and not with another id`, async () => {
        await ada.follow(link);
        const { path } = ada.page;
        const before = await found();
        assert.equal((await ada.submitsRaw('POST', path, {}, { csrf: 'none' })).status, 403);
        assert.equal((await ada.submitsRaw('POST', path, {}, { csrf: 'made-up' })).status, 403);
        assert.equal((await ada.submitsRaw('POST', path.replace(bob.id, newId(0)), {})).status, 404);
        assert.equal((await ada.submitsRaw('PUT', path, {}, { csrf: 'none' })).status, 405);
        assert.deepEqual(await found(), before);
      });
    }

    it('resets a 2FA: the session ends, and the password is enough again', async () => {
      const member = await signsIn(portal(), bob.email);
      await setsUpApp(portal(), member, bob.email);
      await ada.visits(`${bobsPage}/reset-2fa`);
      await ada.presses('Reset 2FA');
      assert.match(ada.page.text, /2FA None/);
      assert.match((await portal().mailbox.next(bob.email)).text ?? '', /was reset.*By: an administrator/s);
      await member.visits('/');
      assert.equal(member.page.heading, 'Sign in');
      const again = await signsIn(portal(), bob.email);
      assert.ok(!again.page.path.startsWith('/sign-in'));
      assert.equal((await events('two-factor.reset', bob.email))[0]?.detail['authenticators'], '1');
    });

    it('ends sessions: open ones are over, and signing in again works', async () => {
      const member = await signsIn(portal(), bob.email);
      await ada.follow('Sign out everywhere – Last sign-in');
      await ada.presses('Sign out everywhere');
      await member.visits('/');
      assert.equal(member.page.heading, 'Sign in');
      const again = await signsIn(portal(), bob.email);
      assert.ok(!again.page.path.startsWith('/sign-in'));
    });

    it('sends a link for a new password without ending anything', async () => {
      const member = await signsIn(portal(), bob.email);
      await ada.follow('Send password link');
      await ada.presses('Send password link');
      assert.match(linkIn(await portal().mailbox.next(bob.email)), /\/reset-password\?token=/);
      await member.visits('/');
      assert.match(member.page.heading, /^Hello/);
    });

    it('says so when the mail is refused, and allows another try', async () => {
      await ada.follow('Send password link');
      portal().mailbox.refuse(true);
      await ada.presses('Send password link');
      portal().mailbox.refuse(false);
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errors.join(), /could not be sent/);
      await ada.presses('Send password link');
      assert.match(ada.page.notice ?? '', /on its way/);
      await portal().mailbox.next(bob.email);
    });

    it('disables: the open session is over and nobody signs in; enables: everything is as before', async () => {
      const member = await signsIn(portal(), bob.email);
      await ada.visits(`${bobsPage}/disable`);
      await ada.presses('Disable account');
      assert.match(ada.page.text, /State Disabled Enable/);
      await member.visits('/');
      assert.equal(member.page.heading, 'Sign in');
      assert.match((await signsIn(portal(), bob.email)).page.errors.join(), /is wrong/);
      await portal().mailbox.next(bob.email);
      await ada.follow('Enable – State');
      await ada.presses('Enable account');
      assert.match((await portal().mailbox.next(bob.email)).text ?? '', /was enabled/);
      assert.ok(!(await signsIn(portal(), bob.email)).page.path.startsWith('/sign-in'));
      assert.equal((await events('account.enabled', bob.email)).length, 1);
    });

    it('gives and takes the role at once, in open sessions', async () => {
      const member = await signsIn(portal(), bob.email);
      await ada.visits(`${bobsPage}/make-administrator`);
      await ada.presses('Make administrator');
      await member.visits('/admin/people');
      assert.equal(member.page.status, 200);
      await ada.follow('Remove as administrator – Role');
      await ada.presses('Remove as administrator');
      await member.visits('/admin/people');
      assert.equal(member.page.status, 403);
    });

    it('shows the present state if it was already done in another tab', async () => {
      await ada.follow('Disable – State');
      const twin = ada.copy();
      await twin.visits(twin.page.path);
      await ada.presses('Disable account');
      await twin.presses('Disable account');
      assert.equal(twin.page.path, bobsPage);
      assert.equal(twin.page.noticeKind, 'warning');
      assert.equal((await events('account.disabled', bob.email)).length, 1);
    });

    it('does not know missing people or actions', async () => {
      for (const path of [
        `/admin/people/${newId(0)}`,
        '/admin/people/%00',
        `/admin/people/${'a'.repeat(5000)}`,
        `${bobsPage}/promote`,
        `${bobsPage}/__proto__`,
        `/admin/people/${newId(0)}/disable`,
      ]) {
        await ada.visits(path);
        assert.equal(ada.page.status, 404, path);
      }
      assert.equal((await ada.submitsRaw('POST', bobsPage, {}, { csrf: 'none' })).status, 405);
      assert.equal((await ada.submitsRaw('POST', '/admin/people', {}, { csrf: 'none' })).status, 405);
    });

    it('requires a step-up when the last proof is old, and leads back to the question', async () => {
      portal().wait(10 * 60_000);
      await ada.follow('Disable – State');
      assert.equal(ada.page.heading, 'Confirm that it is you');
      ada.fillsIn('Password', PASSWORD);
      await ada.presses('Continue');
      assert.match(ada.page.heading, /^Disable the account/);
      portal().wait(10 * 60_000);
      await ada.presses('Disable account');
      assert.equal(ada.page.heading, 'Confirm that it is you');
      assert.equal((await found())?.disabledAt, null);
    });
  });

  describe("the administrator's own account", () => {
    let eve: Account;
    let evesPage: string;
    let hers: Person;

    beforeEach(async () => {
      const email = `eve${number}@example.org`;
      eve = await portal().account(email, 'administrator', 'Eve Second');
      evesPage = `/admin/people/${eve.id}`;
      hers = await signsIn(portal(), email);
      await hers.visits(evesPage);
    });

    afterEach(async () => {
      await portal().services.accounts.setRole(eve.id, 'member');
    });

    it('is marked as their own, and cannot be disabled', async () => {
      assert.match(hers.page.text, /This is your own account/);
      assert.ok(!hers.page.links.some(({ text }) => text.startsWith('Disable')));
      await hers.goesOnFrom(await hers.submitsRaw('POST', `${evesPage}/disable`, {}));
      assert.equal(hers.page.path, evesPage);
      await hers.visits(`${evesPage}/disable`);
      assert.equal(hers.page.path, evesPage);
      assert.equal(hers.page.noticeKind, 'warning');
      assert.equal((await found(eve.id))?.disabledAt, null);
    });

    for (const [link, button] of [
      ['Reset 2FA', 'Reset 2FA'],
      ['Sign out everywhere – Last sign-in', 'Sign out everywhere'],
    ] as const) {
      it(`says before "${button}" that it signs out here too, and does so`, async () => {
        await hers.follow(link);
        assert.match(hers.page.text, /you will be signed out here, too/);
        await hers.presses(button);
        assert.equal(hers.page.path, '/sign-in');
        assert.match(hers.page.notice ?? '', /Eve Second/);
        await hers.visits('/admin/people');
        assert.equal(hers.page.heading, 'Sign in');
      });
    }

    it('can give up the role while somebody else has it, and then cannot open these pages', async () => {
      await hers.follow('Remove as administrator – Role');
      assert.match(hers.page.text, /you will no longer be able to open these pages/);
      await hers.presses('Remove as administrator');
      assert.equal(hers.page.path, '/');
      assert.match(hers.page.notice ?? '', /no longer an administrator/);
      await hers.visits(evesPage);
      assert.equal(hers.page.status, 403);
    });

    it('keeps the role if nobody else who can sign in has it, with an explanation', async () => {
      const { accounts, registration } = portal().services;
      const ownId = (await accounts.findByEmail('ada@example.org'))?.id ?? '';
      await accounts.setRole(eve.id, 'member');
      const actor = {
        party: { id: null, label: 'test' },
        origin: { requestId: '', address: '', browser: '' },
      };
      const invited = `invited${number}@example.org`;
      await registration.invite({ email: invited, name: 'Not yet' }, 'administrator', actor);
      await ada.visits(`/admin/people/${ownId}`);
      await ada.follow('Remove as administrator – Role');
      await ada.presses('Remove as administrator');
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errors.join(), /last administrator who can sign in/);
      assert.equal((await found(ownId))?.role, 'administrator');
      await ada.visits('/admin/people');
      assert.equal(ada.page.status, 200);
      await accounts.setRole((await accounts.findByEmail(invited))?.id ?? '', 'member');
    });

    it('leaves one administrator of two who take the role from each other, in twenty concurrent requests', async () => {
      const ownId = (await portal().services.accounts.findByEmail('ada@example.org'))?.id ?? '';
      await ada.visits(`${evesPage}/remove-administrator`);
      await hers.visits(`/admin/people/${ownId}/remove-administrator`);
      await Promise.all([
        ada.races(10, 'Remove as administrator'),
        hers.races(10, 'Remove as administrator'),
      ]);
      const roles = [(await found(ownId))?.role, (await found(eve.id))?.role];
      await portal().services.accounts.setRole(ownId, 'administrator');
      assert.deepEqual(roles.sort(), ['administrator', 'member']);
    });
  });
});
