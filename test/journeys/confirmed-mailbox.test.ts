import assert from 'node:assert/strict';
import { codeIn, linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword, nextStep, setsUpEmail, signsIn } from '../support/steps.ts';
import { askStored } from '../support/stored.ts';
import { enrolsApp, enrolsEmail, givesAppCode, newEmail } from '../support/victim.ts';

onPortal('An address is confirmed', (portal) => {
  const confirmedAt = async (email: string) => {
    const account = await portal().services.accounts.findByEmail(email);
    assert.ok(account, email);
    return account.emailConfirmedAt;
  };

  /** Chooses a password with the next mailed link to the address. */
  async function followsLink(email: string, label: string, button: string): Promise<void> {
    const person = new Person(portal().app);
    await person.visits(linkIn(await portal().mailbox.next(email)));
    assert.notEqual(person.page.status, 410);
    person.fillsIn(label, PASSWORD);
    await person.presses(button);
    assert.equal(person.page.path, '/sign-in');
  }

  it('by the link of a sign-up', async () => {
    const email = newEmail('sue');
    await portal().services.settings.change({ signUp: true });
    await portal().services.registration.signUp({ email, name: 'Sue' }, OPERATOR.origin);
    await followsLink(email, 'Password', 'Create account');
    assert.notEqual(await confirmedAt(email), null);
  });

  it('by an accepted invitation, and not by viewing one', async () => {
    const email = newEmail('ivy');
    await portal().services.registration.invite({ email, name: 'Ivy' }, 'member', OPERATOR);
    const mail = await portal().mailbox.next(email);
    const person = new Person(portal().app);
    await person.visits(linkIn(mail));
    assert.equal(await confirmedAt(email), null);
    person.fillsIn('Password', PASSWORD);
    await person.presses('Save password');
    assert.notEqual(await confirmedAt(email), null);
  });

  it('by a link for a new password', async () => {
    const email = newEmail('ann');
    const account = await portal().account(email);
    await portal().services.credentials.sendReset(account, OPERATOR);
    await followsLink(email, 'New password', 'Save password');
    assert.notEqual(await confirmedAt(email), null);
  });

  it('by a change of address, for the new one', async () => {
    const [email, next] = [newEmail('ann'), newEmail('anna')];
    await portal().account(email);
    const ann = await signsIn(portal(), email);
    await ann.visits('/profile/email');
    ann.fillsIn('New email', next);
    await ann.presses('Send Verification Code');
    assert.equal(await confirmedAt(email), null, 'nothing is proven yet');
    ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(next)));
    await ann.presses('Submit Code and Change');
    assert.notEqual(await confirmedAt(next), null);
  });

  it('by the code that creates an email authenticator; later codes keep the first time', async () => {
    const email = newEmail('ann');
    await portal().account(email);
    await setsUpEmail(portal(), await signsIn(portal(), email), email);
    const first = await confirmedAt(email);
    assert.notEqual(first, null);
    nextStep(portal());
    const again = await signsIn(portal(), email);
    again.fillsIn('Verification Code', codeIn(await portal().mailbox.next(email)));
    await again.presses('Continue');
    assert.equal(again.page.path, '/');
    assert.equal(await confirmedAt(email), first);
  });

  it('by a mailed code at sign-in, if it was unknown before; a wrong one proves nothing', async () => {
    const email = newEmail('ann');
    const account = await portal().account(email);
    await enrolsEmail(portal(), account);
    // As after the migration: the data in the tables may not prove it.
    await askStored(portal(), (db) => db('accounts').where({ email }).update({ email_confirmed_at: null }));
    nextStep(portal());
    const ann = await signsIn(portal(), email);
    const code = codeIn(await portal().mailbox.next(email));
    ann.fillsIn('Verification Code', code === '000000' ? '000001' : '000000');
    await ann.presses('Continue');
    assert.equal(await confirmedAt(email), null);
    ann.fillsIn('Verification Code', code);
    await ann.presses('Continue');
    assert.equal(ann.page.path, '/');
    assert.notEqual(await confirmedAt(email), null);
  });

  it('by nothing that an operator does, and by no password or app', async () => {
    const [made, imported] = [newEmail('made'), newEmail('imported')];
    const { registration, peopleImport } = portal().services;
    await registration.create({ email: made, name: 'Made' }, 'member', PASSWORD, OPERATOR);
    const person = { email: imported, name: 'Imported', role: 'member', passwordHash: null } as const;
    await peopleImport.create([{ ...person, groupIds: [], language: null }], OPERATOR);
    assert.equal(await confirmedAt(imported), null);
    const account = await portal().services.accounts.findByEmail(made);
    assert.ok(account);
    const app = await enrolsApp(portal(), account);
    const signer = new Person(portal().app);
    await signer.visits('/sign-in');
    await givesPassword(signer, made);
    await givesAppCode(portal(), signer, app);
    assert.equal(signer.page.path, '/');
    assert.equal(await confirmedAt(made), null);
  });
});
