import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsEmail, isSignedIn, mailedCode, newEmail, thiefOf, victimOf } from '../support/victim.ts';

onPortal('An attacker who has a code for something else', (portal) => {
  /** Creates a person whose only factor is email; the next code may be sent. */
  async function withEmail(name: string): Promise<{ email: string; browser: Person }> {
    const email = newEmail(name);
    const account = await portal().account(email);
    await enrolsEmail(portal(), account);
    const browser = await signsIn(portal(), email);
    browser.fillsIn('Verification Code', await mailedCode(portal(), email));
    await browser.presses('Continue');
    portal().wait(30_000);
    return { email, browser };
  }

  async function refusedAt(person: Person, code: string): Promise<void> {
    person.fillsIn('Verification Code', code);
    await person.presses('Continue');
    assert.equal(person.page.status, 422);
    assert.notEqual(person.page.errorAt('Verification Code'), '');
  }

  it('cannot use the code of another account', async () => {
    const vera = await withEmail('vera');
    const mallory = await withEmail('mallory');
    const thief = await signsIn(portal(), vera.email);
    const own = await signsIn(portal(), mallory.email);
    const hers = await mailedCode(portal(), vera.email);
    const his = await mailedCode(portal(), mallory.email);
    assert.notEqual(hers, his, 'one run in a million');
    await refusedAt(thief, his);
    await refusedAt(own, hers);
  });

  it('cannot use a code of the same person that another browser has requested', async () => {
    const vera = await withEmail('vera');
    await signsIn(portal(), vera.email);
    const code = await mailedCode(portal(), vera.email);
    const thief = await signsIn(portal(), vera.email);
    await refusedAt(thief, code);
    assert.ok(!isSignedIn(thief));
  });

  it('cannot use a code for a step-up at a sign-in in the same browser', async () => {
    const vera = await withEmail('vera');
    portal().wait(10 * 60_000);
    await vera.browser.visits('/profile/password');
    vera.browser.fillsIn('Password', PASSWORD);
    await vera.browser.presses('Continue');
    assert.equal(vera.browser.page.path, '/step-up/code');
    const code = await mailedCode(portal(), vera.email);
    const { id = '' } = (await portal().services.accounts.findByEmail(vera.email)) ?? {};
    await portal().services.accounts.endSessions(id);
    await vera.browser.visits('/sign-in');
    vera.browser.fillsIn('Email', vera.email);
    vera.browser.fillsIn('Password', PASSWORD);
    await vera.browser.presses('Sign in');
    assert.equal(vera.browser.page.path, '/sign-in/code');
    await refusedAt(vera.browser, code);
  });

  it('cannot use a code for a change of email at a step-up, and vice versa', async () => {
    const vera = await withEmail('vera');
    const next = newEmail('next');
    await vera.browser.visits('/profile/email');
    vera.browser.fillsIn('New email', next);
    await vera.browser.presses(vera.browser.page.buttons.at(-1) ?? 'no button');
    assert.equal(vera.browser.page.path, '/profile/email/code');
    const forChange = await mailedCode(portal(), next);
    portal().wait(10 * 60_000 - 1000);
    await vera.browser.visits('/profile/password');
    vera.browser.fillsIn('Password', PASSWORD);
    await vera.browser.presses('Continue');
    assert.equal(vera.browser.page.path, '/step-up/code');
    const forStepUp = await mailedCode(portal(), vera.email);
    await refusedAt(vera.browser, forChange);
    const crossed = await vera.browser.submitsRaw('POST', '/profile/email/code', { code: forStepUp });
    assert.equal(crossed.status, 422);
    const account = await portal().services.accounts.findByEmail(next);
    assert.equal(account, undefined);
  });

  it('cannot use the app code of their own account', async () => {
    const vera = await victimOf(portal());
    const mallory = await victimOf(portal());
    const thief = await thiefOf(portal(), vera);
    portal().wait(30_000);
    await refusedAt(thief, mallory.app.code(portal().now()));
  });

  it('cannot swap the account behind a code page that is open in another tab', async () => {
    const vera = await victimOf(portal());
    const mallory = await victimOf(portal());
    const first = await thiefOf(portal(), mallory);
    const second = new Person(portal().app);
    await first.visits('/sign-in');
    first.fillsIn('Email', vera.email);
    first.fillsIn('Password', PASSWORD);
    await first.presses('Sign in');
    assert.equal(first.page.path, '/sign-in/code');
    portal().wait(30_000);
    await refusedAt(first, mallory.app.code(portal().now()));
    for (const [name, value] of first.cookies) second.cookies.set(name, value);
    await second.visits('/profile');
    assert.ok(!isSignedIn(second));
  });
});
