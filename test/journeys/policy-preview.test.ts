import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { days } from '../../src/kernel/time.ts';
import type { AuthenticatorApp } from '../support/authenticator-app.ts';
import type { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { quickAccount } from '../support/quick-account.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsApp, enrolsEmail, givesAppCode } from '../support/victim.ts';

const STALE = /Another administrator has changed the rules.*Nothing has been saved/;

onPortal('The preview of a rule', (portal) => {
  let ada: Person;
  let app: AuthenticatorApp;
  let bob: Account;
  let mel: Account;
  let ina: Account;

  before(async () => {
    app = await enrolsApp(portal(), await portal().account('ada@example.org', 'administrator', 'Ada Admin'));
    bob = await portal().account('bob@example.org', 'member', 'Bob <b>Builder</b>');
    mel = await portal().account('mel@example.org', 'member', 'Mel Mail');
    await enrolsEmail(portal(), mel);
    const invited = { email: 'ina@example.org', name: 'Ina Invited', hasPassword: false };
    ina = await quickAccount(portal(), invited);
    await portal().services.accounts.disable((await portal().account('dan@example.org')).id, portal().now());
  });

  beforeEach(async () => {
    await siteRuleIs(portal(), { rule: 'off' });
    for (const group of await portal().services.groups.all()) {
      await portal().services.groups.remove(group, OPERATOR);
    }
    await portal().services.accounts.enforce(bob.id, null);
    ada = await signsIn(portal(), 'ada@example.org');
    await givesAppCode(portal(), ada, app);
  });

  const settings = () => portal().services.settings.read();
  /** The page's values, by their labels. */
  const said = () => {
    const { $ } = ada.page;
    const rows = $('dl.summary > div').toArray();
    return Object.fromEntries(rows.map((row) => [$(row).find('dt').text(), $(row).find('dd').text()]));
  };
  const rows = () => {
    const { $ } = ada.page;
    return $('tbody tr')
      .toArray()
      .map((row) =>
        $(row)
          .children()
          .toArray()
          .map((cell) => $(cell).text().trim()),
      );
  };
  const groupsOf = async (account: Account) =>
    (await portal().services.groups.of(account)).map(({ name }) => name);
  const makesMandatory = async () => {
    await ada.visits('/admin/policy');
    ada.chooses('Require users to set up 2FA');
    ada.chooses('Authentication App');
    ada.chooses('Email Authentication');
  };

  describe('of the site', () => {
    it('shows who would be asked to enrol, whose mailbox is not confirmed, and when; "Save" saves', async () => {
      await makesMandatory();
      await ada.presses('Save policy');
      assert.equal(ada.page.path, '/admin/policy/confirm');
      assert.equal(ada.page.heading, 'Ask people to set up 2FA?');
      assert.match(ada.page.text, /2 people would be asked to set up 2FA/);
      assert.deepEqual(said(), { Immediately: '2', 'Email not confirmed': '1' });
      assert.deepEqual(rows(), [
        ['Bob <b>Builder</b>', bob.email, 'Confirmed', 'Immediately'],
        ['Ina Invited', ina.email, 'Not confirmed', 'Immediately'],
      ]);
      const [link] = ada.page.links.filter(({ text }) => text === 'Bob <b>Builder</b>');
      assert.equal(link?.href, `/admin/people/${bob.id}`);
      assert.equal((await settings()).twoFactor.rule, 'off', 'nothing is saved yet');
      await ada.presses('Save');
      assert.equal((await settings()).twoFactor.rule, 'mandatory');
      assert.equal((await signsIn(portal(), bob.email)).page.path, '/sign-in/set-up', 'as it was said');
      assert.equal((await signsIn(portal(), mel.email)).page.path, '/sign-in/code');
    });

    it('saves nothing if the administrator goes back', async () => {
      await makesMandatory();
      await ada.presses('Save policy');
      await ada.follow('Keep the policy as it is');
      assert.equal(ada.page.value('Two-factor authentication (2FA)'), 'off');
      assert.equal((await settings()).twoFactor.rule, 'off');
    });

    it('shows the date of a grace, or the days from the next sign-in', async () => {
      await makesMandatory();
      ada.chooses('Until a date');
      ada.fillsIn('2FA required from', '2099-03-01');
      await ada.presses('Save policy');
      assert.deepEqual(said(), { 'Until 1 March 2099 at 00:00 UTC': '2', 'Email not confirmed': '1' });
      await makesMandatory();
      ada.chooses('A number of days after first sign-in');
      ada.fillsIn('Number of days (optional)', '14');
      await ada.presses('Save policy');
      assert.deepEqual(said(), { '14 days from the next sign-in': '2', 'Email not confirmed': '1' });
      assert.equal(rows()[0]?.[3], '14 days from the next sign-in');
    });

    it('shows a shorter grace to take effect for people who wait already, and nothing about a longer one', async () => {
      const until = (at: number) =>
        siteRuleIs(portal(), { rule: 'mandatory', grace: { kind: 'until', at: portal().now() + at } });
      await until(days(9));
      ada = await signsIn(portal(), bob.email);
      await ada.presses('Not now');
      await portal().services.accounts.setRole(bob.id, 'administrator');
      await ada.visits('/admin/policy');
      ada.fillsIn('2FA required from', '2098-03-01');
      await ada.presses('Save policy');
      assert.equal(ada.page.noticeKind, 'success', 'more time asks nobody anything');
      ada.chooses('No grace period');
      await ada.presses('Save policy');
      assert.deepEqual(said(), { Immediately: '2', 'Email not confirmed': '1' });
      await portal().services.accounts.setRole(bob.id, 'member');
    });

    it('shows both if methods are removed: whose authenticators are no longer offered, and who has to enrol', async () => {
      await siteRuleIs(portal(), { rule: 'optional' });
      ada = await signsIn(portal(), bob.email);
      await portal().services.accounts.setRole(bob.id, 'administrator');
      await makesMandatory();
      ada.unticks('Email Authentication');
      await ada.presses('Save policy');
      assert.equal(ada.page.heading, 'Ask people to set up 2FA?');
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      assert.match(
        ada.page.text,
        /still asked for what they have .*: nobody gets in with the password alone/,
      );
      assert.match(ada.page.text, /3 people would be asked to set up 2FA/);
      await portal().services.accounts.setRole(bob.id, 'member');
    });

    it('names fifty people, and shows how many more there are', async () => {
      const crowd = await Promise.all(
        Array.from({ length: 55 }, (_, index) => portal().account(`crowd${index}@example.org`)),
      );
      await makesMandatory();
      await ada.presses('Save policy');
      assert.match(ada.page.text, /57 people would be asked/);
      assert.equal(rows().length, 50);
      assert.match(ada.page.text, /And 7 more\./);
      for (const { id } of crowd) await portal().services.accounts.disable(id, portal().now());
    });

    it('shows nothing if nobody is affected', async () => {
      await ada.visits('/admin/policy');
      ada.fillsIn('Help contact (optional)', `Room ${portal().now()}`);
      await ada.presses('Save policy');
      assert.equal(ada.page.path, '/admin/policy');
      assert.equal(ada.page.noticeKind, 'success');
    });

    it('saves nothing if another administrator has decided something else, and shows the new result', async () => {
      await makesMandatory();
      await ada.presses('Save policy');
      const other = ada.copy();
      await siteRuleIs(portal(), { rule: 'off', methods: ['app'] });
      await other.presses('Save');
      assert.equal(other.page.status, 409);
      assert.match(other.page.notice ?? '', STALE);
      assert.equal((await settings()).twoFactor.rule, 'off');
      await other.presses('Save');
      assert.equal((await settings()).twoFactor.rule, 'mandatory', 'what is shown now can be saved');
    });

    it('saves nothing without the right revision of what was shown', async () => {
      const fields = { rule: 'mandatory', 'method-app': 'on', grace: 'none', siteName: 'Help' };
      await ada.visits('/admin/policy');
      for (const revision of [undefined, '', 'x', ['a', 'b'], 'x'.repeat(9_999)]) {
        const answer = await ada.submitsRaw('POST', '/admin/policy/confirm', {
          ...fields,
          ...(revision !== undefined && { revision }),
        });
        assert.equal(answer.status, 409, String(revision).slice(0, 9));
      }
      assert.equal((await settings()).twoFactor.rule, 'off');
    });

    it('requires a step-up in between, and is shown again', async () => {
      await siteRuleIs(portal(), { rule: 'off' });
      await makesMandatory();
      await ada.presses('Save policy');
      portal().wait(10 * 60_000);
      await ada.presses('Save');
      assert.equal(ada.page.heading, 'Confirm that it is you');
      ada.fillsIn('Password', PASSWORD);
      await ada.presses('Continue');
      await givesAppCode(portal(), ada, app);
      assert.equal(ada.page.heading, 'Ask people to set up 2FA?');
      assert.equal((await settings()).twoFactor.rule, 'off');
      await ada.presses('Save');
      assert.equal((await settings()).twoFactor.rule, 'mandatory');
    });
  });

  describe('of a group', () => {
    it('shows which of its members are asked', async () => {
      const desk = await groupWith(portal(), { rule: 'optional' }, [bob, mel], 'Desk');
      await ada.visits(`/admin/groups/${desk.id}/edit`);
      ada.chooses('Required');
      await ada.presses('Save group');
      assert.equal(ada.page.path, `/admin/groups/${desk.id}/confirm`);
      assert.deepEqual(rows(), [['Bob <b>Builder</b>', bob.email, 'Confirmed', 'Immediately']]);
      const called = ada.copy();
      await called.follow('Keep the group as it is');
      assert.equal((await portal().services.groups.find(desk.id))?.rule, 'optional');
      await ada.presses('Save');
      assert.equal((await portal().services.groups.find(desk.id))?.rule, 'mandatory');
    });

    it('saves nothing if its members have changed since', async () => {
      const desk = await groupWith(portal(), { rule: 'optional' }, [bob], 'Desk');
      await ada.visits(`/admin/groups/${desk.id}/edit`);
      ada.chooses('Required');
      await ada.presses('Save group');
      await portal().services.groups.add(desk, ina, OPERATOR);
      await ada.presses('Save');
      assert.equal(ada.page.status, 409);
      assert.match(ada.page.notice ?? '', STALE);
      assert.equal(rows().length, 2);
      assert.equal((await portal().services.groups.find(desk.id))?.rule, 'optional');
    });

    it('is saved for one of twenty concurrent requests with the same page, and shown again to the others', async () => {
      const desk = await groupWith(portal(), { rule: 'optional' }, [bob], 'Desk');
      await ada.visits(`/admin/groups/${desk.id}/edit`);
      ada.chooses('Required');
      await ada.presses('Save group');
      const statuses = (await ada.races(20, 'Save')).map(({ status }) => status).sort();
      assert.deepEqual(statuses, [303, ...Array.from({ length: 19 }, () => 409)]);
    });

    it('shows the effect of deleting it, which does nothing if a rule has changed in between', async () => {
      const desk = await groupWith(portal(), { rule: 'optional' }, [mel], 'Desk');
      await ada.visits(`/admin/groups/${desk.id}/delete`);
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      await groupWith(portal(), { rule: 'optional' }, [mel], 'Zoo');
      await ada.presses('Delete group');
      assert.equal(ada.page.status, 409);
      assert.doesNotMatch(ada.page.text, /no longer offered/);
      assert.ok(await portal().services.groups.find(desk.id));
      await ada.presses('Delete group');
      assert.equal(await portal().services.groups.find(desk.id), undefined);
    });
  });

  describe('that a change of group members causes', () => {
    it('shows that a new member is asked, and adds nobody if the administrator goes back', async () => {
      const desk = await groupWith(portal(), { rule: 'mandatory' }, [], 'Desk');
      await ada.visits(`/admin/groups/${desk.id}`);
      ada.fillsIn('Email of the person to add', ina.email);
      await ada.presses('Add');
      assert.equal(ada.page.path, `/admin/groups/${desk.id}/members/confirm`);
      assert.deepEqual(rows(), [['Ina Invited', ina.email, 'Not confirmed', 'Immediately']]);
      const called = ada.copy();
      await called.follow('Keep the group as it is');
      assert.deepEqual(await groupsOf(ina), []);
      await portal().services.groups.change(desk, { ...desk, grace: { kind: 'days', days: 7 } }, OPERATOR);
      await ada.presses('Save');
      assert.match(ada.page.notice ?? '', STALE);
      assert.equal(rows()[0]?.[3], '7 days from the next sign-in');
      assert.deepEqual(await groupsOf(ina), []);
      await ada.presses('Save');
      assert.deepEqual(await groupsOf(ina), ['Desk']);
      await ada.visits(`/admin/groups/${desk.id}/members/confirm`);
      assert.equal(ada.page.path, `/admin/groups/${desk.id}`, 'nothing is left to be confirmed');
    });

    it('adds people at once who are not affected', async () => {
      const desk = await groupWith(portal(), { rule: 'mandatory' }, [], 'Desk');
      await ada.visits(`/admin/groups/${desk.id}`);
      ada.fillsIn('Email of the person to add', mel.email);
      await ada.presses('Add');
      assert.equal(ada.page.path, `/admin/groups/${desk.id}`);
      assert.deepEqual(await groupsOf(mel), ['Desk']);
    });

    it('shows which authenticators of a leaving member are no longer offered', async () => {
      const desk = await groupWith(portal(), { rule: 'optional' }, [mel], 'Desk');
      await ada.visits(`/admin/groups/${desk.id}/members/${mel.id}/remove`);
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      await siteRuleIs(portal(), { rule: 'off', methods: ['app'] });
      await ada.presses('Remove from group');
      assert.match(ada.page.notice ?? '', STALE);
      assert.deepEqual(await groupsOf(mel), ['Desk']);
      await ada.presses('Remove from group');
      assert.deepEqual(await groupsOf(mel), []);
    });

    it("shows the effect of a person's ticked groups, all of them together", async () => {
      await groupWith(portal(), { rule: 'optional' }, [bob], 'Desk');
      await groupWith(portal(), { rule: 'mandatory', grace: { kind: 'days', days: 5 } }, [], 'Agents');
      await ada.visits(`/admin/people/${bob.id}/groups`);
      ada.chooses('Agents');
      ada.unticks('Desk');
      await ada.presses('Save groups');
      assert.equal(ada.page.path, `/admin/people/${bob.id}/groups/confirm`);
      assert.deepEqual(rows(), [
        ['Bob <b>Builder</b>', bob.email, 'Confirmed', '5 days from the next sign-in'],
      ]);
      const called = ada.copy();
      await called.follow('Keep the groups as they are');
      assert.deepEqual(await groupsOf(bob), ['Desk']);
      await portal().services.groups.add(
        await groupWith(portal(), { rule: 'off' }, [], 'Zoo'),
        bob,
        OPERATOR,
      );
      await ada.presses('Save');
      assert.match(ada.page.notice ?? '', STALE);
      assert.deepEqual(await groupsOf(bob), ['Desk', 'Zoo']);
      await ada.presses('Save');
      assert.deepEqual(await groupsOf(bob), ['Agents']);
    });

    it('shows what is no longer offered if every group is unticked', async () => {
      await groupWith(portal(), { rule: 'optional' }, [mel], 'Desk');
      await ada.visits(`/admin/people/${mel.id}/groups`);
      ada.unticks('Desk');
      await ada.presses('Save groups');
      assert.equal(ada.page.heading, 'Save changes?');
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      await ada.presses('Save');
      assert.deepEqual(await groupsOf(mel), []);
    });
  });

  describe('of one person', () => {
    const enforcement = async () => (await portal().services.accounts.find(bob.id))?.enforcement;

    it('shows when "Require 2FA" asks them, with the chosen grace', async () => {
      await ada.visits(`/admin/people/${bob.id}/enforce-2fa`);
      ada.chooses('A number of days after first sign-in');
      ada.fillsIn('Number of days (optional)', '3');
      await ada.presses('Require 2FA');
      assert.equal(ada.page.path, `/admin/people/${bob.id}/enforce-2fa/confirm`);
      assert.deepEqual(said(), { '3 days from the next sign-in': '1', 'Email not confirmed': '0' });
      const called = ada.copy();
      await called.follow('Cancel');
      assert.equal(await enforcement(), null);
      await groupWith(portal(), { rule: 'mandatory' }, [bob], 'Agents');
      await ada.presses('Save');
      assert.match(ada.page.notice ?? '', STALE);
      assert.match(
        ada.page.text,
        /Nobody will be asked to set up 2FA/,
        'the group asks already, and earlier',
      );
      assert.equal(await enforcement(), null);
      await ada.presses('Save');
      assert.deepEqual((await enforcement())?.grace, { kind: 'days', days: 3 });
    });

    it('shows the effect of lifting it, and lifts nothing if a rule has changed in between', async () => {
      await portal().services.administration.enforceTwoFactor(mel, { kind: 'none' }, OPERATOR);
      const enforced = async () => (await portal().services.accounts.find(mel.id))?.enforcement;
      await ada.visits(`/admin/people/${mel.id}/lift-2fa`);
      assert.match(ada.page.text, /1 person would only have authenticators that are no longer offered/);
      await groupWith(portal(), { rule: 'optional' }, [mel], 'Desk');
      await ada.presses('Stop requiring 2FA');
      assert.equal(ada.page.status, 409);
      assert.match(ada.page.notice ?? '', STALE);
      assert.doesNotMatch(ada.page.text, /no longer offered/);
      assert.ok(await enforced());
      await ada.presses('Stop requiring 2FA');
      assert.equal(await enforced(), null);
    });

    it('has nothing to confirm for actions that change no rule', async () => {
      for (const action of ['lift-2fa', 'end-sessions', 'nothing']) {
        const { status } = await ada.loads(`/admin/people/${bob.id}/${action}/confirm`);
        assert.ok(status === 404 || status === 303, `${action}: ${status}`);
      }
    });
  });
});
