import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { hours, minutes, seconds } from '../../src/kernel/time.ts';
import { codeIn, linkIn } from '../support/mailbox.ts';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsEmail } from '../support/victim.ts';

onPortal('Mails that the mail server does not accept', (portal) => {
  let number = 0;
  let ada: Person;
  let bob: Account;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });
  beforeEach(async () => {
    bob = await portal().account(`bob${number++}@example.org`, 'member', 'Bob Builder');
    ada = await signsIn(portal(), 'ada@example.org');
  });
  afterEach(async () => {
    portal().mailbox.behave('takes');
    portal().wait(hours(1));
    await portal().deliver();
  });

  /** The rows of the list of mails on Bob's page, newest first, cell by cell. */
  async function mailsOfBob(): Promise<string[][]> {
    await ada.visits(`/admin/people/${bob.id}`);
    const { $ } = ada.page;
    const section = $('section').filter((_, one) => $(one).find('h2').text() === 'Emails');
    return section
      .find('tbody tr')
      .toArray()
      .map((row) =>
        $(row)
          .children()
          .toArray()
          .map((cell) => $(cell).text().trim()),
      );
  }

  /** The number of mails that Bob has received. */
  const came = () => portal().mailbox.addressees.filter((address) => address === bob.email).length;

  async function changesPassword(): Promise<Person> {
    const member = await signsIn(portal(), bob.email);
    await member.visits('/profile/password');
    member.fillsIn('Current password', PASSWORD);
    member.fillsIn('New password', 'eleven purple wagons');
    await member.presses('Change password');
    return member;
  }

  async function presses(action: string, button: string): Promise<void> {
    await ada.visits(`/admin/people/${bob.id}`);
    await ada.follow(action);
    await ada.presses(button);
  }

  for (const [how, reason] of [
    ['defers', /^451 Not today$/],
    ['drops', /closed/],
  ] as const) {
    it(`do not block the change that they report, and are sent later (the mail server ${how})`, async () => {
      portal().mailbox.behave(how);
      const member = await changesPassword();
      assert.match(member.page.notice ?? '', /Your password has been changed/);
      await portal().deliver();
      const [[subject, to, , state, answer] = []] = await mailsOfBob();
      assert.deepEqual([subject, to], ['Your password was changed', bob.email]);
      assert.match(state ?? '', /^Waiting Next try: \d+ \w+ \d{4} at \d\d:\d\d UTC$/);
      assert.match(answer ?? '', reason);
      const before = came();
      portal().mailbox.behave('takes');
      portal().wait(seconds(5));
      await portal().deliver();
      assert.equal(came(), before + 1);
      const [[, , , later, nothing] = []] = await mailsOfBob();
      assert.match(later ?? '', /^Accepted \d/);
      assert.equal(nothing, '–');
    });
  }

  it('can be recognised if they arrive twice: their Message-ID is the same', async () => {
    portal().mailbox.behave('drops');
    await changesPassword();
    await portal().deliver();
    portal().mailbox.behave('takes');
    portal().wait(seconds(5));
    await portal().deliver();
    const [first, second] = [await portal().mailbox.next(bob.email), await portal().mailbox.next(bob.email)];
    assert.equal(first.messageId, second.messageId);
    assert.equal(first.subject, 'Your password was changed');
  });

  it('are never tried again for a person whom the mail server refuses, and its reason is shown', async () => {
    portal().mailbox.behave('refuses');
    await changesPassword();
    await portal().deliver();
    const [[subject, , , state, answer] = []] = await mailsOfBob();
    assert.equal(subject, 'Your password was changed');
    assert.match(state ?? '', /^Refused \d/);
    assert.equal(answer, '550 Not today');
    portal().mailbox.behave('takes');
    portal().wait(hours(2));
    await portal().deliver();
    assert.equal(came(), 0);
  });

  it('with a code are not called sent, and are not sent later; the list never has the code', async () => {
    await enrolsEmail(portal(), bob);
    portal().mailbox.behave('refuses');
    const member = await signsIn(portal(), bob.email);
    assert.match(member.page.notice ?? '', /could not be sent/);
    portal().mailbox.behave('takes');
    const before = came();
    portal().wait(hours(1));
    await portal().deliver();
    assert.equal(came(), before);
    const again = await signsIn(portal(), bob.email);
    const code = codeIn(await portal().mailbox.next(bob.email));
    const [[subject, , , state] = [], [, , , earlier, answer] = []] = await mailsOfBob();
    assert.equal(subject, 'Your verification code for Help Center');
    assert.match(state ?? '', /^Accepted/);
    assert.deepEqual([/^Refused/.test(earlier ?? ''), answer], [true, '550 Not today']);
    assert.doesNotMatch(ada.page.text, new RegExp(`\\b${code}\\b`));
    again.fillsIn('Verification Code', code);
    await again.presses('Continue');
    assert.match(again.page.heading, /^Hello/);
  });

  for (const [how, says, mails] of [
    ['refuses', /^422 \/profile\/email .*could not be sent/, 0],
    ['defers', /^200 \/profile\/email\/code .*This may take a few minutes/, 1],
  ] as const) {
    it(`do not reveal by their absence who has an account, if the mail server ${how} them: the page is the same`, async () => {
      portal().mailbox.behave(how);
      const taken = await portal().account(`taken${number++}@example.org`);
      const member = await signsIn(portal(), bob.email);
      const said: string[] = [];
      for (const address of [taken.email, `free${number++}@example.org`]) {
        portal().wait(minutes(1));
        await member.visits('/profile/email');
        member.fillsIn('New email', address);
        await member.presses('Send Verification Code');
        const { page } = member;
        said.push(`${page.status} ${page.path} ${page.errors.join()}${page.notice ?? ''}`);
      }
      assert.match(said[0] ?? '', says);
      assert.equal(said[0], said[1]);
      portal().mailbox.behave('takes');
      portal().wait(hours(1));
      await portal().deliver();
      assert.equal(portal().mailbox.sentTo(taken.email).length, mails);
    });
  }

  it('with a link wait, and the page says so; a newer link replaces one that waits', async () => {
    portal().mailbox.behave('defers');
    for (const _time of ['once', 'twice']) {
      await presses('Send password link', 'Send password link');
      assert.equal(ada.page.noticeKind, 'warning');
      assert.match(ada.page.notice ?? '', /The email is waiting/);
    }
    portal().mailbox.behave('takes');
    portal().wait(minutes(1));
    await portal().deliver();
    assert.equal(came(), 1);
    const link = linkIn(await portal().mailbox.next(bob.email));
    const states = (await mailsOfBob()).map(([, , , state]) => state?.split(' ')[0]);
    assert.deepEqual(states, ['Accepted', 'Replaced']);
    assert.equal((await ada.copy().visits(link)).status, 200);
  });

  it('with an invitation wait, and the page says so', async () => {
    portal().mailbox.behave('defers');
    const email = `nia${number++}@example.org`;
    await ada.visits('/admin/people/invite');
    ada.fillsIn('Name', 'Nia New');
    ada.fillsIn('Email', email);
    await ada.presses('Send invitation');
    assert.equal(ada.page.noticeKind, 'warning');
    assert.match(ada.page.notice ?? '', /The invitation to \S+ is waiting/);
    portal().mailbox.behave('takes');
    portal().wait(minutes(1));
    await portal().deliver();
    assert.match(linkIn(await portal().mailbox.next(email)), /\/invitation\?token=/);
  });

  it('about lost access wait, and the page says so', async () => {
    await enrolsEmail(portal(), bob);
    const member = await signsIn(portal(), bob.email);
    await portal().mailbox.next(bob.email);
    portal().mailbox.behave('defers');
    await member.visits('/sign-in/code/lost-access');
    member.fillsIn('What happened?', 'It fell into the lake.');
    member.fillsIn('How can we reach you?', 'At the desk');
    await member.presses('Request a reset');
    assert.equal(member.page.noticeKind, 'warning');
    assert.match(member.page.notice ?? '', /Our email about it is waiting/);
    portal().mailbox.behave('takes');
    portal().wait(minutes(1));
    await portal().deliver();
    assert.match(linkIn(await portal().mailbox.next(bob.email)), /\/cancel-request\?token=/);
  });

  it('do not delay a page if the mail server is slow: the page responds first, and one mail arrives', async () => {
    portal().mailbox.behave('dawdles');
    await presses('Send password link', 'Send password link');
    assert.match(ada.page.notice ?? '', /The email is waiting/);
    portal().mailbox.behave('takes');
    await portal().deliver();
    assert.equal(came(), 1);
    const [[, , , state] = []] = await mailsOfBob();
    assert.match(state ?? '', /^Accepted/);
  });

  it('are mentioned in Administration once they have been waiting for more than 15 minutes', async () => {
    portal().mailbox.behave('defers');
    await changesPassword();
    await portal().deliver();
    await ada.visits('/admin/people');
    assert.doesNotMatch(ada.page.text, /waiting for more than/);
    portal().wait(minutes(16));
    for (const page of ['/admin/people', '/admin/policy', '/admin/requests', '/admin/audit']) {
      await ada.visits(page);
      assert.match(ada.page.text, /1 email has been waiting for more than 15 minutes, since \d+ \w+ \d{4}/);
      assert.match(ada.page.text, /The last try failed: 451 Not today/);
    }
  });

  it('are listed for administrators only', async () => {
    const member = await signsIn(portal(), bob.email);
    assert.equal((await member.visits(`/admin/people/${bob.id}`)).status, 403);
    assert.doesNotMatch(member.page.text, /Emails/);
  });
});
