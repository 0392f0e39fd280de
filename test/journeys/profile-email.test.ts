import assert from 'node:assert/strict';
import { badEmails, refusesBadFields } from '../support/bad-fields.ts';
import { codeIn, linkIn } from '../support/mailbox.ts';
import type { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { nextStep, setsUpApp, setsUpEmail, signsIn } from '../support/steps.ts';

onPortal('Changing the email address', (portal) => {
  let number = 0;
  let email = '';
  let next = '';
  let ann: Person;

  beforeEach(async () => {
    number += 1;
    email = `ann${number}@example.org`;
    next = `anna${number}@example.net`;
    await portal().account(email);
    ann = await signsIn(portal(), email);
    await ann.visits('/profile/email');
  });

  async function asksFor(address: string, person = ann): Promise<void> {
    person.fillsIn('New email', address);
    await person.presses('Send Verification Code');
  }

  async function submits(code: string, person = ann): Promise<void> {
    person.fillsIn('Verification Code', code);
    await person.presses('Submit Code and Change');
  }

  const holderOf = async (address: string) => (await portal().services.accounts.findByEmail(address))?.id;
  const wrongFor = (code: string) => (code === '000000' ? '111111' : '000000');

  it('requires a code from the new mailbox, mails both addresses, and signs in by the new address from then on', async () => {
    assert.ok(ann.page.text.includes(email));
    await asksFor(next);
    assert.equal(ann.page.path, '/profile/email/code');
    assert.match(ann.page.text, new RegExp(`We emailed a 6-digit code to ${next} on .* UTC`));
    assert.equal(await holderOf(next), undefined, 'nothing is changed yet');
    const mail = await portal().mailbox.next(next);
    assert.match(mail.text ?? '', /code to confirm this address/);
    await submits(codeIn(mail));
    assert.equal(ann.page.path, '/profile');
    assert.equal(ann.page.notice, 'Your email address has been changed. You sign in with it from now on.');
    assert.match(ann.page.text, new RegExp(`Email ${next}`));
    const toOld = await portal().mailbox.next(email);
    assert.match(toOld.text ?? '', new RegExp(`is now\\s+${next}`));
    assert.match(toOld.text ?? '', /Tell the help desk's\s+administrator now/);
    assert.match((await portal().mailbox.next(next)).text ?? '', /forgotten-password/);
    assert.equal((await signsIn(portal(), email)).page.status, 422);
    assert.equal((await signsIn(portal(), next)).page.status, 200);
    const { events } = await portal().services.audit.search({ event: 'email.changed', page: 1, pageSize: 1 });
    assert.deepEqual(events[0]?.detail, { from: email, to: next });
  });

  it('accepts the code as it was pasted, in any digits', async () => {
    await asksFor(next);
    const code = codeIn(await portal().mailbox.next(next));
    const arabic = [...code].map((digit) => String.fromCodePoint(0x660 + Number(digit))).join('');
    await submits(` ${arabic.slice(0, 3)}-${arabic.slice(3)} `);
    assert.equal(ann.page.path, '/profile');
  });

  it('refuses every malformed address and code with a message at the field', async () => {
    await refusesBadFields(ann, '/profile/email', {}, [
      ...badEmails('New email'),
      { fields: { email }, label: 'New email', words: /your email address already/ },
    ]);
    await ann.visits('/profile/email');
    await asksFor(next);
    const label = 'Verification Code';
    await refusesBadFields(ann, '/profile/email/code', {}, [
      { fields: {}, label, words: /Enter the code/ },
      { fields: { code: '' }, label, words: /Enter the code/ },
      { fields: { code: ['123456', '123456'] }, label, words: /Enter the code/ },
      { fields: { code: 'abcdef' }, label, words: /6 digits only/ },
      { fields: { code: '12345' }, label, words: /6 digits/ },
      { fields: { code: '1'.repeat(10_000) }, label, words: /6 digits/ },
      { fields: { code: '12345\u00006' }, label, words: /6 digits/ },
    ]);
    assert.equal(ann.page.value(label), '');
    await submits(codeIn(await portal().mailbox.next(next)));
    assert.equal(ann.page.path, '/profile', 'none of these used up a try');
  });

  it('may change only the spelling', async () => {
    await asksFor(email.toUpperCase());
    await submits(codeIn(await portal().mailbox.next(email)));
    assert.match(ann.page.text, new RegExp(`Email ${email.toUpperCase()}`));
    const notices = await portal().mailbox.next(email);
    assert.doesNotMatch(notices.text ?? '', /administrator now/);
  });

  describe('to an address that has an account', () => {
    it('looks the same, mails the owner instead of a code, and never happens', async () => {
      await portal().account(next, 'member', 'Bob');
      const bob = await holderOf(next);
      await asksFor(next);
      const taken = ann.page;
      const mail = await portal().mailbox.next(next);
      assert.equal(mail.subject, 'You already have an account at Help Center');
      assert.doesNotMatch(mail.text ?? '', /^\d{6}$/m);
      assert.match(mail.text ?? '', /Hello Bob/);

      const other = await signsIn(portal(), `${(await portal().account(`cy${number}@example.org`)).email}`);
      await other.visits('/profile/email');
      await asksFor(`free${number}@example.net`, other);
      const shape = (text: string) => text.replaceAll(/\S+@\S+|\d\d:\d\d|Ann Example|AE/g, '*');
      assert.equal(shape(taken.text), shape(other.page.text));
      assert.equal(taken.path, other.page.path);

      for (const code of ['000000', '111111', '222222', '333333']) {
        await submits(code);
        assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
      }
      assert.equal(await holderOf(next), bob);
      assert.notEqual(await holderOf(email), undefined);
    });

    it('also fails if it got the account while the code was being sent', async () => {
      await asksFor(next);
      const code = codeIn(await portal().mailbox.next(next));
      await portal().account(next);
      await submits(code);
      assert.equal(ann.page.status, 422);
      assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
      assert.notEqual(await holderOf(email), await holderOf(next));
    });
  });

  describe('the code', () => {
    let code = '';

    beforeEach(async () => {
      await asksFor(next);
      code = codeIn(await portal().mailbox.next(next));
    });

    it('is accepted for only one of twenty concurrent requests', async () => {
      ann.fillsIn('Verification Code', code);
      const answers = await ann.races(20, 'Submit Code and Change');
      assert.equal(answers.filter(({ status }) => status === 303).length, 1);
      await portal().mailbox.next(email);
      await portal().mailbox.next(next);
      const { events } = await portal().services.audit.search({
        event: 'email.changed',
        person: email,
        page: 1,
        pageSize: 50,
      });
      assert.equal(events.length, 1);
    });

    it('does not work in another browser of the same person, whose own does not work here', async () => {
      const elsewhere = await signsIn(portal(), email);
      await elsewhere.visits('/profile/email/code');
      assert.equal(elsewhere.page.path, '/profile/email', 'nothing waits for a code there');
      portal().wait(31_000);
      await asksFor(next, elsewhere);
      const other = codeIn(await portal().mailbox.next(next));
      await submits(other === code ? wrongFor(code) : other);
      assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
      await submits(other === code ? wrongFor(code) : code, elsewhere);
      assert.match(elsewhere.page.errorAt('Verification Code'), /is wrong/);
      await submits(code);
      assert.equal(ann.page.path, '/profile');
    });

    it('does not work for another address', async () => {
      await ann.visits('/profile/email');
      portal().wait(31_000);
      await asksFor(`third${number}@example.net`);
      await submits(code);
      assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
      assert.notEqual(await holderOf(email), undefined);
    });

    it('has five attempts, whatever is sent again', async () => {
      for (let failures = 0; failures < 3; failures++) await submits(wrongFor(code));
      portal().wait(31_000);
      await ann.presses('Send a new code');
      assert.match(ann.page.notice ?? '', /We sent a new code/);
      const newest = codeIn(await portal().mailbox.next(next));
      await submits(code === newest ? wrongFor(newest) : code);
      assert.match(ann.page.errorAt('Verification Code'), /is wrong/, 'the earlier one is dead');
      await submits(wrongFor(newest));
      assert.match(ann.page.errorAt('Verification Code'), /is wrong/);
      portal().wait(31_000);
      await submits(newest);
      assert.match(ann.page.errorAt('Verification Code'), /Send a new code/);
    });

    it('has its wrong attempts counted as at the second step: from the fifth on there is a wait, with an explanation', async () => {
      await portal().atOnce(async () => {
        for (let failures = 0; failures < 5; failures++) await submits(wrongFor(code));
        assert.match(ann.page.text, /You can try again in 30 seconds/);
        await submits(code);
      });
      assert.equal(ann.page.status, 429);
      assert.match(ann.page.errorAt('Verification Code'), /Wait 30 seconds/);
      assert.equal(ann.page.headers['retry-after'], '30');
    });

    it('is checked for five of twenty concurrent guesses', async () => {
      ann.fillsIn('Verification Code', wrongFor(code));
      const answers = await ann.races(20, 'Submit Code and Change');
      assert.equal(answers.filter(({ status }) => status === 422).length, 5);
      assert.equal(answers.filter(({ status }) => status === 429).length, 15);
    });

    it('is valid for ten minutes', async () => {
      portal().wait(10 * 60 * 1000);
      await submits(code);
      assert.match(ann.page.errorAt('Verification Code'), /has expired/);
      assert.match(ann.page.text, /You don’t have a valid code for .* yet/);
      assert.ok(ann.page.buttons.includes('Send Verification Code'));
    });

    it('is sent again only by the button, and not before 30 seconds are over', async () => {
      const mails = () => portal().mailbox.addressees.filter((address) => address === next).length;
      await ann.visits('/profile/email/code');
      await ann.visits('/profile/email/code');
      await submits(wrongFor(code));
      assert.equal(mails(), 1);
      assert.match(ann.page.text, /You can send another code in/);
      await ann.presses('Send a new code');
      assert.equal(ann.page.status, 429);
      assert.match(ann.page.errors.join(), /You can send the next code in/);
      assert.equal(mails(), 1);
    });

    it('works although the step-up is no longer recent', async () => {
      portal().wait(9 * 60 * 1000);
      await ann.visits('/profile/email/code');
      await submits(code);
      assert.equal(ann.page.path, '/profile');
    });

    it('comes with a link to give up, which changes nothing', async () => {
      await ann.follow('Keep my current email address');
      assert.equal(ann.page.path, '/profile');
      assert.match(ann.page.text, new RegExp(`Email ${email}`));
    });

    it('is stored nowhere in plain text', async () => {
      await submits(code);
      const { events } = await portal().services.audit.search({ person: email, page: 1, pageSize: 50 });
      assert.ok(!JSON.stringify(events.map(({ detail }) => detail)).includes(`"${code}"`));
      assert.ok(!portal().log().includes(code));
    });
  });

  it('requires a step-up first: the password, and a second factor if there is one', async () => {
    const app = await setsUpApp(portal(), ann, email);
    portal().wait(10 * 60 * 1000);
    await ann.visits('/profile/email');
    assert.equal(ann.page.heading, 'Confirm that it is you');
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Continue');
    nextStep(portal());
    ann.fillsIn('Verification Code', app.code(portal().now()));
    await ann.presses('Continue');
    assert.equal(ann.page.path, '/profile/email');
  });

  it('keeps the typed address when the step-up comes in between', async () => {
    portal().wait(10 * 60 * 1000);
    await asksFor(next);
    assert.equal(ann.page.heading, 'Confirm that it is you');
    assert.ok(!portal().mailbox.addressees.includes(next));
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Continue');
    assert.equal(ann.page.value('New email'), next);
  });

  it('changes the email authenticator too: its codes go to the new address', async () => {
    await setsUpEmail(portal(), ann, email);
    portal().wait(31_000);
    await ann.visits('/profile/email');
    await asksFor(next);
    await submits(codeIn(await portal().mailbox.next(next)));
    await portal().mailbox.next(next);
    portal().wait(31_000);
    const again = await signsIn(portal(), next);
    assert.equal(again.page.heading, 'Enter the code from your email');
    codeIn(await portal().mailbox.next(next));
  });

  it('invalidates a link for a new password that went to the old address', async () => {
    await portal().services.credentials.requestReset(email, { requestId: '', address: '', browser: '' });
    const link = linkIn(await portal().mailbox.next(email));
    await asksFor(next);
    await submits(codeIn(await portal().mailbox.next(next)));
    assert.equal((await ann.visits(link)).status, 410);
  });

  it('says so when the mail server refuses, stays at the form, and lets nothing be confirmed', async () => {
    portal().mailbox.refuse(true);
    try {
      await asksFor(next);
      assert.equal(ann.page.status, 422);
      assert.match(ann.page.errorAt('New email'), /could not be sent/);
      assert.equal(ann.page.value('New email'), next);
      await ann.visits('/profile/email/code');
      assert.equal(ann.page.path, '/profile/email');
    } finally {
      portal().mailbox.refuse(false);
    }
  });
});
