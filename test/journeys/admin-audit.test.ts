import assert from 'node:assert/strict';
import { AUDIT_EVENTS } from '../../src/audit/vocabulary.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { fold } from '../support/visible-text.ts';

const DAY = 24 * 60 * 60_000;

onPortal('Administration: audit log', (portal) => {
  let ada: Person;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
  });

  beforeEach(async () => {
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits('/admin/audit');
  });

  const rows = () =>
    ada.page
      .$('tbody tr')
      .toArray()
      .map((row) =>
        ada.page
          .$(row)
          .children()
          .toArray()
          .map((cell) => fold(ada.page.$(cell).text())),
      );
  const day = (moment: number) => new Date(moment).toISOString().slice(0, 10);

  it('shows the time in UTC, the event, the person, and the address, newest first', async () => {
    const [newest] = rows();
    assert.match(newest?.[0] ?? '', /^\d+ \w+ \d{4} \d\d:\d\d:\d\d$/);
    assert.equal(newest?.[1], 'Signed in');
    assert.equal(newest?.[2], 'ada@example.org');
    assert.equal(newest?.[3], '–', 'whom is who');
    assert.match(newest?.[4] ?? '', /127\.0\.0\.1 ELinks/);
    assert.equal(newest?.[5], 'Proven by: Password');
    assert.equal(ada.page.$('th[scope=col]').first().text(), 'When (UTC)');
    assert.equal(rows()[1]?.[1], 'Sign-in: password accepted');
  });

  it('shows the person concerned if it is somebody else, and links both', async () => {
    const bob = await portal().account('bob@example.org', 'member', 'Bob');
    await ada.visits(`/admin/people/${bob.id}/make-administrator`);
    await ada.presses('Make administrator');
    await ada.visits('/admin/audit');
    const [newest] = rows();
    assert.deepEqual(
      [newest?.[1], newest?.[2], newest?.[3], newest?.[5]],
      ['Role changed', 'ada@example.org', 'bob@example.org', 'Role: Administrator'],
    );
    await ada.follow('bob@example.org');
    assert.equal(ada.page.heading, 'Bob');
    await portal().services.accounts.setRole(bob.id, 'member');
  });

  it('describes a change of the policy in words', async () => {
    const actor = (await portal().services.accounts.findByEmail('ada@example.org')) ?? { id: '', email: '' };
    await portal().services.settingsChanges.change(
      { twoFactor: { rule: 'off', methods: ['app'] } },
      { party: { id: actor.id, label: actor.email }, origin: OPERATOR.origin },
    );
    await ada.visits('/admin/audit?event=policy.changed');
    assert.equal(
      rows()[0]?.[5],
      '2FA: Off (before: Optional); Methods: Authentication App (before: Authentication App, Email Authentication)',
    );
    await portal().services.settings.change({ twoFactor: { rule: 'optional', methods: ['app', 'email'] } });
  });

  it('has texts for every event, to choose from', () => {
    const options = ada.page.$('#event option').toArray();
    assert.equal(options.length, AUDIT_EVENTS.length + 1);
    assert.equal(ada.page.$(options[0]).text(), 'Everything');
  });

  it('filters by event and by person, keeps the filters in the form, and removes them again', async () => {
    await signsIn(portal(), 'nobody@example.org');
    ada.chooses('Sign-in: password refused', 'What happened');
    ada.fillsIn('Person’s email', 'UNKNOWN-');
    await ada.presses('Filter');
    assert.deepEqual(
      rows().map((row) => [row[1], row[2]?.replace(/[\da-f]{10}$/, '0123456789')]),
      [['Sign-in: password refused', 'unknown-0123456789']],
    );
    assert.match(ada.page.text, /1 entry/);
    assert.equal(ada.page.value('What happened'), 'sign-in.password-refused');
    assert.equal(ada.page.value('Person’s email'), 'UNKNOWN-');
    await ada.follow('Show everything');
    assert.ok(rows().length > 1);
    assert.equal(ada.page.value('What happened'), '');
  });

  it('filters by days, including the first and the last day, in UTC', async () => {
    const start = Date.parse('2030-03-10');
    const { audit } = portal().services;
    const moments = [start - 1000, start, start + DAY - 1000, start + DAY];
    for (const moment of moments) {
      portal().wait(moment - portal().now());
      await audit.record('keys.rotated', { ...OPERATOR, party: { id: null, label: day(moment) } });
    }
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits('/admin/audit?event=keys.rotated');
    ada.fillsIn('From (UTC)', '2030-03-10');
    ada.fillsIn('To (UTC)', '2030-03-10');
    await ada.presses('Filter');
    assert.equal(ada.page.status, 200);
    assert.deepEqual(
      rows().map((row) => row[0]),
      ['10 Mar 2030 23:59:59', '10 Mar 2030 00:00:00'],
    );
    assert.equal(rows()[0]?.[2], '2030-03-10');
    await ada.visits('/admin/audit?event=keys.rotated&from=2030-03-11');
    assert.equal(rows().length, 1);
    await ada.visits('/admin/audit?event=keys.rotated&to=2030-03-09');
    assert.equal(rows().length, 1);
  });

  for (const [what, query, label, words] of [
    ['an unknown event', 'event=sign-in', 'What happened', /Choose an event/],
    ['two events', 'event=sign-out&event=sign-out', 'What happened', /Choose an event/],
    ['no day', 'from=yesterday', 'From (UTC)', /year-month-day/],
    ['a day that never was', 'from=2030-02-30', 'From (UTC)', /year-month-day/],
    ['a moment', 'to=2030-02-03T00:00', 'To (UTC)', /year-month-day/],
    ['two days in one field', 'to=2030-02-03&to=2030-02-04', 'To (UTC)', /year-month-day/],
    ['days in the wrong order', 'from=2030-02-03&to=2030-02-02', 'To (UTC)', /not before the first/],
    ['10,000 characters', `person=${'a'.repeat(10_000)}`, 'Person’s email', /at most 200/],
    ['a NUL', 'person=a%00', 'Person’s email', /invisible/],
  ] as const) {
    it(`refuses ${what} at the field, and lists nothing`, async () => {
      await ada.visits(`/admin/audit?${query}`);
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.errorAt(label), words);
      assert.equal(rows().length, 0);
      assert.ok(ada.page.$(ada.page.$('.error-summary a').attr('href')).length, 'the summary leads there');
    });
  }

  it('says so when nothing matches', async () => {
    await ada.visits('/admin/audit?person=%25_%25');
    assert.match(ada.page.text, /No entries match these filters/);
  });

  it('has pages of 50 that keep the filters', async () => {
    const { audit } = portal().services;
    for (let index = 0; index < 101; index++) {
      await audit.record('sign-out', { ...OPERATOR, party: { id: null, label: `paged & counted ${index}` } });
    }
    await ada.visits('/admin/audit?person=paged%20%26%20counted&unknown=1');
    assert.match(ada.page.text, /101 entries/);
    assert.equal(rows()[0]?.[2], 'paged & counted 100');
    await ada.follow('Next');
    assert.equal(rows()[0]?.[2], 'paged & counted 50');
    await ada.follow('Next');
    assert.deepEqual(
      rows().map((row) => row[2]),
      ['paged & counted 0'],
    );
    assert.equal(ada.page.path, '/admin/audit?person=paged+%26+counted&page=3');
  });

  it('shows what strangers write as text, on one line', async () => {
    const mallory = new Person(portal().app, { userAgent: 'Mal<script>alert(1)</script>lory/1' });
    await mallory.visits('/sign-in');
    mallory.fillsIn('Email', '<img/src=x>@example.org');
    mallory.fillsIn('Password', 'x');
    await mallory.presses('Sign in');
    const typed = { email: "'mal\u2028lory@example.org", password: 'x' };
    await mallory.submitsRaw('POST', '/sign-in', typed);
    await ada.visits('/admin/audit?event=sign-in.password-refused');
    assert.equal(ada.page.$('main script, main img').length, 0);
    assert.doesNotMatch(ada.page.$('tbody').text(), /[\u2028\r]/);
  });

  it('shows entries of another version of the portal as they are', async () => {
    const { audit } = portal().services;
    await audit.record('sign-out', { ...OPERATOR, party: { id: null, label: 'later' } }, undefined, {
      planet: 'app → Mars',
      method: 'telepathy',
    });
    await ada.visits('/admin/audit?person=later');
    assert.equal(rows()[0]?.[5], 'planet: Mars (before: app); Method: telepathy');
  });

  it('is available in Arabic', async () => {
    const account = await portal().services.accounts.findByEmail('ada@example.org');
    await portal().services.accounts.chooseLocale(account?.id ?? '', 'ar');
    for (const path of ['/admin/policy', '/admin/people', `/admin/people/${account?.id}`, '/admin/audit']) {
      await ada.visits(path);
      assert.equal(ada.page.$('html').attr('dir'), 'rtl', path);
      assert.doesNotMatch(
        ada.page.$('main .tabs, main label, main th[scope=col], main dt').text(),
        /[a-z]{4}/,
      );
    }
    await portal().services.accounts.chooseLocale(account?.id ?? '', null);
  });
});
