import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { Group } from '../../src/policy/group.ts';
import type { Person } from '../support/person.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { givesPassword, scansQrCode, setsUpApp, signsIn } from '../support/steps.ts';
import { enrolsApp, givesAppCode, isSignedIn, newEmail, TRUST } from '../support/victim.ts';

onPortal('Policy by group', (portal) => {
  let ann: Account;

  beforeEach(async () => {
    await siteRuleIs(portal(), { rule: 'optional' });
    for (const group of await portal().services.groups.all()) {
      await portal().services.groups.remove(group, OPERATOR);
    }
    ann = await portal().account(newEmail('ann'));
  });

  const changes = (group: Group, next: Partial<Group>) =>
    portal().services.groups.change(group, { ...group, ...next }, OPERATOR);

  it('is mandatory only for the members of a group, and says so at sign-in and under "Your 2FA"', async () => {
    await groupWith(portal(), { rule: 'mandatory' }, [ann], 'Agents');
    const person = await signsIn(portal(), ann.email);
    assert.equal(person.page.path, '/sign-in/set-up');
    assert.match(person.page.text, /2FA is required because you are in the group “Agents”\./);
    await person.follow('Set up authentication app');
    const app = await scansQrCode(person);
    person.fillsIn('Authenticator Name', 'Phone');
    person.fillsIn('Verification Code', app.code(portal().now()));
    await person.presses('Submit Code and Create');
    await person.presses('I have saved them. Continue');
    await person.visits('/profile/two-factor');
    assert.match(person.page.text, /because you are in the group “Agents”\. You need at least one/);
    const bob = await portal().account(newEmail('bob'));
    assert.ok(isSignedIn(await signsIn(portal(), bob.email)), 'who is in no group is asked for nothing');
  });

  it('offers 2FA to the members of a group if it is off for the site', async () => {
    await siteRuleIs(portal(), { rule: 'off', methods: [] });
    await groupWith(portal(), { rule: 'optional', methods: ['app'] }, [ann], 'Pilots');
    const person = await signsIn(portal(), ann.email);
    await person.visits('/profile/two-factor');
    assert.match(person.page.text, /You can set up 2FA because you are in the group “Pilots”/);
    assert.doesNotMatch(person.page.text, /Email Authentication/);
    await setsUpApp(portal(), person, ann.email);
    assert.equal((await signsIn(portal(), ann.email)).page.path, '/sign-in/code');
  });

  for (const [what, change] of [
    ['a person joins the group', (group: Group) => portal().services.groups.add(group, ann, OPERATOR)],
    [
      'the rule of their group becomes mandatory',
      async (group: Group) => {
        await changes(group, { rule: 'off' });
        await portal().services.groups.add(group, ann, OPERATOR);
        const relaxed = await portal().services.groups.find(group.id);
        assert.ok(relaxed);
        await changes(relaxed, { rule: 'mandatory' });
      },
    ],
    [
      '2FA is enforced for them',
      () => portal().services.administration.enforceTwoFactor(ann, { kind: 'none' }, OPERATOR),
    ],
  ] as const) {
    it(`applies at once to open sessions, when ${what}`, async () => {
      const group = await groupWith(portal(), { rule: 'mandatory' });
      const person = await signsIn(portal(), ann.email);
      await person.visits('/profile');
      assert.equal(person.page.path, '/profile');
      await change(group);
      await person.visits('/profile');
      assert.equal(person.page.path, '/sign-in/set-up');
    });
  }

  it('ends at once, when a person leaves the group or it is deleted', async () => {
    const group = await groupWith(portal(), { rule: 'mandatory' }, [ann]);
    const person = await signsIn(portal(), ann.email);
    assert.equal(person.page.path, '/sign-in/set-up');
    await portal().services.groups.drop(group, ann, OPERATOR);
    await person.visits('/profile');
    assert.equal(person.page.heading, 'Sign in', 'signing in once more is all it takes');
    await givesPassword(person, ann.email);
    assert.ok(isSignedIn(person));
    await portal().services.groups.add(group, ann, OPERATOR);
    await person.visits('/profile');
    assert.equal(person.page.path, '/sign-in/set-up');
    await portal().services.groups.remove(group, OPERATOR);
    assert.ok(isSignedIn(await signsIn(portal(), ann.email)));
  });

  describe('with another rule that requires another method', () => {
    it('asks for the existing authenticator first, and never creates one by the password alone', async () => {
      const app = await enrolsApp(portal(), ann);
      await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [ann], 'Desk');
      const person = await signsIn(portal(), newEmail('nobody'));
      await person.visits('/profile/sign-ins');
      await givesPassword(person, ann.email);
      assert.equal(person.page.path, '/sign-in/code');
      for (const path of ['/sign-in/set-up', '/sign-in/set-up/email', '/profile']) {
        await person.visits(path);
        assert.equal(person.page.path, '/sign-in/code', path);
      }
      await givesAppCode(portal(), person, app);
      assert.equal(person.page.path, '/sign-in/set-up/email');
      assert.equal((await person.loads('/profile')).status, 303, 'a code of the other method is not all');
      person.fillsIn('Authenticator Name', 'Mail');
      await person.presses('Send Verification Code');
      person.fillsIn('Verification Code', await codeTo(ann.email));
      await person.presses('Submit Code and Create');
      await person.presses('I have saved them. Continue');
      assert.equal(person.page.path, '/profile/sign-ins', 'on to where they were going');
      await person.visits('/profile/two-factor');
      assert.match(person.page.text, /The administrators have switched this method off|does not satisfy/);
    });

    it('says under "Your 2FA" which method is required, and that the existing one does not satisfy it', async () => {
      const app = await enrolsApp(portal(), ann);
      const grace = { kind: 'until', at: Date.UTC(2099, 0, 1) } as const;
      await groupWith(portal(), { rule: 'mandatory', methods: ['email'], grace }, [ann], 'Desk');
      const person = await signsIn(portal(), ann.email);
      await givesAppCode(portal(), person, app);
      await person.presses('Not now');
      await person.visits('/profile/two-factor');
      assert.match(
        person.page.text,
        /It does not meet the requirement\. You are asked for it when you sign in/,
      );
    });

    it('accepts a recovery code instead of the old authenticator, and still requires the new one', async () => {
      await enrolsApp(portal(), ann);
      const [code = ''] = await portal().services.recoveryCodes.renew(ann, OPERATOR);
      await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [ann], 'Desk');
      const person = await signsIn(portal(), ann.email);
      await person.follow('Use a recovery code');
      person.fillsIn('Recovery code', code);
      await person.presses('Continue');
      assert.equal(person.page.path, '/sign-in/set-up/email');
      assert.equal((await person.loads('/profile')).status, 303);
    });

    it('asks an open session for it, and keeps what was proven', async () => {
      const app = await enrolsApp(portal(), ann);
      const person = await signsIn(portal(), ann.email);
      await givesAppCode(portal(), person, app);
      assert.ok(isSignedIn(person));
      await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [ann], 'Desk');
      await person.visits('/profile');
      assert.equal(person.page.path, '/sign-in/set-up/email');
      person.fillsIn('Authenticator Name', 'Mail');
      await person.presses('Send Verification Code');
      assert.equal(person.page.path, '/sign-in/set-up/email', 'the app is not asked for again');
      person.fillsIn('Verification Code', await codeTo(ann.email));
      await person.presses('Submit Code and Create');
      await person.presses('I have saved them. Continue');
      assert.ok(isSignedIn(person));
    });
  });

  it('requires the strongest of their methods if two rules have none in common, and says so', async () => {
    await groupWith(portal(), { rule: 'mandatory', methods: ['app'] }, [ann], 'Agents');
    await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [ann], 'Desk');
    const person = await signsIn(portal(), ann.email);
    assert.equal(person.page.path, '/sign-in/set-up/app');
    assert.match(person.page.text, /in the group “Agents”\. 2FA is required .* in the group “Desk”\./);
    assert.match(person.page.text, /no method in common, so the strongest of their methods is required/);
    await enrolsApp(portal(), ann);
    await person.visits('/sign-in/code');
    assert.equal(person.page.path, '/sign-in/code');
  });

  describe('the trust of a browser', () => {
    let trusted: Person;

    beforeEach(async () => {
      await portal().services.settings.change({ trustDays: 30 });
      const app = await enrolsApp(portal(), ann);
      trusted = await signsIn(portal(), ann.email);
      trusted.chooses(TRUST);
      await givesAppCode(portal(), trusted, app);
      assert.ok(isSignedIn(trusted));
    });
    afterEach(async () => {
      await portal().services.settings.change({ trustDays: 0 });
    });

    async function signsInAgain(): Promise<void> {
      await trusted.visits('/');
      if (isSignedIn(trusted)) await trusted.presses('Sign out');
      await trusted.visits('/sign-in');
      await givesPassword(trusted, ann.email);
    }

    for (const [what, change] of [
      ['they join a group with a rule', () => groupWith(portal(), { rule: 'optional' }, [ann])],
      [
        '2FA is enforced for them',
        () => portal().services.administration.enforceTwoFactor(ann, { kind: 'none' }, OPERATOR),
      ],
    ] as const) {
      it(`ends when ${what}`, async () => {
        await signsInAgain();
        assert.ok(isSignedIn(trusted), 'trusted so far');
        await change();
        await signsInAgain();
        assert.equal(trusted.page.path, '/sign-in/code');
      });
    }

    it('does not return when they leave the group again', async () => {
      const group = await groupWith(portal(), { rule: 'optional' }, [ann]);
      await portal().services.groups.drop(group, ann, OPERATOR);
      await signsInAgain();
      assert.equal(trusted.page.path, '/sign-in/code');
    });

    it('does not return when the rule of their group is restored, or when the group is deleted', async () => {
      const group = await groupWith(portal(), { rule: 'off' }, [ann]);
      await signsInAgain();
      assert.ok(isSignedIn(trusted));
      await changes(group, { rule: 'optional' });
      const optional = await portal().services.groups.find(group.id);
      assert.ok(optional);
      await portal().services.groups.remove(optional, OPERATOR);
      await signsInAgain();
      assert.equal(trusted.page.path, '/sign-in/code');
    });

    it('does not return when an enforcement is lifted', async () => {
      const { administration } = portal().services;
      await administration.enforceTwoFactor(ann, { kind: 'none' }, OPERATOR);
      await administration.liftEnforcement(ann, OPERATOR);
      await signsInAgain();
      assert.equal(trusted.page.path, '/sign-in/code');
    });

    it('of others remains when somebody joins or leaves, and when a rule changes that is not theirs', async () => {
      const bob = await portal().account(newEmail('bob'));
      const group = await groupWith(portal(), { rule: 'optional' }, [bob]);
      await changes(group, { rule: 'mandatory' });
      await portal().services.groups.drop(group, bob, OPERATOR);
      await signsInAgain();
      assert.ok(isSignedIn(trusted));
    });

    it('survives a group that requires nothing', async () => {
      await groupWith(portal(), { rule: 'off' }, [ann]);
      await signsInAgain();
      assert.ok(isSignedIn(trusted));
    });

    it('skips no enrolment that a group requires', async () => {
      await groupWith(portal(), { rule: 'mandatory', methods: ['email'] }, [ann]);
      await signsInAgain();
      assert.equal(trusted.page.path, '/sign-in/code');
    });
  });

  async function codeTo(email: string): Promise<string> {
    for (;;) {
      const { text = '' } = await portal().mailbox.next(email);
      const code = /^\d{6}$/m.exec(text)?.[0];
      if (code) return code;
    }
  }
});
