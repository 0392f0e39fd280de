import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { onBothStores, PASSWORD } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';

onBothStores('Signing in with a password', (portal) => {
  before(async () => {
    await portal().account('ann@example.org');
    await portal().account('boss@example.org', 'administrator', 'Bo Boss');
  });

  it('redirects a person without 2FA home, once by way of the suggestion to set it up', async () => {
    await portal().account('once@example.org');
    const first = await signsIn(portal(), 'once@example.org');
    assert.equal(first.page.heading, 'Protect your account with 2FA');
    await first.follow('Not now');
    assert.equal(first.page.heading, 'Hello, Ann Example');
    const second = await signsIn(portal(), 'once@example.org');
    assert.equal(second.page.heading, 'Hello, Ann Example');
  });

  it('redirects to the requested page', async () => {
    const ann = new Person(portal().app);
    await ann.visits('/profile/two-factor');
    assert.match(ann.page.heading, /^Sign in$/);
    await givesPassword(ann, 'ann@example.org');
    await ann.follow('Not now');
    assert.equal(ann.page.heading, 'Your 2FA');
  });

  for (const elsewhere of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/\t/evil.example',
    'javascript:0',
  ]) {
    it(`never redirects to ${JSON.stringify(elsewhere)}`, async () => {
      const ann = new Person(portal().app);
      await ann.visits(`/sign-in?return-to=${encodeURIComponent(elsewhere)}`);
      ann.fillsIn('Email', 'boss@example.org');
      ann.fillsIn('Password', PASSWORD);
      const form = ann.form('Sign in');
      const answer = await ann.submitsRaw('POST', form.action, {
        email: 'boss@example.org',
        password: PASSWORD,
        returnTo: elsewhere,
      });
      assert.equal(answer.status, 303);
      assert.match(answer.headers['location'] ?? '', /^\/(profile\/two-factor\/suggestion)?$/);
    });
  }

  it('gives the same response for a wrong password, an unknown address, an invited and a disabled account', async () => {
    await portal().account('gone@example.org');
    const { accounts } = portal().services;
    const gone = await accounts.findByEmail('gone@example.org');
    assert.ok(gone);
    await accounts.disable(gone.id, portal().now());
    const answers = [];
    for (const [email, password] of [
      ['ann@example.org', 'not the password'],
      ['nobody@example.org', PASSWORD],
      ['gone@example.org', PASSWORD],
    ] as const) {
      const person = new Person(portal().app);
      await person.visits('/sign-in');
      await givesPassword(person, email, password);
      assert.equal(person.page.status, 422);
      assert.equal(person.page.value('Email'), email);
      assert.equal(person.page.value('Password'), '');
      assert.match(person.page.title, /^Error: /);
      answers.push(person.page.text.replaceAll(email, 'X'));
    }
    assert.deepEqual(new Set(answers).size, 1);
  });

  it('refuses every malformed field with a message at the field', async () => {
    const cases: [Record<string, string | string[]>, string, RegExp][] = [
      [{ email: '', password: 'x' }, 'Email', /Enter your email/],
      [{ email: '   ', password: 'x' }, 'Email', /Enter your email/],
      [{ email: 'no-at-sign', password: 'x' }, 'Email', /form name@example/],
      [{ email: ['a@example.org', 'b@example.org'], password: 'x' }, 'Email', /Enter your email/],
      [{ email: `${'a'.repeat(10_000)}@example.org`, password: 'x' }, 'Email', /too long/],
      [{ email: 'a\u0000b@example.org', password: 'x' }, 'Email', /invisible/],
      [{ email: 'ann@example.org', password: '' }, 'Password', /Enter your password/],
      [{ email: 'ann@example.org', password: ['a', 'b'] }, 'Password', /Enter your password/],
      [{ email: 'ann@example.org', password: 'a'.repeat(10_000) }, 'Password', /too long/],
    ];
    for (const [fields, label, words] of cases) {
      const person = new Person(portal().app);
      await person.visits('/sign-in');
      await person.goesOnFrom(await person.submitsRaw('POST', '/sign-in', fields));
      assert.equal(person.page.status, 422, JSON.stringify(fields).slice(0, 80));
      assert.match(person.page.errorAt(label), words);
      assert.match(person.page.errors.join(), words);
    }
  });

  it('renews the session id, and makes the earlier one invalid', async () => {
    const ann = new Person(portal().app);
    await ann.visits('/sign-in');
    const before = ann.copy();
    await givesPassword(ann, 'ann@example.org');
    assert.notEqual(ann.cookies.get('postern'), before.cookies.get('postern'));
    await before.visits('/profile/two-factor');
    assert.equal(before.page.heading, 'Sign in');
  });

  it('makes an attacker wait from the fifth failure on, with an explanation, and nobody elsewhere', async () => {
    await portal().account('target@example.org');
    const guesser = new Person(portal().app);
    await guesser.visits('/sign-in');
    await portal().atOnce(async () => {
      for (let failures = 0; failures < 5; failures++)
        await givesPassword(guesser, 'target@example.org', 'a wrong guess');
      assert.equal(guesser.page.status, 422);
      await givesPassword(guesser, 'target@example.org');
    });
    assert.equal(guesser.page.status, 429);
    assert.match(guesser.page.errorAt('Email'), /Wait 30 seconds/);
    portal().wait(31_000);
    await givesPassword(guesser, 'target@example.org');
    assert.equal(guesser.page.heading, 'Protect your account with 2FA');
  });

  it('counts twenty concurrent guesses as twenty', async () => {
    await portal().account('raced@example.org');
    const guesser = new Person(portal().app);
    await guesser.visits('/sign-in');
    guesser.fillsIn('Email', 'raced@example.org');
    guesser.fillsIn('Password', 'a wrong guess');
    const answers = await guesser.races(20, 'Sign in');
    assert.equal(answers.filter(({ status }) => status === 422).length, 5);
    assert.equal(answers.filter(({ status }) => status === 429).length, 15);
  });

  it('signs out: the session is removed from the store, and the browser is told to forget it', async () => {
    const ann = await signsIn(portal(), 'ann@example.org');
    await ann.visits('/');
    const before = ann.copy();
    await ann.presses('Sign out');
    assert.equal(ann.page.heading, 'You are signed out');
    assert.ok(ann.trail.includes('POST /sign-out 303'));
    await before.visits('/');
    assert.equal(before.page.heading, 'Sign in');
  });

  it('redirects a signed-in person home from the sign-in page', async () => {
    const ann = await signsIn(portal(), 'ann@example.org');
    await ann.visits('/sign-in');
    assert.equal(ann.page.path, '/');
  });

  it('ends after 24 hours, even with constant use', async () => {
    const ann = await signsIn(portal(), 'ann@example.org');
    portal().wait(24 * 60 * 60 * 1000);
    await ann.visits('/profile/two-factor');
    assert.equal(ann.page.heading, 'Sign in');
  });

  it('ends at once when the account is disabled, its sessions are ended or its password changes', async () => {
    const { accounts } = portal().services;
    for (const [email, act] of [
      ['one@example.org', (id: string) => accounts.disable(id, portal().now())],
      ['two@example.org', (id: string) => accounts.endSessions(id)],
      ['three@example.org', (id: string) => accounts.changePassword(id, 'x')],
    ] as const) {
      const { id } = await portal().account(email);
      const person = await signsIn(portal(), email);
      await act(id);
      await person.visits('/');
      assert.equal(person.page.heading, 'Sign in', email);
    }
  });
});
