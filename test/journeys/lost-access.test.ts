import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import type { AuditEventName } from '../../src/audit/vocabulary.ts';
import { days, minutes } from '../../src/kernel/time.ts';
import { badLines, refusesBadFields } from '../support/bad-fields.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { setsUpApp, signsIn } from '../support/steps.ts';

const PATH = '/sign-in/code/lost-access';
const TOLD = { happened: 'My phone fell into a lake', contact: 'Room 5, or 0123 456' };

onPortal('Asking for a reset', (portal) => {
  let number = 0;
  let email = '';
  let account: Account;
  let ann: Person;

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    account = await portal().account(email);
    const before = await signsIn(portal(), email);
    await setsUpApp(portal(), before, email);
    ann = await signsIn(portal(), email, { userAgent: 'Dillo/3.1.1' });
    await ann.follow('Can’t get a code?');
  });

  const asks = async (person = ann, told = TOLD) => {
    person.fillsIn('What happened?', told.happened);
    person.fillsIn('How can we reach you?', told.contact);
    await person.presses('Request a reset');
  };
  const open = () => portal().services.resetRequests.openOf(account);
  const events = async (event: AuditEventName) =>
    (await portal().services.audit.search({ event, person: email, page: 1, pageSize: 50 })).events;

  it('explains what to do, with the help contact, and has a form', async () => {
    await portal().services.settings.change({ helpContact: 'help@example.org' });
    await ann.visits(PATH);
    assert.equal(ann.page.heading, 'Can’t get a code?');
    assert.match(
      ann.page.text,
      /Contact the help desk’s administrator and ask for a reset of your 2FA: help@example\.org/,
    );
    assert.match(ann.page.text, /They check that it is you before they reset anything/);
    await portal().services.settings.change({ helpContact: '' });
  });

  it('puts a request into the queue, explains what happens next, and shows when it was made', async () => {
    await asks();
    assert.equal(ann.page.path, PATH);
    assert.equal(ann.page.notice, 'The administrators have your request. We have emailed you about it.');
    assert.match(ann.page.text, /You requested a reset on .* UTC\. An administrator will contact you/);
    assert.match(ann.page.text, /To cancel it, open the link in our latest email/);
    assert.ok(!ann.page.buttons.includes('Request a reset'));
    const request = await open();
    assert.deepEqual(
      { happened: request?.happened, contact: request?.contact, browser: request?.browser },
      { ...TOLD, browser: 'Dillo' },
    );
    const [event] = await events('reset-request.made');
    assert.equal(event?.actorLabel, email);
    assert.doesNotMatch(JSON.stringify(event), /lake|0123/, 'what the person wrote is for the queue alone');
  });

  it('keeps several lines as they were typed', async () => {
    await asks(ann, { ...TOLD, happened: '  One\r\n\r\nTwo\ttabs  ' });
    assert.equal((await open())?.happened, 'One\n\nTwo\ttabs');
  });

  it('mails the person who asked, from where, how to cancel it, and what to do if it was not them', async () => {
    await asks();
    const mail = await portal().mailbox.next(email);
    assert.equal(mail.subject, 'Someone requested a reset of your 2FA');
    assert.match(mail.text ?? '', /Browser: Dillo/);
    assert.match(mail.text ?? '', /someone knows your password/);
    assert.match(mail.text ?? '', /\/forgotten-password/);
    assert.match(linkIn(mail), /\/cancel-request\?token=/);
  });

  it('says so if the mail could not be sent, and keeps the request', async () => {
    portal().mailbox.refuse(true);
    await asks();
    portal().mailbox.refuse(false);
    assert.equal(ann.page.noticeKind, 'warning');
    assert.match(ann.page.notice ?? '', /could not email you/);
    assert.notEqual(await open(), undefined);
  });

  it('makes one request for twenty concurrent forms, and sends one mail', async () => {
    ann.fillsIn('What happened?', TOLD.happened);
    ann.fillsIn('How can we reach you?', TOLD.contact);
    const answers = await ann.races(20, 'Request a reset');
    assert.ok(answers.every(({ status }) => status === 303 || status === 429));
    assert.equal((await events('reset-request.made')).length, 1);
    const letters = portal().mailbox.messages.filter(
      ({ subject, to }) =>
        subject === 'Someone requested a reset of your 2FA' && JSON.stringify(to).includes(email),
    );
    assert.equal(letters.length, 1);
    await ann.visits(PATH);
    assert.match(ann.page.text, /You requested a reset on/);
  });

  it('shows the open request in another browser, and makes no second one', async () => {
    await asks();
    const first = await open();
    const other = await signsIn(portal(), email);
    await other.goesOnFrom(await other.submitsRaw('POST', PATH, TOLD));
    assert.equal(other.page.path, PATH);
    assert.match(other.page.text, /You requested a reset on/);
    assert.equal((await open())?.id, first?.id);
    assert.equal((await events('reset-request.made')).length, 1);
  });

  it('says how long to wait before the next, and keeps the typed values', async () => {
    await asks();
    const request = await open();
    assert.ok(request);
    await portal().services.resetRequests.refuse(request, 'no', {
      party: { id: null, label: 'test' },
      origin: { requestId: '', address: '', browser: '' },
    });
    await ann.visits(PATH);
    await asks();
    assert.equal(ann.page.status, 429);
    assert.match(ann.page.errorAt('What happened?'), /You can try again in \d+ seconds/);
    assert.match(ann.page.headers['retry-after'] ?? '', /^\d+$/);
    assert.equal(ann.page.value('How can we reach you?'), TOLD.contact);
    portal().wait(minutes(1));
    await asks();
    assert.match(ann.page.text, /You requested a reset on/);
  });

  it('says at each field what is wrong', async () => {
    const story = badLines('happened', 'What happened?', /Say what happened/);
    await refusesBadFields(
      ann,
      PATH,
      { contact: TOLD.contact },
      [...badLines('contact', 'How can we reach you?', /Say how we can reach you/)].map((bad) => ({
        ...bad,
        fields: { happened: TOLD.happened, ...bad.fields },
      })),
    );
    // Line breaks are allowed here; everything else is as in any line.
    const cases = story.filter(({ words }) => !/line breaks/.test(words.source));
    await refusesBadFields(ann, PATH, { contact: TOLD.contact }, cases);
    for (const [longest, label] of [
      [/at most 1,000 characters/, 'What happened?'],
      [/at most 200 characters/, 'How can we reach you?'],
    ] as const) {
      ann.fillsIn('What happened?', 'x');
      ann.fillsIn('How can we reach you?', 'y');
      ann.fillsIn(label, 'x'.repeat(label === 'What happened?' ? 1001 : 201));
      await ann.presses('Request a reset');
      assert.match(ann.page.errorAt(label), longest);
    }
    assert.equal(await open(), undefined);
  });

  it('keeps nothing of a form without a valid token', async () => {
    const answer = await ann.submitsRaw('POST', PATH, TOLD, { csrf: 'none' });
    assert.equal(answer.status, 403);
    assert.equal(await open(), undefined);
    await ann.visits(PATH);
    assert.equal(ann.page.value('How can we reach you?'), '');
  });

  it('is only for half-signed-in people', async () => {
    const stranger = new Person(portal().app);
    await stranger.visits('/sign-in');
    await stranger.goesOnFrom(await stranger.submitsRaw('POST', PATH, TOLD));
    assert.equal(stranger.page.heading, 'Sign in');
    const plain = `plain${number}@example.org`;
    const other = await portal().account(plain);
    const signedIn = await signsIn(portal(), plain);
    await signedIn.goesOnFrom(await signedIn.submitsRaw('POST', PATH, TOLD));
    assert.equal(signedIn.page.path, '/');
    await signedIn.visits('/step-up/code/lost-access');
    assert.ok(!signedIn.page.buttons.includes('Request a reset'));
    assert.equal(await portal().services.resetRequests.openOf(other), undefined);
    assert.equal((await signedIn.submitsRaw('POST', '/step-up/code/lost-access', TOLD)).status, 405);
  });

  it('lets a half-signed-in person do nothing else', async () => {
    await asks();
    const request = await open();
    for (const path of ['/admin/requests', `/admin/requests/${request?.id}`, '/profile']) {
      await ann.visits(path);
      assert.notEqual(ann.page.path, path);
      assert.match(ann.page.path, /^\/sign-in\/code/);
    }
    await ann.goesOnFrom(
      await ann.submitsRaw('POST', `/admin/requests/${request?.id}/approve`, { note: 'me' }),
    );
    assert.deepEqual((await open())?.approvals, []);
  });

  describe('the link to cancel', () => {
    let link = '';
    let mailReader: Person;

    beforeEach(async () => {
      // The mails about the authenticator and the recovery codes were read at the set-up.
      await asks();
      link = linkIn(await portal().mailbox.next(email));
      mailReader = new Person(portal().app);
    });

    it('shows what it cancels, and changes nothing when it is opened', async () => {
      await mailReader.visits(link);
      assert.equal(mailReader.page.heading, 'Cancel the request?');
      assert.match(mailReader.page.text, new RegExp(`${email}.*Dillo`));
      assert.notEqual(await open(), undefined);
    });

    it('cancels, says so, mails the person, and is recorded', async () => {
      await mailReader.visits(link);
      await mailReader.presses('Cancel request');
      assert.equal(mailReader.page.path, '/sign-in');
      assert.match(mailReader.page.notice ?? '', /The request is cancelled.*choose a new one now/);
      assert.equal(await open(), undefined);
      assert.equal(
        (await portal().mailbox.next(email)).subject,
        'The request to reset your 2FA was cancelled',
      );
      assert.equal((await events('reset-request.cancelled')).length, 1);
      await ann.visits(PATH);
      assert.ok(ann.page.buttons.includes('Request a reset'));
    });

    it('works once, for one of twenty concurrent requests, and never again', async () => {
      await mailReader.visits(link);
      const answers = await mailReader.races(20, 'Cancel request');
      assert.equal(answers.filter(({ status }) => status === 303).length, 1);
      assert.equal((await events('reset-request.cancelled')).length, 1);
      await mailReader.visits(link);
      assert.equal(mailReader.page.status, 410);
      assert.match(mailReader.page.text, /may already have been decided or cancelled/);
    });

    it('does not cancel a later request', async () => {
      await mailReader.visits(link);
      await mailReader.presses('Cancel request');
      portal().wait(minutes(1));
      await ann.visits(PATH);
      await asks();
      await mailReader.visits(link);
      assert.equal(mailReader.page.status, 410);
      assert.notEqual(await open(), undefined);
    });

    it('still works when the person has changed the password first', async () => {
      const { credentials } = portal().services;
      const actor = { party: { id: null, label: '' }, origin: { requestId: '', address: '', browser: '' } };
      await credentials.changePassword(account, 'a new long green password', actor);
      await mailReader.visits(link);
      await mailReader.presses('Cancel request');
      assert.equal(await open(), undefined);
    });

    it('is invalid if altered, empty, double or expired', async () => {
      const token = new URL(link).searchParams.get('token') ?? '';
      const bad = [
        '',
        'x'.repeat(10_000),
        `${token}x`,
        token.toLowerCase(),
        'a%00b',
        `${token}&token=${token}`,
      ];
      for (const one of bad) {
        await mailReader.visits(`/cancel-request?token=${one}`);
        assert.equal(mailReader.page.status, 410, one.slice(0, 40));
      }
      await mailReader.visits(link);
      for (const fields of [{}, { token: [token, token] }, { token: 'x' }]) {
        assert.equal((await mailReader.submitsRaw('POST', '/cancel-request', fields)).status, 410);
      }
      assert.equal(
        (await mailReader.submitsRaw('POST', '/cancel-request', { token }, { csrf: 'none' })).status,
        403,
      );
      assert.notEqual(await open(), undefined);
      portal().wait(days(30));
      await mailReader.visits(link);
      assert.equal(mailReader.page.status, 410);
    });
  });
});
