import assert from 'node:assert/strict';
import { badNewPasswords, refusesBadFields } from '../support/bad-fields.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { onBothStores, PASSWORD } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';

const NEXT = 'eleven purple wagons';

onBothStores('Changing the password', (portal) => {
  let number = 0;
  let email = '';
  let ann: Person;

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    ann = await signsIn(portal(), email);
    await ann.visits('/profile/password');
  });

  async function changes(person: Person, current = PASSWORD, next = NEXT): Promise<void> {
    person.fillsIn('Current password', current);
    person.fillsIn('New password', next);
    await person.presses('Change password');
  }

  it('has fields that password managers know', () => {
    assert.equal(ann.page.$('input[name=password]').attr('autocomplete'), 'current-password');
    assert.equal(ann.page.$('input[name=newPassword]').attr('autocomplete'), 'new-password');
    assert.equal(ann.page.$('input[name=username]').attr('value'), email);
    assert.match(ann.page.text, /12 to 256 characters of any kind/);
  });

  it('is the target of /.well-known/change-password', async () => {
    await ann.visits('/.well-known/change-password');
    assert.equal(ann.page.path, '/profile/password');
  });

  it('puts no text of an unknown browser into the mail: its name could be a link', async () => {
    await changes(ann.copy({ userAgent: 'call-0800-123456.evil.example/1.0' }));
    const mail = await portal().mailbox.next(email);
    assert.match(mail.text ?? '', /^Browser: Unknown browser$/m);
    assert.doesNotMatch(mail.text ?? '', /evil/);
  });

  it('ends every session but this one, which gets a new id, and mails the person', async () => {
    const elsewhere = await signsIn(portal(), email);
    const before = ann.copy();
    await changes(ann);
    assert.equal(ann.page.path, '/profile');
    assert.match(ann.page.notice ?? '', /Your password has been changed\. You were signed out in all other/);
    for (const other of [elsewhere, before]) {
      await other.visits('/profile');
      assert.equal(other.page.heading, 'Sign in');
    }
    await ann.visits('/profile/sign-ins');
    assert.match(ann.page.text, /ELinks This browser/);
    await ann.visits('/profile');
    assert.equal(ann.page.heading, 'My Profile');
    const mail = await portal().mailbox.next(email);
    assert.equal(mail.subject, 'Your password was changed');
    assert.match(mail.text ?? '', /Browser: ELinks/);
    assert.equal((await signsIn(portal(), email)).page.status, 422);
    const again = new Person(portal().app);
    await again.visits('/sign-in');
    await givesPassword(again, email, NEXT);
    assert.notEqual(again.page.heading, 'Sign in');
  });

  it('requires the password again if the last proof is over ten minutes old, and comes back', async () => {
    portal().wait(10 * 60 * 1000);
    await ann.visits('/profile/password');
    assert.equal(ann.page.heading, 'Confirm that it is you');
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Continue');
    assert.equal(ann.page.path, '/profile/password');
    portal().wait(10 * 60 * 1000);
    await changes(ann);
    assert.equal(ann.page.heading, 'Confirm that it is you', 'with the form open, too');
    assert.ok(!ann.page.html.includes(NEXT));
  });

  it('refuses a wrong current password, and makes an attacker wait as at the sign-in', async () => {
    await portal().atOnce(async () => {
      for (let failures = 0; failures < 5; failures++) {
        await changes(ann, 'not the password');
        assert.equal(ann.page.status, 422);
        assert.match(ann.page.errorAt('Current password'), /is wrong/);
      }
      await changes(ann);
    });
    assert.equal(ann.page.status, 429);
    assert.match(ann.page.errorAt('Current password'), /Wait 30 seconds/);
    portal().wait(31_000);
    await changes(ann);
    assert.equal(ann.page.path, '/profile');
  });

  it('counts twenty concurrent guesses as twenty', async () => {
    ann.fillsIn('Current password', 'not the password');
    ann.fillsIn('New password', NEXT);
    const answers = await ann.races(20, 'Change password');
    assert.equal(answers.filter(({ status }) => status === 422).length, 5);
    assert.equal(answers.filter(({ status }) => status === 429).length, 15);
  });

  it('refuses an unsuitable password, and every malformed field, with a message at the field', async () => {
    const label = 'Current password';
    await refusesBadFields(ann, '/profile/password', { password: PASSWORD, newPassword: NEXT }, [
      ...badNewPasswords([email, 'annexampleann'], 'New password'),
      { fields: { password: '' }, label, words: /Enter your current password/ },
      { fields: { password: [PASSWORD, PASSWORD] }, label, words: /Enter your current password/ },
      { fields: { password: 'x'.repeat(10_000) }, label, words: /too long/ },
      { fields: { password: `${PASSWORD}\u0000` }, label, words: /is wrong/ },
      { fields: { password: PASSWORD.toUpperCase() }, label, words: /is wrong/ },
    ]);
    assert.equal((await signsIn(portal(), email)).page.status, 200);
  });

  it('invalidates an earlier link for a new password', async () => {
    const { credentials } = portal().services;
    await credentials.requestReset(email, { requestId: '', address: '', browser: '' });
    const link = linkIn(await portal().mailbox.next(email));
    await changes(ann);
    assert.equal((await new Person(portal().app).visits(link)).status, 410);
  });

  it('is recorded, and neither password is', async () => {
    await changes(ann, PASSWORD, NEXT);
    const { events } = await portal().services.audit.search({
      event: 'password.changed',
      person: email,
      page: 1,
      pageSize: 50,
    });
    assert.equal(events.length, 1);
    assert.ok(!JSON.stringify(events).includes(NEXT));
    assert.ok(!portal().log().includes(NEXT));
    assert.ok(!portal().log().includes(PASSWORD));
  });
});
