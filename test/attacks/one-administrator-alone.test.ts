import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { PROBATION } from '../../src/accounts/administrators.ts';
import { hours, minutes } from '../../src/kernel/time.ts';
import { approves, NOTE } from '../support/lost-access.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { enrolsApp, newEmail, TRUST } from '../support/victim.ts';

const WAITING = 48;

onPortal('One administrator alone, while a second approval is needed', (portal) => {
  let eve: Account;
  let ben: Account;
  let victim: Account;
  /** Eve, signed in. */
  let attacker: Person;

  beforeEach(async () => {
    const { services } = portal();
    const { resets } = { resets: { secondApproval: true, waitingHours: WAITING } };
    for (const one of await services.accounts.administrators())
      await services.accounts.setRole(one.id, 'member');
    eve = await portal().account(newEmail('eve'), 'administrator', 'Eve');
    ben = await portal().account(newEmail('ben'), 'administrator', 'Ben');
    for (const one of await services.accounts.administrators()) {
      if (one.id !== eve.id && one.id !== ben.id) await services.accounts.setRole(one.id, 'member');
    }
    await services.settings.change({
      ...{ resets, pendingResets: null, sender: '' },
      twoFactor: { rule: 'optional', methods: ['app', 'email'] },
    });
    victim = await portal().account(newEmail('vera'), 'member', 'Vera');
    await enrolsApp(portal(), victim);
    attacker = await signsIn(portal(), eve.email);
  });

  const settings = () => portal().services.settings.read();
  const factors = async () => (await portal().services.authenticators.of(victim.id)).length;
  const subjects = (to: Account) =>
    portal()
      .delivered()
      .then(() =>
        portal()
          .mailbox.sentTo(to.email)
          .map(({ subject }) => subject),
      );

  /** Fills in the policy form and saves it, past the page with the preview. */
  async function savesPolicy(administrator: Person, fill: () => void): Promise<void> {
    await administrator.visits('/admin/policy');
    fill();
    await administrator.presses('Save policy');
    const [further] = administrator.page.buttons.filter(
      (text) => /^Save/.test(text) && text !== 'Save policy',
    );
    if (further) await administrator.presses(further);
  }

  const switchesOff = (administrator: Person) =>
    savesPolicy(administrator, () => administrator.unticks('A second administrator has to approve'));

  async function againSignedIn(account: Account): Promise<Person> {
    return signsIn(portal(), account.email);
  }

  async function acts(administrator: Person, account: Account, action: string): Promise<void> {
    await administrator.visits(`/admin/people/${account.id}/${action}`);
    const [button] = administrator.page.buttons.filter((text) => text !== 'Sign out');
    if (administrator.page.path.endsWith(action) && button) await administrator.presses(button);
  }

  it('cannot switch it off or shorten its waiting period; such a change waits, and all get a mail', async () => {
    await switchesOff(attacker);
    assert.match(attacker.page.notice ?? '', /needs another administrator/);
    await savesPolicy(attacker, () => attacker.fillsIn('Waiting period in hours', '0'));
    assert.deepEqual((await settings()).resets, { secondApproval: true, waitingHours: WAITING });
    for (const account of [eve, ben]) {
      assert.ok(
        (await subjects(account)).includes('A change to the approval of 2FA resets needs confirmation'),
      );
    }
  });

  it('cannot confirm their own change at any time, with or without the page', async () => {
    await switchesOff(attacker);
    const { pendingResets } = await settings();
    portal().wait(hours(WAITING) + PROBATION);
    attacker = await againSignedIn(eve);
    await attacker.visits('/admin/policy/approval');
    assert.ok(!attacker.page.buttons.includes('Confirm the change'));
    await attacker.goesOnFrom(
      await attacker.submitsRaw('POST', `/admin/policy/approval/${pendingResets?.id}/confirm`, {}),
    );
    assert.match(attacker.page.notice ?? '', /cannot be done now/);
    assert.equal((await settings()).resets.secondApproval, true);
  });

  it('needs a confirmation by another one after the waiting period, by one of twenty, and all get a mail', async () => {
    await switchesOff(attacker);
    let other = await againSignedIn(ben);
    await other.visits('/admin/policy/approval');
    assert.ok(!other.page.buttons.includes('Confirm the change'));
    portal().wait(hours(WAITING));
    other = await againSignedIn(ben);
    await other.visits('/admin/policy/approval');
    await other.races(20, 'Confirm the change');
    assert.equal((await settings()).resets.secondApproval, false);
    assert.equal((await settings()).pendingResets, null);
    const told = (await subjects(eve)).filter((one) => one === 'The approval of 2FA resets was changed');
    assert.equal(told.length, 1);
  });

  it('cannot slip another change under a confirmation: each has its own id', async () => {
    const other = await againSignedIn(ben);
    await savesPolicy(other, () => other.fillsIn('Waiting period in hours', '47'));
    portal().wait(hours(WAITING));
    const reader = await againSignedIn(eve);
    await reader.visits('/admin/policy/approval');
    attacker = await againSignedIn(ben);
    await switchesOff(attacker);
    await reader.presses('Confirm the change');
    assert.match(reader.page.notice ?? '', /cannot be done now/);
    assert.deepEqual((await settings()).resets, { secondApproval: true, waitingHours: WAITING });
  });

  it('is stopped by any other, who cancels the waiting change', async () => {
    await switchesOff(attacker);
    const other = await againSignedIn(ben);
    await other.visits('/admin/policy');
    await other.follow('See the change');
    await other.presses('Cancel the change');
    assert.equal((await settings()).pendingResets, null);
    assert.ok((await subjects(eve)).some((one) => /approval of 2FA resets was cancelled/.test(one ?? '')));
  });

  it('does not become the second by another account that they invite, before three days, and all get a mail about it', async () => {
    const puppet = newEmail('eve');
    await attacker.visits('/admin/people/invite');
    attacker.fillsIn('Name', 'Eve again');
    attacker.fillsIn('Email', puppet);
    attacker.chooses('Administrator');
    await attacker.presses('Send invitation');
    assert.ok((await subjects(ben)).includes('The administrators of Help Center have changed'));
    const accepting = new Person(portal().app);
    await accepting.visits(linkIn(await portal().mailbox.next(puppet)));
    accepting.fillsIn('Password', 'seventeen green herons');
    await accepting.presses('Save password');
    await asksForReset();
    const page = await requestPage();
    const second = await signsIn(portal(), puppet);
    await second.visits(page);
    assert.match(second.page.text, /Your approval counts from/);
    await second.goesOnFrom(await second.submitsRaw('POST', `${page}/approve`, { note: NOTE }));
    assert.match(second.page.notice ?? '', /already done or is no longer possible/);
    portal().wait(PROBATION + hours(WAITING));
    attacker = await againSignedIn(eve);
    await attacker.goesOnFrom(await attacker.submitsRaw('POST', `${page}/carry-out`, {}));
    assert.equal(await factors(), 1);
    // An administrator whom the others left alone for three days counts like any other.
    await approves(await signsIn(portal(), puppet), page);
    portal().wait(hours(WAITING));
    attacker = await againSignedIn(eve);
    await attacker.visits(`${page}/carry-out`);
    await attacker.presses('Reset 2FA');
    assert.equal(await factors(), 0);
  });

  for (const [what, makes] of [
    [
      'a member who becomes an administrator',
      async () => {
        const puppet = await portal().account(newEmail('puppet'));
        await acts(attacker, puppet, 'make-administrator');
        return puppet;
      },
    ],
    [
      'an account that they import',
      async () => {
        const email = newEmail('imported');
        const { passwordHash } = eve;
        const person = {
          email,
          name: 'Imported',
          role: 'administrator',
          passwordHash,
          groupIds: [],
          language: null,
        } as const;
        const actor = { party: { id: eve.id, label: eve.email }, origin: OPERATOR.origin };
        await portal().services.peopleImport.create([person], actor);
        return portal().services.accounts.findByEmail(email);
      },
    ],
  ] as const) {
    it(`does not become the second by ${what}, and all get a mail about it`, async () => {
      const puppet = await makes();
      assert.ok(puppet);
      assert.ok((await subjects(ben)).includes('The administrators of Help Center have changed'));
      await asksForReset();
      const page = await requestPage();
      const second = await againSignedIn(puppet);
      await second.goesOnFrom(await second.submitsRaw('POST', `${page}/approve`, { note: NOTE }));
      portal().wait(hours(WAITING));
      assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 0);
      assert.equal(await factors(), 1);
    });
  }

  it('does not become the second by requesting through a new administrator and approving as the old one', async () => {
    const puppet = await portal().account(newEmail('puppet'));
    await acts(attacker, puppet, 'make-administrator');
    const second = await againSignedIn(puppet);
    await asksForReset(second);
    await approves(attacker, await requestPage());
    portal().wait(hours(WAITING));
    assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 0);
    assert.equal(await factors(), 1);
  });

  for (const action of ['disable', 'remove-administrator'] as const) {
    for (const order of ['first', 'afterwards'] as const) {
      it(`gets no second approval by waiting if they ${action} the others ${order}`, async () => {
        const puppet = await portal().account(newEmail('puppet'));
        if (order === 'first') await acts(attacker, ben, action);
        await acts(attacker, puppet, 'make-administrator');
        if (order === 'afterwards') await acts(attacker, ben, action);
        assert.ok((await subjects(ben)).some((one) => /disabled|role was changed/.test(one ?? '')));
        await asksForReset();
        const page = await requestPage();
        portal().wait(30 * PROBATION);
        const second = await againSignedIn(puppet);
        await second.visits(page);
        assert.match(second.page.text, /Your approval does not count/);
        await second.goesOnFrom(await second.submitsRaw('POST', `${page}/approve`, { note: NOTE }));
        await switchesOff(second);
        portal().wait(hours(WAITING));
        attacker = await againSignedIn(eve);
        const { pendingResets } = await settings();
        assert.ok(pendingResets);
        await attacker.goesOnFrom(
          await attacker.submitsRaw('POST', `/admin/policy/approval/${pendingResets.id}/confirm`, {}),
        );
        assert.equal((await settings()).resets.secondApproval, true);
        assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 0);
        assert.equal(await factors(), 1);
      });
    }
  }

  for (const who of ['they', 'the others'] as const) {
    it(`gets no second approval if ${who} disable a new administrator, whom they enable days later`, async () => {
      const puppet = await portal().account(newEmail('puppet'));
      await acts(attacker, puppet, 'make-administrator');
      await acts(who === 'they' ? attacker : await againSignedIn(ben), puppet, 'disable');
      await asksForReset();
      const page = await requestPage();
      portal().wait(2 * PROBATION);
      attacker = await againSignedIn(eve);
      const before = (await subjects(ben)).length;
      await acts(attacker, puppet, 'enable');
      assert.deepEqual((await subjects(ben)).slice(before), [
        'The administrators of Help Center have changed',
      ]);
      const second = await againSignedIn(puppet);
      await second.visits(page);
      assert.match(second.page.text, /Your approval counts from/);
      await second.goesOnFrom(await second.submitsRaw('POST', `${page}/approve`, { note: NOTE }));
      portal().wait(hours(WAITING));
      assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 0);
      assert.equal(await factors(), 1);
      // By now the others have had their days to object.
      portal().wait(PROBATION);
      await approves(await againSignedIn(puppet), page);
      portal().wait(hours(WAITING));
      assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 1);
    });
  }

  it('gets no second approval by an account that was disabled when it was switched on', async () => {
    const { services } = portal();
    await services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
    const puppet = await portal().account(newEmail('puppet'), 'administrator');
    await acts(attacker, puppet, 'disable');
    portal().wait(minutes(1));
    const resets = { secondApproval: true, waitingHours: 0 };
    assert.equal(
      await services.settingsChanges.change(
        { resets },
        { party: { id: ben.id, label: ben.email }, origin: OPERATOR.origin },
      ),
      'changed',
    );
    portal().wait(minutes(1));
    await acts(attacker, puppet, 'enable');
    await asksForReset();
    const page = await requestPage();
    const second = await againSignedIn(puppet);
    await second.visits(page);
    assert.match(second.page.text, /Your approval counts from/);
    await second.goesOnFrom(await second.submitsRaw('POST', `${page}/approve`, { note: NOTE }));
    assert.equal(await factors(), 1);
  });

  it('takes no approval from a colleague whom they disable and enable again', async () => {
    await acts(attacker, ben, 'disable');
    portal().wait(minutes(5));
    await acts(attacker, ben, 'enable');
    await asksForReset();
    await approves(await againSignedIn(ben), await requestPage());
    portal().wait(hours(WAITING));
    assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 1);
  });

  it('resets nobody directly, whatever they send to the page of the person', async () => {
    for (const path of ['reset-2fa', 'reset-2fa/confirm']) {
      await attacker.visits('/admin/people');
      await attacker.submitsRaw('POST', `/admin/people/${victim.id}/${path}`, {});
    }
    const actor = { party: { id: eve.id, label: eve.email }, origin: OPERATOR.origin };
    assert.equal(await portal().services.administration.resetTwoFactor(victim, actor), false);
    assert.equal(await factors(), 1);
  });

  it('resets nobody by requesting as the person, whose password they have, and approving', async () => {
    const half = await signsIn(portal(), victim.email);
    await half.visits('/sign-in/code/lost-access');
    half.fillsIn('What happened?', 'My phone fell into a lake');
    half.fillsIn('How can we reach you?', 'Room 5');
    await half.presses('Request a reset');
    await approves(attacker, await requestPage());
    portal().wait(hours(WAITING));
    assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 0);
    assert.equal(await factors(), 1);
  });

  it('weakens the rules for others only with a mail to all that names them', async () => {
    for (const [what, change] of [
      ['off', () => attacker.chooses('Off')],
      ['trust', () => attacker.fillsIn('Days for which a browser may be trusted', '365')],
      ['the sender', () => attacker.fillsIn('Sender address (optional)', 'nobody@example.org')],
    ] as const) {
      const before = (await subjects(ben)).length;
      await savesPolicy(attacker, change);
      const mails = portal().mailbox.sentTo(ben.email).slice(before);
      await portal().delivered();
      const [mail] = portal().mailbox.sentTo(ben.email).slice(before);
      assert.equal(mail?.subject, 'The policy of Help Center requires less', `${what} ${mails.length}`);
      assert.match(mail?.text ?? '', new RegExp(`By: ${eve.email.replace('.', '\\.')}`));
      assert.doesNotMatch(JSON.stringify(mail?.from), /nobody@example\.org/);
    }
    await portal().services.settings.change({ trustDays: 0 });
    assert.ok(!attacker.page.text.includes(TRUST));
  });

  it('cannot switch it on if nobody else could approve, which only the operator could undo', async () => {
    await portal().services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
    await acts(attacker, ben, 'remove-administrator');
    await savesPolicy(attacker, () => attacker.chooses('A second administrator has to approve'));
    assert.equal(attacker.page.status, 422);
    assert.match(attacker.page.text, /A second approval needs two administrators/);
    assert.equal((await settings()).resets.secondApproval, false);
  });

  it('does not stop a new site: administrators from before it was switched on count at once', async () => {
    await portal().services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
    const cal = await portal().account(newEmail('cal'));
    await acts(attacker, cal, 'make-administrator');
    await savesPolicy(attacker, () => attacker.chooses('A second administrator has to approve'));
    await asksForReset();
    await approves(await againSignedIn(cal), await requestPage());
    assert.equal(await factors(), 0);
  });

  it('can use the command line, whose administrators count at once', async () => {
    await acts(attacker, ben, 'disable');
    const person = { email: newEmail('cal'), name: 'Cal' };
    const cal = await portal().services.registration.create(
      person,
      'administrator',
      'seventeen green herons',
      OPERATOR,
    );
    assert.ok(cal);
    await asksForReset();
    const other = new Person(portal().app);
    await other.visits('/sign-in');
    await givesPassword(other, cal.email);
    await approves(other, await requestPage());
    portal().wait(hours(WAITING));
    assert.equal(await portal().services.resetRequests.carryOutDue(OPERATOR), 1);
  });

  async function asksForReset(by: Person = attacker): Promise<void> {
    await by.visits(`/admin/people/${victim.id}/request-reset`);
    by.fillsIn('How did you verify their identity?', NOTE);
    await by.presses('Request approval');
  }

  async function requestPage(): Promise<string> {
    const open = await portal().services.resetRequests.openOf(victim);
    assert.ok(open);
    return `/admin/requests/${open.id}`;
  }
});
