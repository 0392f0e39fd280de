import assert from 'node:assert/strict';
import { hours } from '../../src/kernel/time.ts';
import { approves, losesAccess, NOTE } from '../support/lost-access.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';

onPortal('Administration: requests, with stricter rules', (portal) => {
  let number = 0;
  let lost: Awaited<ReturnType<typeof losesAccess>>;
  let page: string;
  let ada: Person;
  let ben: Person;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
    await portal().account('ben@example.org', 'administrator', 'Ben Admin');
  });

  beforeEach(async () => {
    await portal().services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
    lost = await losesAccess(portal(), `ann${number++}@example.org`);
    page = lost.page;
    [ada, ben] = [await signsIn(portal(), 'ada@example.org'), await signsIn(portal(), 'ben@example.org')];
  });

  afterEach(async () => {
    await lost.ends();
  });

  describe('with a second approval', () => {
    beforeEach(async () => {
      await portal().services.settings.change({ resets: { secondApproval: true, waitingHours: 0 } });
    });

    it('wait for a different administrator', async () => {
      await approves(ada, page);
      assert.match(ada.page.notice ?? '', /Another administrator has to approve as well/);
      assert.ok(!ada.page.links.some(({ text }) => text === 'Approve'));
      await ada.visits(`${page}/approve`);
      assert.match(ada.page.notice ?? '', /already done or is no longer possible/);
      assert.equal((await lost.authenticators()).length, 1);
      await approves(ben, page);
      assert.equal(ben.page.notice, 'The 2FA has been reset.');
      assert.deepEqual(await lost.authenticators(), []);
    });

    it('do not count the approval of an administrator who was disabled in between', async () => {
      const { accounts, administration } = portal().services;
      await approves(ada, page);
      const first = await accounts.findByEmail('ada@example.org');
      assert.ok(first);
      await administration.disable(first, OPERATOR);
      await approves(ben, page);
      assert.match(ben.page.notice ?? '', /Another administrator has to approve as well/);
      assert.match(ben.page.text, /ada@example\.org.*No longer valid/);
      assert.equal((await lost.authenticators()).length, 1);
      await administration.enable(first, OPERATOR);
    });

    it('replace a reset from the page of the person by a request, with the note and the mail', async () => {
      await portal().services.resetRequests.refuse(lost.request, 'anew', OPERATOR);
      await lost.nextMail();
      await ada.visits(`/admin/people/${lost.account.id}`);
      await ada.follow('Reset 2FA');
      assert.equal(ada.page.heading, 'Request a reset for Ann <i>Lost</i>?');
      await ada.presses('Request approval');
      assert.match(ada.page.errorAt('How did you verify their identity?'), /Write a note/);
      ada.fillsIn('How did you verify their identity?', NOTE);
      await ada.presses('Request approval');
      page = `/admin/requests/${(await lost.open())?.id}`;
      assert.equal(ada.page.path, page);
      assert.match(ada.page.notice ?? '', /Another administrator has to approve/);
      assert.match(ada.page.text, /Requested by An administrator/);
      const mail = await lost.nextMail();
      assert.match(mail.text ?? '', /An administrator has requested/);
      assert.doesNotMatch(mail.text ?? '', /ELinks/);
      linkIn(mail);
      assert.equal((await lost.authenticators()).length, 1);
      await approves(ben, page);
      assert.deepEqual(await lost.authenticators(), []);
    });

    it('redirect to the open request if there is one, and never to a reset by one alone', async () => {
      await ada.visits(`/admin/people/${lost.account.id}/reset-2fa`);
      assert.equal(ada.page.path, page);
      await ada.visits(`${page}/approve`);
      await ada.goesOnFrom(await ada.submitsRaw('POST', `/admin/people/${lost.account.id}/reset-2fa`, {}));
      assert.equal((await lost.authenticators()).length, 1);
    });

    it('let nobody request for their own account, or approve for it', async () => {
      const own = await portal().services.accounts.findByEmail('ada@example.org');
      await ada.visits(`/admin/people/${own?.id}/reset-2fa`);
      assert.match(ada.page.notice ?? '', /Another administrator has to request/);
    });
  });

  it('are not approved by the administrator whose account it is', async () => {
    const cal = await portal().account(`cal${number}@example.org`, 'administrator', 'Cal');
    const signedIn = await signsIn(portal(), cal.email);
    const told = { happened: 'Lost', contact: 'Room 5' };
    const actor = { ...OPERATOR, party: { id: cal.id, label: cal.email } };
    await portal().services.resetRequests.ask(cal, told, actor);
    const own = `/admin/requests/${(await portal().services.resetRequests.openOf(cal))?.id}`;
    await signedIn.visits(own);
    assert.match(signedIn.page.text, /This request is about your own account/);
    assert.ok(!signedIn.page.links.some(({ text }) => text === 'Approve'));
    await signedIn.goesOnFrom(await signedIn.submitsRaw('GET', `${own}/approve`, {}));
    assert.match(signedIn.page.notice ?? '', /already done or is no longer possible/);
    await signedIn.visits('/');
    await signedIn.goesOnFrom(await signedIn.submitsRaw('POST', `${own}/approve`, { note: NOTE }));
    assert.deepEqual((await portal().services.resetRequests.openOf(cal))?.approvals, []);
    await portal().services.authenticators.reset(cal.id, 'test', portal().now());
    await portal().services.accounts.setRole(cal.id, 'member');
  });

  describe('with a waiting period', () => {
    beforeEach(async () => {
      await portal().services.settings.change({ resets: { secondApproval: false, waitingHours: 24 } });
      await ada.visits(`${page}/approve`);
      assert.match(ada.page.text, /The reset happens 24 hours after the last approval/);
      await approves(ada, page);
    });

    it('reset nothing before it is over, and tell the person until when they can cancel', async () => {
      assert.match(ada.page.notice ?? '', /can be reset after .* UTC/);
      assert.match(ada.page.text, /Approved, waiting period/);
      const mail = await lost.nextMail();
      assert.equal(mail.subject, 'Your 2FA will be reset');
      linkIn(mail);
      await ada.visits(`${page}/carry-out`);
      assert.match(ada.page.notice ?? '', /already done or is no longer possible/);
      await lost.person.visits('/sign-in/code/lost-access');
      assert.match(lost.person.page.text, /It has been approved\. Your 2FA will be reset after/);
      assert.equal((await lost.authenticators()).length, 1);
    });

    it('can be cancelled by the person until then', async () => {
      const reader = new Person(portal().app);
      await reader.visits(linkIn(await lost.nextMail()));
      await reader.presses('Cancel request');
      portal().wait(hours(24));
      ada = await signsIn(portal(), 'ada@example.org');
      await ada.visits(`${page}/carry-out`);
      assert.match(ada.page.notice ?? '', /already done or is no longer possible/);
      assert.match(ada.page.text, /Cancelled/);
      assert.equal((await lost.authenticators()).length, 1);
    });

    it('are carried out by an administrator afterwards, by one of twenty', async () => {
      portal().wait(hours(24));
      ben = await signsIn(portal(), 'ben@example.org');
      await ben.visits(page);
      assert.match(ben.page.text, /Approved, ready to reset/);
      await ben.follow('Reset now');
      await ben.races(20, 'Reset 2FA');
      assert.equal((await lost.events('reset-request.carried-out')).length, 1);
      assert.equal((await lost.events('two-factor.reset')).length, 1);
      assert.deepEqual(await lost.authenticators(), []);
    });
  });
});
