import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { newEmail } from '../support/victim.ts';

/** Spellings of the address that lead to one mailbox. */
const formsOf = (email: string): readonly string[] => {
  const [name, domain = ''] = email.split('@');
  return [
    email,
    email.toUpperCase(),
    `${email}.`,
    `${email}\u200b`,
    `\u200e${email}`,
    `${name}@${domain.replaceAll('.', '。')}`,
    `${name}@${domain.replaceAll('o', 'ｏ')}`,
    `${name}@${domain.replaceAll('e', 'Ｅ')}.`,
    email.replace('@', '＠'),
  ];
};

onPortal('An attacker who uses other spellings of an address', (portal) => {
  it('gets no more links than with one spelling', async () => {
    await portal().services.settings.change({ signUp: true });
    for (const path of ['/sign-up', '/forgotten-password']) {
      const email = newEmail('flooded');
      if (path === '/forgotten-password') await portal().account(email);
      const stranger = new Person(portal().app);
      await stranger.visits(path);
      const statuses: number[] = [];
      for (const form of formsOf(email)) {
        const answer = await stranger.submitsRaw('POST', path, { name: 'Ann', email: form });
        statuses.push(answer.status);
        portal().wait(60_000);
      }
      assert.deepEqual(statuses, [303, 303, 303, 429, 429, 429, 429, 429, 429], path);
    }
  });

  it('gets no second account for one mailbox', async () => {
    const email = newEmail('vera');
    const { id } = await portal().account(email);
    for (const form of formsOf(email)) {
      assert.equal((await portal().services.accounts.findByEmail(form))?.id, id, form);
    }
  });

  it('has no more guesses at a password than with one spelling', async () => {
    const email = newEmail('vera');
    await portal().account(email);
    const guesser = new Person(portal().app);
    await guesser.visits('/sign-in');
    const statuses: number[] = [];
    for (const form of formsOf(email)) {
      const guess = { email: form, password: 'seventeen wrong herons' };
      statuses.push((await guesser.submitsRaw('POST', '/sign-in', guess)).status);
    }
    assert.deepEqual(statuses, [422, 422, 422, 422, 422, 429, 429, 429, 429]);
  });

  it('cannot overflow a column: an address that is longer in lower case is refused with a message', async () => {
    await portal().services.settings.change({ signUp: true });
    const stranger = new Person(portal().app);
    const email = `${'\u0130'.repeat(200)}@example.org`;
    for (const [path, status] of [
      ['/sign-up', 422],
      ['/forgotten-password', 303],
      ['/sign-in', 422],
    ] as const) {
      await stranger.visits(path);
      const answer = await stranger.submitsRaw('POST', path, { name: 'Ann', email, password: PASSWORD });
      assert.equal(answer.status, status, path);
      if (path !== '/sign-up') continue;
      await stranger.goesOnFrom(answer);
      assert.equal(stranger.page.errorAt('Email'), 'This email address is too long.');
    }
  });
});
