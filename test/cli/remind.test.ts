import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from '../../src/accounts/account.ts';
import { days, hours } from '../../src/kernel/time.ts';
import type { Grace } from '../../src/settings/grace.ts';
import { openDatabase } from '../../src/storage/sql/database.ts';
import { groupWith, siteRuleIs } from '../support/policies.ts';
import { OPERATOR, openPortal, type TestPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { enrolsApp, enrolsEmail, newEmail } from '../support/victim.ts';
import { runs } from './command-line.ts';

describe('The command line: reminders', () => {
  let folder: string;
  let portal: TestPortal;
  let ann: Account;
  const environment = () => ({
    DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`,
    DATA_DIR: folder,
    SMTP_URL: portal.mailbox.url,
  });
  const reminds = (...args: string[]) => runs(environment(), ['remind', ...args]);
  const sent = async () => JSON.parse((await reminds('--json')).output);

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', {
      DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`,
      DATA_DIR: folder,
    });
    ann = await portal.account(newEmail('ann'));
  });
  afterEach(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The command uses the real clock: a grace that ends after this time. */
  const endsIn = (time: number): Grace => ({ kind: 'until', at: Date.now() + time });
  const mandatory = (grace: Grace) => siteRuleIs(portal, { rule: 'mandatory', grace });

  it('are mailed within seven days of the deadline, with the reason, the deadline and the link', async () => {
    await mandatory({ kind: 'until', at: Date.UTC(2099, 0, 1) });
    await groupWith(portal, { rule: 'mandatory', grace: endsIn(days(6)) }, [ann], 'Agents');
    const ran = await reminds();
    assert.deepEqual(ran, { code: 0, output: '1 reminder was mailed.\n', errors: '' });
    const mail = await portal.mailbox.next(ann.email);
    const text = (mail.text ?? '').replace(/\s+/g, ' ');
    assert.equal(mail.subject, 'Please set up two-factor authentication');
    assert.match(text, /Help Center requires two-factor authentication/);
    assert.match(text, /2FA is required because you are in the group “Agents”/);
    assert.match(text, /You can postpone it until \d+ \w+ \d{4} at \d\d:\d\d UTC/);
    assert.match(mail.text ?? '', /^http:\/\/localhost:3000\/profile\/two-factor$/m);
    assert.doesNotMatch(mail.text ?? '', /token=/, 'no link that signs in');
    const { events } = await portal.services.audit.search({
      ...{ event: 'two-factor.reminded', subjectId: ann.id, page: 1, pageSize: 5 },
    });
    assert.equal(events.length, 1);
    assert.equal(events[0]?.actorLabel, 'command line');
  });

  it('are mailed once within seven days and once within one, however often the command runs, also concurrently', async () => {
    await mandatory(endsIn(days(7) + hours(1)));
    assert.deepEqual(await sent(), { sent: 0, refused: 0 }, 'not yet');
    await mandatory(endsIn(days(7) - hours(1)));
    const outcomes = await Promise.all([sent(), sent(), sent(), sent()]);
    assert.equal(
      outcomes.reduce((total, one) => total + one.sent, 0),
      1,
    );
    assert.deepEqual(await sent(), { sent: 0, refused: 0 });
    await remindedDaysAgo(6);
    await mandatory(endsIn(hours(23)));
    assert.deepEqual(await sent(), { sent: 1, refused: 0 });
    assert.deepEqual(await sent(), { sent: 0, refused: 0 });
    assert.equal(portal.mailbox.messages.length, 2);
  });

  it('are mailed again for a deadline that was moved back', async () => {
    await mandatory(endsIn(hours(20)));
    assert.equal((await sent()).sent, 1);
    await mandatory(endsIn(days(6)));
    assert.equal((await sent()).sent, 0, 'they were reminded a moment ago');
    await remindedDaysAgo(3);
    assert.equal((await sent()).sent, 1, 'of the earlier deadline, before this reminder was due');
    assert.equal((await sent()).sent, 0);
  });

  it('count from the first sign-in if a number of days is given, and wait for it', async () => {
    await mandatory({ kind: 'days', days: 5 });
    assert.equal((await sent()).sent, 0);
    await signsIn(portal, ann.email);
    assert.equal((await sent()).sent, 1);
  });

  it('never go to people with an authenticator that counts, with a disabled account or only an invitation, or without a requirement', async () => {
    await mandatory(endsIn(days(2)));
    await enrolsApp(portal, ann);
    const dora = await portal.account(newEmail('dora'));
    await portal.services.administration.disable(dora, OPERATOR);
    await portal.services.registration.invite({ email: newEmail('ivy'), name: 'Ivy' }, 'member', OPERATOR);
    assert.deepEqual(await sent(), { sent: 0, refused: 0 });
    await siteRuleIs(portal, { rule: 'optional' });
    await portal.account(newEmail('bob'));
    assert.deepEqual(await sent(), { sent: 0, refused: 0 });
    await siteRuleIs(portal, { rule: 'mandatory' });
    assert.deepEqual(await sent(), { sent: 0, refused: 0 }, 'at once: there is nothing to remind of');
  });

  it('go to people with an authenticator of another method than the rule requires', async () => {
    await enrolsEmail(portal, ann);
    await groupWith(portal, { rule: 'mandatory', methods: ['app'], grace: endsIn(days(2)) }, [ann]);
    assert.equal((await sent()).sent, 1);
  });

  it('that the mail server refused are reported, and do not count as sent: the next run sends them', async () => {
    await mandatory(endsIn(days(2)));
    portal.mailbox.refuse(true);
    const ran = await reminds('--json');
    assert.equal(ran.code, 1);
    assert.deepEqual(JSON.parse(ran.output), { sent: 0, refused: 1 });
    assert.equal(ran.errors, 'The mail server refused 1 reminder. The next run tries again.\n');
    portal.mailbox.refuse(false);
    assert.deepEqual(await sent(), { sent: 1, refused: 0 });
  });

  it('are in the language of each person', async () => {
    await portal.services.accounts.chooseLocale(ann.id, 'ar');
    await mandatory(endsIn(days(2)));
    await reminds();
    assert.match((await portal.mailbox.next(ann.email)).subject ?? '', /المصادقة الثنائية/);
  });

  /** Moves the last reminder back, because the command's own clock cannot be moved. */
  async function remindedDaysAgo(count: number): Promise<void> {
    const db = openDatabase(`sqlite:${join(folder, 'portal.sqlite')}`);
    await db('accounts')
      .where({ id: ann.id })
      .update({ reminded_at: Date.now() + days(-count) });
    await db.destroy();
  }
});
