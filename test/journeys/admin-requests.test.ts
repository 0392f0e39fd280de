import assert from 'node:assert/strict';
import { newId } from '../../src/kernel/identifiers.ts';
import { badLines, refusesBadFields } from '../support/bad-fields.ts';
import { approves, losesAccess, NOTE } from '../support/lost-access.ts';
import type { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';

onPortal('Administration: requests', (portal) => {
  let number = 0;
  let lost: Awaited<ReturnType<typeof losesAccess>>;
  let page: string;
  let ada: Person;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });

  beforeEach(async () => {
    await portal().services.settings.change({ resets: { secondApproval: false, waitingHours: 0 } });
    lost = await losesAccess(portal(), `ann${number++}@example.org`);
    page = lost.page;
    ada = await signsIn(portal(), 'ada@example.org');
  });

  afterEach(async () => {
    await lost.ends();
  });

  describe('the queue', () => {
    it('is a tab that says how many are open, and lists who, by whom, when and in which state', async () => {
      await ada.visits('/admin/people');
      assert.match(ada.page.text, /Requests 1 open/);
      await ada.visits('/admin/requests');
      assert.equal(ada.page.heading, 'Requests');
      const [row] = ada.page.$('tbody tr').toArray();
      assert.match(ada.page.$(row).text(), /Ann <i>Lost<\/i>.*Account owner.*UTC.*Needs a decision/s);
      assert.equal(ada.page.$('tbody a').first().attr('href'), page);
    });

    it('is hidden from others', async () => {
      const bob = `bob${number}@example.org`;
      await portal().account(bob);
      const member = await signsIn(portal(), bob);
      const decisions = ['approve', 'refuse', 'carry-out'].map((decision) => `${page}/${decision}`);
      for (const path of [
        '/admin/requests',
        page,
        ...decisions,
        `/admin/people/${lost.account.id}/request-reset`,
      ]) {
        await member.visits('/');
        assert.equal((await member.visits(path)).status, 403, path);
      }
      for (const path of [...decisions, `/admin/people/${lost.account.id}/request-reset`]) {
        await member.visits('/');
        assert.equal((await member.submitsRaw('POST', path, { note: NOTE })).status, 403, path);
      }
      assert.deepEqual((await lost.open())?.approvals, []);
    });

    it('does not know missing requests or decisions', async () => {
      const unknown = newId(portal().now());
      for (const path of [
        `/admin/requests/${unknown}`,
        `/admin/requests/${unknown}/approve`,
        `${page}/delete`,
      ]) {
        await ada.visits('/admin/requests');
        assert.equal((await ada.visits(path)).status, 404, path);
      }
      await ada.visits(`${page}/approve`);
      const answer = await ada.submitsRaw('POST', `/admin/requests/${lost.account.id}/approve`, {
        note: NOTE,
      });
      assert.equal(answer.status, 404);
      assert.equal((await ada.submitsRaw('POST', page, {})).status, 405);
    });

    it('accepts any kind of number as a page', async () => {
      for (const asked of ['999999', '0', '-1', 'x', '1&page=2']) {
        await ada.visits(`/admin/requests?page=${asked}`);
        assert.equal(ada.page.status, 200, asked);
      }
    });
  });

  it('show who asks, from where, and what they wrote; the page of the person shows that there is one', async () => {
    await ada.visits(`/admin/people/${lost.account.id}`);
    await ada.follow('See the request');
    assert.equal(ada.page.path, page);
    assert.match(ada.page.text, /My phone fell <b>into<\/b> a lake/);
    assert.match(ada.page.text, /How to reach them Room 5/);
    assert.match(ada.page.text, /Browser ELinks/);
    assert.match(ada.page.text, /Nobody has approved yet/);
  });

  describe('approving', () => {
    it('resets at once if no other rule applies, mails the person, and is recorded', async () => {
      await approves(ada, page);
      assert.equal(ada.page.path, page);
      assert.equal(ada.page.notice, 'The 2FA has been reset.');
      assert.match(ada.page.text, /Reset/);
      assert.deepEqual(await lost.authenticators(), []);
      assert.equal((await lost.nextMail()).subject, 'Your 2FA was reset');
      const [approved] = await lost.events('reset-request.approved');
      assert.equal(approved?.actorLabel, 'ada@example.org');
      assert.deepEqual(approved?.detail, { identity: NOTE });
      assert.equal((await lost.events('reset-request.carried-out')).length, 1);
      assert.equal((await lost.events('two-factor.reset'))[0]?.detail['authenticators'], '1');
      await lost.person.visits('/sign-in/code');
      assert.equal(lost.person.page.heading, 'Sign in', 'who was half way in starts again');
      const again = await signsIn(portal(), lost.account.email);
      assert.notEqual(again.page.path, '/sign-in/code');
    });

    it('requires a note, and says at the field what is wrong with it', async () => {
      await ada.visits(`${page}/approve`);
      const label = 'How did you verify their identity?';
      const cases = badLines('note', label, /Write a note/).filter(
        ({ words }) => !/line breaks/.test(words.source),
      );
      await refusesBadFields(ada, `${page}/approve`, {}, cases);
      ada.fillsIn(label, 'x'.repeat(501));
      await ada.presses('Approve reset');
      assert.match(ada.page.errorAt(label), /at most 500 characters/);
      assert.equal((await lost.authenticators()).length, 1);
    });

    it('requires a step-up of the administrator, and keeps the note in between', async () => {
      await ada.visits(`${page}/approve`);
      ada.fillsIn('How did you verify their identity?', NOTE);
      portal().wait(11 * 60_000);
      await ada.presses('Approve reset');
      assert.match(ada.page.path, /^\/step-up/);
      ada.fillsIn('Password', 'seventeen green herons');
      await ada.presses('Continue');
      assert.equal(ada.page.path, `${page}/approve`);
      assert.equal(ada.page.value('How did you verify their identity?'), NOTE);
      assert.equal((await lost.authenticators()).length, 1);
    });

    it('is done by one of twenty', async () => {
      await ada.visits(`${page}/approve`);
      ada.fillsIn('How did you verify their identity?', NOTE);
      const answers = await ada.races(20, 'Approve reset');
      assert.ok(answers.every(({ status }) => status === 303));
      assert.equal((await lost.events('reset-request.approved')).length, 1);
      assert.equal((await lost.events('two-factor.reset')).length, 1);
      await ada.visits(`${page}/approve`);
      assert.match(ada.page.notice ?? '', /already done/);
    });

    it('requires the token of the form', async () => {
      await ada.visits(`${page}/approve`);
      const answer = await ada.submitsRaw('POST', `${page}/approve`, { note: NOTE }, { csrf: 'none' });
      assert.equal(answer.status, 403);
      assert.equal((await lost.authenticators()).length, 1);
    });
  });

  it('are refused with a reason, which the person does not see', async () => {
    await ada.visits(page);
    await ada.follow('Refuse');
    ada.fillsIn('Why it is refused', 'It was <someone> else');
    await ada.presses('Refuse reset');
    assert.equal(ada.page.notice, 'The request has been refused.');
    assert.match(ada.page.text, /Reason It was <someone> else/);
    const mail = await lost.nextMail();
    assert.equal(mail.subject, 'The request to reset your 2FA was refused');
    assert.doesNotMatch(mail.text ?? '', /someone/);
    assert.deepEqual((await lost.events('reset-request.refused'))[0]?.detail, {
      reason: 'It was <someone> else',
    });
    assert.equal((await lost.authenticators()).length, 1);
  });

  describe('unblocking without a reset', () => {
    it('is offered if nothing else helps, unblocks, ends the wait, mails the person', async () => {
      const [app] = await lost.authenticators();
      const { services } = portal();
      await ada.visits(`/admin/people/${lost.account.id}`);
      assert.ok(!ada.page.links.some(({ text }) => text.startsWith('Unblock')));
      await services.authenticators.block(app?.id ?? '', portal().now());
      await ada.visits(`/admin/people/${lost.account.id}`);
      await ada.follow('Unblock – Wrong codes');
      await ada.presses('Unblock authenticators');
      assert.match(ada.page.notice ?? '', /can be used again/);
      assert.equal((await lost.authenticators())[0]?.blockedAt, null);
      assert.equal((await lost.nextMail()).subject, 'Your authenticators can be used again');
      assert.equal((await lost.events('authenticators.freed')).length, 1);
      await ada.visits(`/admin/people/${lost.account.id}/free-authenticators`);
      assert.match(ada.page.notice ?? '', /already done or is no longer possible/);
    });

    it('ends the wait after wrong codes', async () => {
      await lost.person.visits('/sign-in/code');
      for (let index = 0; index < 5; index++) {
        lost.person.fillsIn('Verification Code', '000000');
        await lost.person.presses('Continue');
      }
      await lost.nextMail();
      await ada.visits(`/admin/people/${lost.account.id}`);
      assert.match(ada.page.text, /Wrong codes Has to wait until/);
      await ada.follow('Unblock – Wrong codes');
      await ada.presses('Unblock authenticators');
      assert.equal(await portal().services.secondStep.waiting(lost.account), undefined);
      assert.equal((await lost.authenticators()).length, 1);
    });
  });
});
