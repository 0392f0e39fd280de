import assert from 'node:assert/strict';
import { badEmails, badLines, badNewPasswords, refusesBadFields } from '../support/bad-fields.ts';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { anotherInstance, onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';

onPortal('Signing up', (portal) => {
  let number = 0;
  let email = '';
  let ann: Person;

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().services.settings.change({ siteName: 'Acme Help', signUp: true });
    ann = new Person(portal().app);
    await ann.visits('/sign-up');
  });

  async function asks(address = email, name = 'Ann Example'): Promise<void> {
    ann.fillsIn('Your name', name);
    ann.fillsIn('Email', address);
    await ann.presses('Email me a link');
  }

  async function opensLink(): Promise<string> {
    await asks();
    const link = linkIn(await portal().mailbox.next(email));
    await ann.visits(link);
    return link;
  }

  const tokenOf = (address: string) => new URL(address).searchParams.get('token') ?? '';
  const exists = async () => (await portal().services.accounts.findByEmail(email)) !== undefined;

  it('is off until an administrator allows it', async () => {
    await portal().services.settings.change({ signUp: false });
    await ann.visits('/sign-in');
    assert.ok(!ann.page.links.some(({ text }) => text === 'Create an account'));
    for (const path of ['/sign-up', '/sign-up/sent']) assert.equal((await ann.visits(path)).status, 404);
    await ann.visits('/sign-in');
    const answer = await ann.submitsRaw('POST', '/sign-up', { email, name: 'Ann' });
    assert.equal(answer.status, 404);
    assert.ok(!portal().mailbox.addressees.includes(email));
  });

  it('is refused as soon as it is closed, also if its form was shown a moment ago', async () => {
    const other = await anotherInstance(portal());
    const stranger = new Person(other.app);
    await stranger.visits('/sign-up');
    await portal().services.settings.change({ signUp: false });
    stranger.fillsIn('Your name', 'Ann Example');
    stranger.fillsIn('Email', email);
    await stranger.presses('Email me a link');
    assert.equal(stranger.page.status, 404);
    await other.close();
    assert.ok(!portal().mailbox.addressees.includes(email));
  });

  it('confirms the address by a mail, takes a password, and lets the person sign in', async () => {
    await ann.visits('/sign-in');
    await ann.follow('Create an account');
    await asks();
    assert.equal(ann.page.heading, 'Check your email');
    assert.equal(await exists(), false);
    await ann.visits(linkIn(await portal().mailbox.next(email)));
    assert.equal(ann.page.heading, 'Choose a password for your account');
    assert.ok(ann.page.text.includes(email));
    assert.equal(await exists(), false);
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Create account');
    assert.equal(ann.page.path, '/sign-in');
    assert.match(ann.page.notice ?? '', /Your password is set/);
    await givesPassword(ann, email);
    await ann.visits('/');
    assert.equal(ann.page.heading, 'Hello, Ann Example');
    assert.ok(!ann.page.links.some(({ text }) => text === 'Administration'));
  });

  it('gives the same response for an address that has an account, whose owner gets a mail that says so', async () => {
    await portal().account(email);
    await asks();
    const known = ann.page;
    const mail = await portal().mailbox.next(email);
    assert.equal(mail.subject, 'You already have an account at Acme Help');
    assert.doesNotMatch(mail.text ?? '', /token=/);
    email = `other${number}@example.org`;
    await ann.visits('/sign-up');
    await asks();
    assert.equal(ann.page.status, known.status);
    assert.equal(ann.page.path, known.path);
    assert.equal(ann.page.text, known.text);
  });

  it('uses the language of the page in the mail', async () => {
    const arabic = new Person(portal().app, { acceptLanguage: 'ar' });
    await arabic.visits('/sign-up');
    arabic.fillsIn('اسمك', 'آن');
    arabic.fillsIn('البريد الإلكتروني', email);
    await arabic.presses('إرسال الرابط');
    assert.equal(arabic.page.heading, 'تحقق من بريدك الإلكتروني');
    assert.match((await portal().mailbox.next(email)).text ?? '', /[\u0600-\u06ff]/);
  });

  it('refuses every malformed field with a message at the field', async () => {
    await refusesBadFields(ann, '/sign-up', { name: 'Ann Example', email }, [
      ...badLines('name', 'Your name', /Enter your name/),
      ...badEmails(),
    ]);
    assert.ok(!portal().mailbox.addressees.includes(email));
  });

  it('takes no role from the form', async () => {
    const fields = { email, name: 'Ann', role: 'administrator', isAdministrator: 'true' };
    await ann.goesOnFrom(await ann.submitsRaw('POST', '/sign-up', fields));
    const link = linkIn(await portal().mailbox.next(email));
    await ann.visits(link);
    const confirmation = {
      token: tokenOf(link),
      newPassword: PASSWORD,
      role: 'administrator',
      email: 'x@y.z',
    };
    assert.equal((await ann.submitsRaw('POST', '/sign-up/confirm', confirmation)).status, 303);
    assert.equal((await portal().services.accounts.findByEmail(email))?.role, 'member');
  });

  it('says how long to wait when requested again at once', async () => {
    await portal().atOnce(async () => {
      await asks();
      await ann.visits('/sign-up');
      await asks();
    });
    assert.equal(ann.page.status, 429);
    assert.match(ann.page.errorAt('Email'), /next one in 30 seconds/);
    assert.equal(ann.page.value('Your name'), 'Ann Example');
  });

  it('refuses an unsuitable password, and keeps the link valid', async () => {
    const link = await opensLink();
    const cases = badNewPasswords([email, 'ann example ann'], 'Password');
    await refusesBadFields(ann, '/sign-up/confirm', { token: tokenOf(link) }, cases);
    assert.equal((await ann.visits(link)).status, 200);
    assert.equal(await exists(), false);
  });

  it('creates one account for twenty concurrent requests', async () => {
    await opensLink();
    ann.fillsIn('Password', PASSWORD);
    const answers = await ann.races(20, 'Create account');
    assert.equal(answers.filter(({ status }) => status === 303).length, 1);
    assert.equal(answers.filter(({ status }) => status === 410).length, 19);
  });

  it('fails if the link is used, a day old or replaced, or if sign-up was switched off in between', async () => {
    const first = await opensLink();
    await portal().services.settings.change({ signUp: false });
    await ann.visits(first);
    assert.equal(ann.page.status, 410);
    assert.ok(!ann.page.links.some(({ href }) => href === '/sign-up'));
    await portal().services.settings.change({ signUp: true });
    portal().wait(31_000);
    await ann.visits('/sign-up');
    const second = await opensLink();
    await ann.visits(first);
    assert.equal(ann.page.status, 410);
    assert.equal(ann.page.heading, 'This link no longer works');
    await ann.follow('Create an account');
    portal().wait(24 * 60 * 60 * 1000);
    assert.equal((await ann.visits(second)).status, 410);
    await ann.visits('/sign-up');
    const third = await opensLink();
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Create account');
    assert.equal((await ann.visits(third)).status, 410);
  });

  it('fails if the address has an account by now, whose password stays the same', async () => {
    await opensLink();
    await portal().account(email);
    ann.fillsIn('Password', 'eleven purple wagons');
    await ann.presses('Create account');
    assert.equal(ann.page.status, 410);
    assert.notEqual((await signsIn(portal(), email)).page.heading, 'Sign in');
  });

  it('redirects signed-in people home', async () => {
    await portal().account(email);
    const signedIn = await signsIn(portal(), email);
    await signedIn.visits('/sign-up');
    assert.equal(signedIn.page.path, '/');
  });
});
