import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { givesPassword, setsUpApp, signsIn } from '../support/steps.ts';

onPortal('Activity', (portal) => {
  it("shows the person's own events in plain words, newest first, and nobody else's", async () => {
    await portal().account('ann@example.org');
    await portal().account('bob@example.org');
    const guesser = new Person(portal().app, { userAgent: 'Dillo/3.1.1' });
    await guesser.visits('/sign-in');
    await givesPassword(guesser, 'ann@example.org', 'not the password');
    await signsIn(portal(), 'bob@example.org');
    const ann = await signsIn(portal(), 'ann@example.org');
    await setsUpApp(portal(), ann, 'ann@example.org');
    await ann.visits('/profile');
    await ann.follow('Activity');
    const events = ann.page
      .$('tbody tr')
      .toArray()
      .map((row) => ann.page.$(row).find('td').first().text());
    assert.deepEqual(events, [
      'Recovery codes created',
      'Authenticator created',
      'Signed in',
      'Sign-in: password accepted',
      'Sign-in: password refused',
      'Account created',
    ]);
    assert.match(ann.page.text, /password refused Unknown .*Dillo/);
    assert.doesNotMatch(ann.page.text, /bob/);
  });

  it('shows what an administrator did, and not from where', async () => {
    const dan = await portal().account('dan@example.org');
    await portal().account('ada@example.org', 'administrator');
    const ada = await signsIn(portal(), 'ada@example.org', { userAgent: 'Dillo/3.1.1' });
    await ada.visits(`/admin/people/${dan.id}/send-password-link`);
    await ada.presses('Send password link');
    const person = await signsIn(portal(), 'dan@example.org');
    await person.visits('/profile/activity');
    const rows = person.page
      .$('tbody tr')
      .toArray()
      .map((row) => person.page.$(row).find('td').toArray())
      .map((cells) => cells.map((cell) => person.page.$(cell).text().trim()));
    assert.deepEqual(
      rows.map(([, actor, from]) => [actor, from]),
      [
        ['You', '127.0.0.1 ELinks'],
        ['You', '127.0.0.1 ELinks'],
        ['Someone else', ''],
        ['Someone else', ''],
      ],
    );
    assert.doesNotMatch(person.page.text, /Dillo|ada@/);
  });
});
