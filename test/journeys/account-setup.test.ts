import assert from 'node:assert/strict';
import { badEmails, badLines, badNewPasswords, refusesBadFields } from '../support/bad-fields.ts';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { givesPassword } from '../support/steps.ts';

const FIRST = { siteName: 'Acme Help', name: 'Bo Boss', email: 'boss@example.org', newPassword: PASSWORD };

onPortal('Setting up the site', (portal) => {
  let token: string;
  let boss: Person;

  before(async () => {
    token = (await portal().services.registration.setupToken()) ?? '';
  });

  beforeEach(async () => {
    boss = new Person(portal().app);
    await boss.visits(`/setup?token=${token}`);
  });

  it('shows the form to anybody with the link, any number of times', async () => {
    await boss.visits(`/setup?token=${token}`);
    assert.equal(boss.page.heading, 'Set up your site');
    assert.deepEqual(
      ['Site name', 'Your name', 'Email', 'Password'].map((label) => boss.page.value(label)),
      ['', '', '', ''],
    );
    assert.equal(boss.page.$('input[type=password]').attr('autocomplete'), 'new-password');
  });

  for (const other of ['', 'x', 'x'.repeat(27), 'x'.repeat(10_000), '%00', '&token=x']) {
    it(`shows the page for invalid links for the token ${JSON.stringify(other.slice(0, 30))}`, async () => {
      await boss.visits(`/setup?token=${other}`);
      assert.equal(boss.page.status, 410);
      assert.equal(boss.page.heading, 'This link no longer works');
      assert.match(boss.page.text, /its log shows a new link/);
    });
  }

  it('refuses every malformed field with a message at the field', async () => {
    await refusesBadFields(boss, '/setup', { ...FIRST, token }, [
      ...badLines('siteName', 'Site name', /Enter the name of the site/),
      ...badLines('name', 'Your name', /Enter your name/),
      ...badEmails(),
      ...badNewPasswords(['boboss@example.org', 'Acme-Help-Boss', 'BOSSacmehelp1'], 'Password'),
    ]);
    assert.equal(await portal().services.accounts.isEmpty(), true);
  });

  it('refuses a form without its token, or with two tokens', async () => {
    for (const tokens of [undefined, [token, token], token.slice(1)]) {
      const fields = { ...FIRST, ...(tokens && { token: tokens }) };
      assert.equal((await boss.submitsRaw('POST', '/setup', fields)).status, 410);
    }
    assert.equal(await portal().services.accounts.isEmpty(), true);
  });

  it('leads from an outdated form back to it by the link', async () => {
    const answer = await boss.submitsRaw('POST', '/setup', { ...FIRST, token }, { csrf: 'stale' });
    assert.equal(answer.status, 403);
    await boss.goesOnFrom(answer);
    await boss.follow('Back to the form');
    assert.equal(boss.page.heading, 'Set up your site');
    assert.equal(boss.page.value('Email'), '', 'a form without a token of ours is kept nowhere');
    assert.ok(!boss.page.html.includes(PASSWORD));
  });

  it('accepts only GET and POST', async () => {
    const answer = await boss.submitsRaw('PUT', '/setup', {});
    assert.equal(answer.status, 405);
    assert.equal(answer.headers['allow'], 'GET, HEAD, POST');
  });

  it('creates one administrator for twenty concurrent requests', async () => {
    boss.fillsIn('Site name', 'Acme Help');
    boss.fillsIn('Your name', 'Bo Boss');
    boss.fillsIn('Email', 'Boss@example.org');
    boss.fillsIn('Password', PASSWORD);
    const answers = await boss.races(20, 'Set up the site');
    const winners = answers.filter(({ status }) => status === 303);
    assert.equal(winners.length, 1);
    assert.equal(answers.filter(({ status }) => status === 410).length, 19);
    assert.equal(winners[0]?.headers['location'], '/sign-in');
    assert.equal((await portal().services.people.search({ search: '', page: 1, pageSize: 50 })).total, 1);
  });

  it('signs nobody in, and lets the administrator sign in', async () => {
    await boss.visits('/');
    assert.equal(boss.page.heading, 'Sign in');
    assert.match(boss.page.title, /Acme Help$/);
    await givesPassword(boss, 'boss@example.org');
    await boss.visits('/');
    assert.equal(boss.page.heading, 'Hello, Bo Boss');
    assert.ok(boss.page.links.some(({ text }) => text === 'Administration'));
  });

  it('works once', async () => {
    assert.equal(boss.page.status, 410);
    assert.equal(boss.page.heading, 'This link no longer works');
    await boss.follow('Sign in');
    const answer = await boss.submitsRaw('POST', '/setup', { ...FIRST, token });
    assert.equal(answer.status, 410);
    assert.equal(await portal().services.registration.setupToken(), undefined);
  });

  it('is recorded, and the token is not', async () => {
    const { events } = await portal().services.audit.search({
      event: 'setup.completed',
      page: 1,
      pageSize: 50,
    });
    assert.equal(events.length, 1);
    assert.equal(events[0]?.actorLabel, 'Boss@example.org');
    assert.ok(portal().log().includes('"/setup"'), 'requests are logged');
    assert.ok(!portal().log().includes(token));
    assert.ok(!portal().log().includes(PASSWORD));
  });
});

onPortal('A set-up link', (portal) => {
  it('is invalid once somebody has an account by another way', async () => {
    const token = await portal().services.registration.setupToken();
    const boss = new Person(portal().app);
    await boss.visits(`/setup?token=${token}`);
    await portal().account('first@example.org', 'administrator');
    const answer = await boss.submitsRaw('POST', '/setup', { ...FIRST, token: token ?? '' });
    assert.equal(answer.status, 410);
    assert.equal(await portal().services.accounts.findByEmail('boss@example.org'), undefined);
  });
});

onPortal('An old set-up link', (portal) => {
  it('is invalid once a newer one is in the log, and after seven days', async () => {
    const { registration } = portal().services;
    const older = await registration.setupToken();
    const newer = await registration.setupToken();
    const boss = new Person(portal().app);
    assert.equal((await boss.visits(`/setup?token=${older}`)).status, 410);
    assert.equal((await boss.visits(`/setup?token=${newer}`)).status, 200);
    portal().wait(7 * 24 * 60 * 60 * 1000);
    assert.equal((await boss.visits(`/setup?token=${newer}`)).status, 410);
  });
});
