import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { AuditEventName } from '../../src/audit/vocabulary.ts';
import { days } from '../../src/kernel/time.ts';
import type { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsApp, newEmail } from '../support/victim.ts';

onPortal('Administration: the policy of a person', (portal) => {
  let ada: Person;
  let bob: Account;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });

  beforeEach(async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    for (const group of await portal().services.groups.all()) {
      await portal().services.groups.remove(group, OPERATOR);
    }
    bob = await portal().account(newEmail('bob'), 'member', 'Bob Builder');
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits(`/admin/people/${bob.id}`);
  });

  const fact = (label: string) => {
    const { $ } = ada.page;
    const row = $('dl.summary > div').filter((_, one) => $(one).find('dt').text() === label);
    return row.find('dd').first().text();
  };
  const stored = async () => (await portal().services.accounts.find(bob.id))?.enforcement;
  const lastEvent = async (event: AuditEventName) =>
    (await portal().services.audit.search({ event, person: bob.email, page: 1, pageSize: 1 })).events[0];

  it('is explained: the rule, its source, and what comes at the next sign-in', async () => {
    assert.equal(
      fact('2FA rule'),
      'Optional, by: the site’s policy. Methods: Authentication App, Email Authentication.',
    );
    assert.equal(fact('Next sign-in'), 'Password only.');
    assert.equal(fact('Groups'), 'In no group');
    await groupWith(portal(), { rule: 'mandatory', methods: ['app'] }, [bob], 'Agents');
    await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [bob], 'Desk');
    await ada.visits(`/admin/people/${bob.id}`);
    assert.equal(fact('Groups'), 'Agents, Desk');
    assert.equal(
      fact('2FA rule'),
      'Required, by: the group “Agents”, the group “Desk”. Methods: Authentication App. ' +
        'These rules have no method in common, so the strongest of their methods is required.',
    );
    assert.equal(fact('Next sign-in'), '2FA set-up required.');
    await enrolsApp(portal(), bob);
    await ada.visits(`/admin/people/${bob.id}`);
    assert.equal(fact('Next sign-in'), '2FA code required.');
    await siteRuleIs(portal(), { rule: 'off' });
    for (const group of await portal().services.groups.all()) {
      await portal().services.groups.remove(group, OPERATOR);
    }
    await ada.visits(`/admin/people/${bob.id}`);
    assert.equal(fact('2FA rule'), 'Off.');
  });

  it('is explained with the deadline, before the grace has started and afterwards', async () => {
    await groupWith(portal(), { rule: 'mandatory', grace: { kind: 'days', days: 14 } }, [bob], 'Agents');
    await ada.visits(`/admin/people/${bob.id}`);
    assert.equal(
      fact('Next sign-in'),
      '2FA set-up required, can be postponed. The grace period lasts 14 days from the next sign-in.',
    );
    await signsIn(portal(), bob.email);
    await ada.visits(`/admin/people/${bob.id}`);
    assert.match(
      fact('Next sign-in'),
      /can be postponed\. The grace period ends on \d+ \w+ \d{4} at \d\d:\d\d UTC\.$/,
    );
    portal().wait(days(14));
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits(`/admin/people/${bob.id}`);
    assert.equal(fact('Next sign-in'), '2FA set-up required.');
  });

  it('is explained for a person with an authenticator that does not satisfy it', async () => {
    await enrolsApp(portal(), bob);
    await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [bob], 'Desk');
    await ada.visits(`/admin/people/${bob.id}`);
    assert.equal(fact('Next sign-in'), '2FA code required. 2FA set-up required.');
  });

  it('can require 2FA of them alone, at once and in open sessions, with a mail and an audit entry', async () => {
    const open = await signsIn(portal(), bob.email);
    await ada.follow('Require 2FA');
    assert.equal(ada.page.heading, 'Require 2FA for Bob Builder?');
    await ada.presses('Require 2FA');
    await ada.presses('Save');
    assert.equal(ada.page.notice, '2FA is now required for Bob Builder.');
    assert.match(fact('2FA rule'), /^Required, by: “Require 2FA” for this person\./);
    assert.deepEqual((await stored())?.grace, { kind: 'none' });
    assert.equal((await portal().mailbox.next(bob.email)).subject, '2FA is now required for your account');
    const event = await lastEvent('two-factor.enforced');
    assert.deepEqual([event?.actorLabel, event?.detail], ['ada@example.org', { grace: 'none' }]);
    await open.visits('/profile');
    assert.equal(open.page.path, '/sign-in/set-up');
    assert.match(open.page.text, /An administrator has made 2FA required for your account/);
  });

  it('is that of others again when this is lifted, in open sessions too', async () => {
    await portal().services.administration.enforceTwoFactor(bob, { kind: 'none' }, OPERATOR);
    await portal().mailbox.next(bob.email);
    const open = await signsIn(portal(), bob.email);
    assert.equal(open.page.path, '/sign-in/set-up');
    await ada.visits(`/admin/people/${bob.id}`);
    await ada.follow('Stop requiring 2FA');
    await ada.presses('Stop requiring 2FA');
    assert.equal(ada.page.notice, '2FA is no longer required for Bob Builder in particular.');
    assert.equal(await stored(), null);
    assert.match((await portal().mailbox.next(bob.email)).subject ?? '', /no longer required/);
    assert.equal((await lastEvent('two-factor.enforcement-lifted'))?.actorLabel, 'ada@example.org');
    const again = await signsIn(portal(), bob.email);
    assert.equal(again.page.path, '/profile/two-factor/suggestion');
  });

  it('may have its own grace period when 2FA is enforced', async () => {
    await ada.follow('Require 2FA');
    ada.chooses('A number of days after first sign-in');
    ada.fillsIn('Number of days (optional)', '366');
    await ada.presses('Require 2FA');
    assert.equal(ada.page.status, 422);
    assert.match(ada.page.errorAt('Number of days (optional)'), /0 to 365/);
    assert.equal(await stored(), null);
    ada.fillsIn('Number of days (optional)', '3');
    await ada.presses('Require 2FA');
    await ada.presses('Save');
    assert.deepEqual((await stored())?.grace, { kind: 'days', days: 3 });
    const person = await signsIn(portal(), bob.email);
    await person.presses('Not now');
    assert.equal(person.page.path, '/');
    portal().wait(days(3));
    assert.ok(!(await signsIn(portal(), bob.email)).page.buttons.includes('Not now'));
  });

  it('is changed by one of twenty concurrent requests; later ones see the new state', async () => {
    await ada.follow('Require 2FA');
    await ada.presses('Require 2FA');
    const answers = await ada.races(20, 'Save');
    assert.ok(answers.every(({ status }) => status === 303 || status === 409));
    const { total } = await portal().services.audit.search({
      ...{ event: 'two-factor.enforced', person: bob.email, page: 1, pageSize: 1 },
    });
    assert.equal(total, 1);
    await ada.presses('Save');
    assert.match(ada.page.notice ?? '', /already done/);
  });

  it('changes with the groups that the person joins and leaves, each with a mail and an audit entry', async () => {
    await groupWith(portal(), { rule: 'mandatory' }, [bob], 'Agents');
    await groupWith(portal(), { rule: 'off' }, [], 'Desk');
    await groupWith(portal(), { rule: 'off' }, [bob], 'Zoo');
    await ada.visits(`/admin/people/${bob.id}/groups`);
    assert.equal(ada.page.heading, 'Groups of Bob Builder');
    ada.unticks('Agents');
    ada.chooses('Desk');
    await ada.presses('Save groups');
    assert.equal(ada.page.notice, 'The groups of Bob Builder have been saved.');
    assert.equal(fact('Groups'), 'Desk, Zoo');
    const subjects = [await portal().mailbox.next(bob.email), await portal().mailbox.next(bob.email)];
    assert.deepEqual(subjects.map(({ subject }) => subject).sort(), [
      'You were added to a group',
      'You were removed from a group',
    ]);
    assert.deepEqual((await lastEvent('group.member-added'))?.detail, { group: 'Desk' });
    assert.deepEqual((await lastEvent('group.member-removed'))?.detail, { group: 'Agents' });
    await ada.visits(`/admin/people/${bob.id}/groups`);
    await ada.presses('Save groups');
    assert.equal(ada.page.notice, 'No changes to save.');
  });

  it('does not change if the form of the groups is not ours, before or at the confirmation', async () => {
    const agents = await groupWith(portal(), { rule: 'off' }, [bob], 'Agents');
    const path = `/admin/people/${bob.id}/groups`;
    for (const form of [path, `${path}/confirm`]) {
      const answer = await ada.submitsRaw('POST', form, { [`group-${agents.id}`]: ['on', 'on'] });
      assert.equal(answer.status, 422, form);
      assert.equal(answer.errors.length, 1, form);
    }
    assert.equal((await portal().services.groups.of(bob)).length, 1);
  });

  it('is shown in the list of people: the groups of each, and those of one group alone', async () => {
    const agents = await groupWith(portal(), { rule: 'off' }, [bob], 'Agents & co');
    await ada.visits('/admin/people');
    ada.chooses('Agents & co', 'Group');
    await ada.presses('Search');
    assert.match(ada.page.text, /1 person/);
    const [, , role] = ada.page.$('tbody tr').first().children().toArray();
    assert.equal(ada.page.$(role).text(), 'Member Agents & co');
    await ada.follow('Show everyone');
    assert.match(ada.page.text, /ada@example\.org/);
    await ada.visits(`/admin/people?group=${agents.id}&search=nobody-there`);
    assert.match(ada.page.text, /Nobody has/);
    await ada.visits('/admin/people?group=unknown');
    assert.match(ada.page.text, /Nobody is in this group/);
    for (const group of ['x'.repeat(1000), 'a%00', 'a&group=b']) {
      assert.equal((await ada.visits(`/admin/people?group=${group}`)).status, 422);
    }
  });
});
