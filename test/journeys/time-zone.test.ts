import assert from 'node:assert/strict';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';

const TOKYO = 'Asia/Tokyo';
const FORM = { rule: 'optional', 'method-app': 'on', 'method-email': 'on', siteName: 'Help Center' };

onPortal("The site's time zone", (portal) => {
  let ada: Person;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
    // 22:55 in Tokyo, where the next day begins 9 hours before UTC.
    portal().wait(Date.parse('2031-11-30T13:55:20Z') - portal().now());
  });

  beforeEach(async () => {
    await portal().services.settings.change({
      timeZone: 'UTC',
      siteName: 'Help Center',
      twoFactor: { rule: 'optional', methods: ['app', 'email'] },
      grace: { kind: 'none' },
    });
    ada = await signsIn(portal(), 'ada@example.org');
  });

  const settings = () => portal().services.settings.read();
  const choose = (timeZone: string) => portal().services.settings.change({ timeZone });

  it('is chosen in the policy, also by the name of the city, and recorded', async () => {
    await ada.visits('/admin/policy');
    assert.equal(ada.page.value('Time zone (optional)'), 'UTC');
    ada.fillsIn('Time zone (optional)', 'tokyo');
    await ada.presses('Save policy');
    assert.equal(ada.page.noticeKind, 'success');
    assert.equal(ada.page.value('Time zone (optional)'), TOKYO);
    assert.equal((await settings()).timeZone, TOKYO);
    await ada.visits('/admin/audit?event=policy.changed');
    assert.match(ada.page.text, /Time zone: Asia\/Tokyo \(before: UTC\)/);
  });

  it('is UTC if the field is empty', async () => {
    await choose(TOKYO);
    await ada.visits('/admin/policy');
    ada.fillsIn('Time zone (optional)', ' ');
    await ada.presses('Save policy');
    assert.equal(ada.page.noticeKind, 'success');
    assert.equal((await settings()).timeZone, 'UTC');
  });

  for (const timeZone of ['+09:00', 'Mars/Olympus', 'a'.repeat(1_000_000), ['UTC', 'UTC']]) {
    it(`refuses ${JSON.stringify(timeZone).slice(0, 20)} at the field`, async () => {
      await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/policy', { ...FORM, timeZone }));
      const isTooLarge = timeZone.length > 32_000;
      assert.equal(ada.page.status, isTooLarge ? 413 : 422);
      if (!isTooLarge) assert.match(ada.page.errorAt('Time zone (optional)'), /no time zone with this name/);
      assert.equal((await settings()).timeZone, 'UTC');
    });
  }

  it('does not change if a form does not have the field', async () => {
    await choose(TOKYO);
    const form = { ...FORM, siteName: 'Another name' };
    await ada.goesOnFrom(await ada.submitsRaw('POST', '/admin/policy', form));
    assert.equal(ada.page.noticeKind, 'success');
    assert.equal((await settings()).timeZone, TOKYO);
  });

  it('is used for times on pages, and named with each of them', async () => {
    await choose(TOKYO);
    await ada.visits('/profile/two-factor/set-up/email');
    ada.fillsIn('Authenticator Name', 'Mail');
    await ada.presses('Send Verification Code');
    assert.match(ada.page.text, /30 November 2031 at 22:55 GMT\+9/);
    assert.doesNotMatch(ada.page.text, /UTC/);
    const mail = await portal().mailbox.next('ada@example.org');
    assert.match(mail.text ?? '', /30 November 2031 at 22:55 GMT\+9/);
    assert.doesNotMatch(mail.text ?? '', /UTC/);
    await ada.visits('/profile/activity');
    assert.match(ada.page.$('thead').text(), /When \(Asia\/Tokyo\)/);
    assert.match(ada.page.text, /30 November 2031 at 22:55 GMT\+9/);
  });

  it('is also that of links in mails to strangers', async () => {
    await choose(TOKYO);
    const stranger = new Person(portal().app);
    await stranger.visits('/forgotten-password');
    stranger.fillsIn('Email', 'ada@example.org');
    await stranger.presses('Email me a link');
    const mail = await portal().mailbox.next('ada@example.org');
    assert.match(mail.text ?? '', /30 November 2031 at 23:55 GMT\+9/);
    assert.ok(linkIn(mail));
  });

  it('has the days for filtering the audit log, and is named in its headings; its files stay in UTC', async () => {
    await choose(TOKYO);
    const { audit } = portal().services;
    const start = Date.parse('2031-12-01T15:00:00Z');
    for (const moment of [start - 1000, start, start + 86_400_000 - 1000, start + 86_400_000]) {
      portal().wait(moment - portal().now());
      await audit.record('keys.rotated', { ...OPERATOR, party: { id: null, label: 'keys' } });
    }
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits('/admin/audit?event=keys.rotated');
    ada.fillsIn('From (Asia/Tokyo)', '2031-12-02');
    ada.fillsIn('To (Asia/Tokyo)', '2031-12-02');
    await ada.presses('Filter');
    const times = ada.page
      .$('tbody tr')
      .toArray()
      .map((row) => ada.page.$(row).children().first().text().replace(/\s+/g, ' ').trim());
    assert.deepEqual(times, ['2 Dec 2031 23:59:59', '2 Dec 2031 00:00:00']);
    assert.match(ada.page.$('thead').text(), /When \(Asia\/Tokyo\)/);
    assert.match(ada.page.text, /Files give times in UTC/);
    await ada.follow('Download as CSV');
    const lines = ada.page.body.toString().trim().split('\r\n').slice(1);
    assert.deepEqual(
      lines.map((line) => line.split(',')[0]),
      ['2031-12-02T14:59:59.000Z', '2031-12-01T15:00:00.000Z'],
    );
  });

  it('has the day at whose beginning a grace ends, and the form shows that day again', async () => {
    await choose(TOKYO);
    await ada.visits('/admin/policy');
    assert.match(ada.page.text, /required from the start of this day \(Asia\/Tokyo\)/);
    ada.chooses('Until a date');
    ada.fillsIn('2FA required from', '2032-03-01');
    await ada.presses('Save policy');
    assert.equal(ada.page.noticeKind, 'success');
    assert.equal(ada.page.value('2FA required from'), '2032-03-01');
    assert.deepEqual((await settings()).grace, { kind: 'until', at: Date.parse('2032-02-29T15:00:00Z') });
  });

  it('applies to the day that is chosen in the same form', async () => {
    await ada.visits('/admin/policy');
    ada.fillsIn('Time zone (optional)', 'America/New_York');
    ada.chooses('Until a date');
    ada.fillsIn('2FA required from', '2032-03-01');
    await ada.presses('Save policy');
    assert.equal(ada.page.value('2FA required from'), '2032-03-01');
    assert.deepEqual((await settings()).grace, { kind: 'until', at: Date.parse('2032-03-01T05:00:00Z') });
  });

  it('has the days of groups, and of people with an enforcement', async () => {
    await choose(TOKYO);
    const bob = await portal().account('bob@example.org');
    await ada.visits('/admin/groups/new');
    ada.fillsIn('Name of the group', 'Desk');
    ada.chooses('Until a date');
    ada.fillsIn('2FA required from', '2032-03-01');
    await ada.presses('Save group');
    assert.match(ada.page.text, /1 March 2032 at 00:00 GMT\+9/);
    await ada.visits(`/admin/people/${bob.id}/enforce-2fa`);
    ada.chooses('Until a date');
    ada.fillsIn('2FA required from', '2032-03-02');
    await ada.presses('Require 2FA');
    await ada.presses('Save');
    const { enforcement } = (await portal().services.accounts.find(bob.id)) ?? {};
    assert.deepEqual(enforcement?.grace, { kind: 'until', at: Date.parse('2032-03-01T15:00:00Z') });
  });
});
