import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { AuditEventName } from '../../src/audit/vocabulary.ts';
import type { Group } from '../../src/policy/group.ts';
import type { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsApp, enrolsEmail, newEmail } from '../support/victim.ts';

const FILLED = { name: 'Agents', rule: 'mandatory', 'method-app': 'on', grace: 'none' };

onPortal('Administration: groups', (portal) => {
  let ada: Person;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });

  beforeEach(async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    for (const group of await portal().services.groups.all()) {
      await portal().services.groups.remove(group, OPERATOR);
    }
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits('/admin/groups');
  });

  const groupNamed = async (name: string): Promise<Group> => {
    const group = await portal().services.groups.findByName(name);
    assert.ok(group);
    return group;
  };
  const lastEvent = async (event: AuditEventName) =>
    (await portal().services.audit.search({ event, page: 1, pageSize: 1 })).events[0];
  const cells = () =>
    ada.page
      .$('tbody tr > *')
      .toArray()
      .map((cell) => ada.page.$(cell).text().trim());

  it('are reached from Administration, which says what they are for if there are none', async () => {
    await ada.visits('/admin');
    await ada.follow('Groups');
    assert.equal(ada.page.heading, 'Groups');
    assert.equal(ada.page.$('.tabs [aria-current=page]').text(), 'Groups');
    assert.match(ada.page.text, /strictest rule that applies to a person wins/);
    assert.match(ada.page.text, /There are no groups yet/);
  });

  it('are created with a rule, methods and grace, recorded, and listed', async () => {
    await ada.follow('New group');
    ada.fillsIn('Name of the group', 'Agents');
    ada.chooses('Required');
    ada.unticks('Email Authentication');
    ada.chooses('A number of days after first sign-in');
    ada.fillsIn('Number of days (optional)', '14');
    await ada.presses('Save group');
    assert.equal(ada.page.heading, 'Agents');
    assert.equal(ada.page.notice, 'The group has been created. Now add its members.');
    const { id: _id, since, ...agents } = await groupNamed('agents');
    const rule = { rule: 'mandatory', methods: ['app'], grace: { kind: 'days', days: 14 } };
    assert.deepEqual(agents, { name: 'Agents', ...rule });
    assert.ok(since > 0 && since <= portal().now());
    assert.deepEqual((await lastEvent('group.created'))?.detail, {
      ...{ group: 'Agents', rule: 'mandatory', methods: 'app', grace: '14 days' },
    });
    await ada.follow('Groups');
    assert.deepEqual(cells(), [
      ...['Agents', 'Required', 'Authentication App', 'For 14 days from the first sign-in', '0'],
    ]);
  });

  it('keep the time since they are mandatory while other values change, and record what changes', async () => {
    const agents = await groupWith(portal(), { rule: 'mandatory' }, [], 'Agents');
    portal().wait(60_000);
    await ada.visits(`/admin/groups/${agents.id}`);
    await ada.follow('Edit group');
    assert.equal(ada.page.value('Name of the group'), 'Agents');
    assert.equal(ada.page.value('Two-factor authentication (2FA)'), 'mandatory');
    ada.fillsIn('Name of the group', 'Desk');
    ada.chooses('Until a date');
    ada.fillsIn('2FA required from', '2099-03-01');
    await ada.presses('Save group');
    assert.equal(ada.page.noticeKind, 'success');
    assert.match(ada.page.text, /Grace period Until 1 March 2099 at 00:00 UTC/);
    const desk = await groupNamed('Desk');
    assert.deepEqual([desk.id, desk.since], [agents.id, agents.since]);
    assert.deepEqual((await lastEvent('group.changed'))?.detail, {
      ...{ group: 'Agents', grace: 'none → 2099-03-01T00:00:00.000Z', to: 'Desk' },
    });
    await ada.follow('Edit group');
    assert.equal(ada.page.value('2FA required from'), '2099-03-01');
    await ada.presses('Save group');
    assert.equal(ada.page.notice, 'No changes to save.');
  });

  for (const [what, fields, label, words] of [
    ['no name', { name: '  ' }, 'Name of the group', /Enter a name/],
    ['a long name', { name: 'x'.repeat(10_000) }, 'Name of the group', /at most 60/],
    ['a line break in the name', { name: 'a\r\nb' }, 'Name of the group', /line breaks/],
    ['a separator of names', { name: 'a;b' }, 'Name of the group', /semicolon/],
    ['two names', { name: ['a', 'b'] }, 'Name of the group', /Enter a name/],
    ['no rule', { rule: '' }, 'Two-factor authentication (2FA)', /Choose one/],
    ['an unknown rule', { rule: 'strict' }, 'Two-factor authentication (2FA)', /Choose one/],
    ['no method', { 'method-app': [] }, 'Methods', /at least one method/],
    ['an unknown grace', { grace: 'sometime' }, 'Grace period', /whether there is a grace period/],
    ['no date', { grace: 'until' }, '2FA required from', /Enter the date/],
    ['no such day', { grace: 'until', graceDate: '2030-02-30' }, '2FA required from', /year-month-day/],
    ['two dates', { graceDate: ['2030-01-01', '2030-01-02'] }, '2FA required from', /year-month-day/],
    ['many days', { grace: 'days', graceDays: '366' }, 'Number of days (optional)', /from 0 to 365/],
    ['half a day', { grace: 'days', graceDays: '0.5' }, 'Number of days (optional)', /from 0 to 365/],
  ] as const) {
    it(`refuse ${what} at the field, and nothing is created`, async () => {
      await ada.follow('New group');
      await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/groups/new', { ...FILLED, ...fields }));
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errorAt(label), words);
      const [link] = ada.page.$('.error-summary a').toArray();
      assert.equal(ada.page.$(ada.page.$(link).attr('href')).length, 1, 'the summary leads to the field');
      assert.deepEqual(await portal().services.groups.all(), []);
    });
  }

  it('have unique names', async () => {
    const other = await groupWith(portal(), { rule: 'off' }, [], 'Agents');
    await groupWith(portal(), { rule: 'off' }, [], 'Desk');
    await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/groups/new', { ...FILLED, name: 'AGENTS' }));
    assert.equal(ada.page.errorAt('Name of the group'), 'There is already a group with this name.');
    const path = `/admin/groups/${other.id}/edit`;
    await ada.goesOnFrom(await ada.submitsRaw('POST', path, { ...FILLED, name: 'desk' }));
    assert.match(ada.page.errorAt('Name of the group'), /already/);
    assert.equal((await groupNamed('Agents')).rule, 'off');
  });

  describe('their members', () => {
    let ann: Account;
    let agents: Group;

    beforeEach(async () => {
      ann = await portal().account(newEmail('ann'), 'member', 'Ann <b>Agent</b>');
      agents = await groupWith(portal(), { rule: 'mandatory' }, [], 'Agents');
      await ada.visits(`/admin/groups/${agents.id}`);
    });

    it('are added by their address, with a mail and an audit entry', async () => {
      ada.fillsIn('Email of the person to add', ann.email.toUpperCase());
      await ada.presses('Add');
      await ada.presses('Save');
      assert.equal(ada.page.notice, 'Ann <b>Agent</b> has been added. We’ll email them.');
      assert.deepEqual(cells(), [...['Ann <b>Agent</b>', ann.email, 'None', 'Remove Ann <b>Agent</b>']]);
      const mail = await portal().mailbox.next(ann.email);
      assert.equal(mail.subject, 'You were added to a group');
      assert.match(mail.text ?? '', /the group “Agents” at Help Center/);
      const event = await lastEvent('group.member-added');
      assert.deepEqual([event?.actorLabel, event?.subjectLabel], ['ada@example.org', ann.email]);
      assert.deepEqual(event?.detail, { group: 'Agents' });
    });

    it('are not added twice, or without an account: the field says so', async () => {
      await portal().services.groups.add(agents, ann, OPERATOR);
      for (const [email, words] of [
        [ann.email, /is already in this group/],
        ['nobody@example.org', /Nobody has an account with the address nobody@example\.org/],
        ['no address', /name@example\.org/],
        ['', /Enter the person/],
      ] as const) {
        ada.fillsIn('Email of the person to add', email);
        await ada.presses('Add');
        assert.equal(ada.page.status, 422);
        assert.match(ada.page.errorAt('Email of the person to add'), words);
      }
    });

    it('are found by a part of name or address, in pages', async () => {
      const bob = await portal().account(newEmail('bob'), 'member', 'Bob');
      for (const one of [ann, bob]) await portal().services.groups.add(agents, one, OPERATOR);
      await portal().account(newEmail('bob'), 'member', 'Bob Outside');
      ada.fillsIn('Name or email', 'bob');
      await ada.presses('Search');
      assert.match(ada.page.text, /1 person/);
      assert.equal(cells()[0], 'Bob');
      await ada.follow('Show all members');
      assert.match(ada.page.text, /2 people/);
      await ada.visits(`/admin/groups/${agents.id}?search=${'x'.repeat(201)}`);
      assert.match(ada.page.errorAt('Name or email'), /at most 200/);
    });

    it('are removed after a confirmation, with a mail and an audit entry', async () => {
      await portal().services.groups.add(agents, ann, OPERATOR);
      await portal().mailbox.next(ann.email);
      await ada.visits(`/admin/groups/${agents.id}`);
      await ada.follow('Remove Ann <b>Agent</b>');
      assert.equal(ada.page.heading, 'Remove Ann <b>Agent</b> from the group “Agents”?');
      const again = ada.copy();
      await ada.presses('Remove from group');
      assert.equal(ada.page.noticeKind, 'success');
      assert.match(ada.page.text, /Nobody is in this group/);
      assert.equal((await portal().mailbox.next(ann.email)).subject, 'You were removed from a group');
      assert.equal((await lastEvent('group.member-removed'))?.subjectLabel, ann.email);
      await again.reopensForms();
      await again.presses('Remove from group');
      assert.equal(again.page.notice, 'Ann <b>Agent</b> is not in this group.');
      assert.equal((await ada.loads(`/admin/groups/${agents.id}/members/${ann.id}/remove`)).status, 404);
    });
  });

  describe('removing 2FA from people by their rule', () => {
    let mel: Account;
    let night: Group;

    beforeEach(async () => {
      await siteRuleIs(portal(), { rule: 'off' });
      mel = await portal().account(newEmail('mel'));
      await enrolsEmail(portal(), mel);
      night = await groupWith(portal(), { rule: 'optional' }, [mel], 'Night');
    });

    it('shows first how many people are still asked for what is no longer offered', async () => {
      await ada.visits(`/admin/groups/${night.id}/edit`);
      ada.unticks('Email Authentication');
      await ada.presses('Save group');
      assert.equal(ada.page.heading, 'Save changes?');
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      assert.deepEqual((await groupNamed('Night')).methods, ['app', 'email']);
      const called = ada.copy();
      await called.follow('Keep the group as it is');
      assert.equal(called.page.path, `/admin/groups/${night.id}`);
      await ada.presses('Save');
      assert.equal(ada.page.noticeKind, 'success');
      assert.deepEqual((await groupNamed('Night')).methods, ['app']);
    });

    it('shows nothing if another rule still offers it', async () => {
      await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [mel], 'Mail');
      await ada.visits(`/admin/groups/${night.id}/edit`);
      ada.unticks('Email Authentication');
      await ada.presses('Save group');
      assert.equal(ada.page.path, `/admin/groups/${night.id}`);
      assert.equal((await signsIn(portal(), mel.email)).page.path, '/sign-in/code');
    });

    it('shows before the group is deleted how many members it has', async () => {
      await ada.visits(`/admin/groups/${night.id}`);
      await ada.follow('Delete group');
      assert.equal(ada.page.heading, 'Delete the group “Night”?');
      assert.match(ada.page.text, /no longer applies to its 1 member/);
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      await ada.presses('Delete group');
      assert.equal(ada.page.notice, 'The group “Night” has been deleted.');
      assert.deepEqual(await portal().services.groups.all(), []);
      assert.deepEqual((await lastEvent('group.removed'))?.detail, { group: 'Night' });
      assert.equal((await signsIn(portal(), mel.email)).page.path, '/sign-in/code');
      assert.equal((await ada.loads(`/admin/groups/${night.id}`)).status, 404);
    });

    it('checks the confirmation like any form, and confirms nothing without a form before it', async () => {
      const path = `/admin/groups/${night.id}/confirm`;
      await ada.visits(path);
      assert.equal(ada.page.path, `/admin/groups/${night.id}/edit`);
      await ada.goesOnFrom(await ada.submitsRaw('POST', path, { ...FILLED, name: '' }));
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errorAt('Name of the group'), /Enter a name/);
    });
  });

  it('require a step-up before any change, and keep the typed values', async () => {
    portal().wait(10 * 60_000);
    await ada.visits('/admin/groups');
    assert.equal(ada.page.heading, 'Groups', 'reading takes no step-up');
    await ada.follow('New group');
    assert.equal(ada.page.heading, 'Confirm that it is you');
    ada.fillsIn('Password', PASSWORD);
    await ada.presses('Continue');
    assert.equal(ada.page.heading, 'New group');
    ada.fillsIn('Name of the group', 'Typed before');
    ada.unticks('Authentication App');
    portal().wait(10 * 60_000);
    await ada.presses('Save group');
    ada.fillsIn('Password', PASSWORD);
    await ada.presses('Continue');
    assert.equal(ada.page.value('Name of the group'), 'Typed before');
    assert.equal(ada.page.$('input[name=method-app]').attr('checked'), undefined);
  });

  it('cannot lock an administrator out: an administrator who makes 2FA mandatory for themselves sets it up and continues', async () => {
    const account = await portal().services.accounts.findByEmail('ada@example.org');
    assert.ok(account);
    const chiefs = await groupWith(portal(), { rule: 'off' }, [account], 'Chiefs');
    await ada.visits(`/admin/groups/${chiefs.id}/edit`);
    ada.chooses('Required');
    await ada.presses('Save group');
    await ada.presses('Save');
    assert.equal(ada.page.path, '/sign-in/set-up');
    assert.match(ada.page.text, /because you are in the group “Chiefs”/);
    await enrolsApp(portal(), account);
    await ada.visits(`/admin/groups/${chiefs.id}`);
    assert.equal(ada.page.path, '/sign-in/code');
    await portal().services.authenticators.reset(account.id, 'test', portal().now());
  });
});
