import assert from 'node:assert/strict';
import type { Person } from '../support/person.ts';
import { onBothStores } from '../support/portal.ts';
import { setsUpEmail, signsIn } from '../support/steps.ts';

onBothStores('Your sessions', (portal) => {
  let number = 0;
  let email = '';
  let here: Person;
  let there: Person;

  beforeEach(async () => {
    email = `ann${number++}@example.org`;
    await portal().account(email);
    here = await signsIn(portal(), email, { userAgent: 'Dillo/3.1.1' });
    there = await signsIn(portal(), email, { userAgent: 'Lynx/2.9.2' });
    await here.visits('/profile/sign-ins');
  });

  it('lists the browsers with address, start and last use, and marks this one', () => {
    assert.match(here.page.text, /Dillo This browser Address .* Signed in .* UTC Last seen .* UTC/);
    assert.match(here.page.text, /Lynx Address/);
  });

  it('ends one at once', async () => {
    await here.presses(here.page.buttons.find((text) => text.startsWith('Sign out –')) ?? '');
    assert.equal(here.page.notice, 'That browser is signed out.');
    await there.visits('/');
    assert.equal(there.page.heading, 'Sign in');
    assert.doesNotMatch(here.page.text, /Lynx/);
  });

  it('ends all the others at once, and keeps this one', async () => {
    const third = await signsIn(portal(), email);
    await here.presses('Sign out everywhere else');
    assert.equal(here.page.notice, '2 other browsers are signed out.');
    for (const other of [there, third]) {
      await other.visits('/');
      assert.equal(other.page.heading, 'Sign in');
    }
    await here.visits('/');
    assert.equal(here.page.heading, 'Hello, Ann Example');
  });

  it("does not show other people's", async () => {
    const mallory = `mallory${number}@example.org`;
    await portal().account(mallory);
    const stranger = await signsIn(portal(), mallory);
    await stranger.visits('/profile/sign-ins');
    const action = here.form(here.page.buttons.find((text) => text.startsWith('Sign out –')) ?? '').action;
    assert.equal((await stranger.submitsRaw('POST', action, {})).status, 404);
    await there.visits('/');
    assert.notEqual(there.page.heading, 'Sign in');
  });

  it('is offered after a factor was added', async () => {
    await setsUpEmail(portal(), here, email);
    assert.equal(here.page.path, '/profile/two-factor');
    await here.follow('Your sessions');
    assert.ok(here.page.buttons.includes('Sign out everywhere else'));
  });

  it('removes a browser that signs out', async () => {
    await there.visits('/');
    await there.presses('Sign out');
    await here.visits('/profile/sign-ins');
    assert.doesNotMatch(here.page.text, /Lynx/);
  });
});
