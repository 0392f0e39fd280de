import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { setsUpApp, signsIn } from '../support/steps.ts';
import { runs, runsAtTerminal } from './command-line.ts';

describe('The command line: people', () => {
  let folder: string;
  let portal: TestPortal;
  let number = 0;
  const database = () => ({
    DATA_DIR: folder,
    DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`,
    APP_SECRET: 'one-secret-of-more-than-32-characters',
  });
  const environment = () => ({ ...database(), SMTP_URL: portal.mailbox.url });
  const command = (...args: string[]) => runs(environment(), args);
  const someone = () => `person${number++}@example.org`;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', database());
  });
  after(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function lastEvent() {
    const { events } = await portal.services.audit.search({ page: 1, pageSize: 1 });
    const [event] = events;
    assert.ok(event);
    return event;
  }

  it('creates an account with the password from standard input, and records who did it', async () => {
    const email = someone();
    const ran = await runs(
      environment(),
      ['user', 'create', email, '--name', 'Ann Example'],
      `${PASSWORD}\n`,
    );
    assert.deepEqual(ran, { code: 0, output: `The account ${email} was created.\n`, errors: '' });
    const account = await portal.services.accounts.findByEmail(email);
    assert.equal(account?.role, 'member');
    assert.match(account.passwordHash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const ann = await signsIn(portal, email);
    assert.equal(ann.page.path, '/profile/two-factor/suggestion');
    const { events } = await portal.services.audit.search({ event: 'account.created', page: 1, pageSize: 1 });
    assert.equal(events[0]?.actorLabel, 'command line');
    assert.equal(events[0]?.subjectLabel, email);
  });

  it('creates an administrator if told to', async () => {
    const email = someone();
    await runs(environment(), ['user', 'create', email, '--name', 'Chief', '--admin'], PASSWORD);
    assert.equal((await portal.services.accounts.findByEmail(email))?.role, 'administrator');
  });

  it('keeps every character of the password, also spaces at its ends', async () => {
    const email = someone();
    const password = '  four grey owls 🦉  ';
    await runs(environment(), ['user', 'create', email, '--name', 'Ann'], `${password}\r\n`);
    const origin = { requestId: '', address: '', browser: '' };
    const check = await portal.services.passwordSignIn.check(email, password, origin);
    assert.equal(check.kind, 'accepted');
    const trimmed = await portal.services.passwordSignIn.check(email, password.trim(), origin);
    assert.equal(trimmed.kind, 'refused');
  });

  for (const [what, password, words] of [
    ['short', 'brief', /too short/],
    ['long', 'x1'.repeat(200), /too long/],
    ['common', 'passwordpassword', /too common/],
    ['made of own words', 'person-example', /own words/],
    ['missing', '', /There is no password/],
    ['of several lines', 'one line here\nanother line', /several lines/],
  ] as const) {
    it(`refuses a password that is ${what}, in one line`, async () => {
      const email = someone();
      const ran = await runs(environment(), ['user', 'create', email, '--name', 'Person Example'], password);
      assert.match(ran.errors, words);
      assert.match(ran.errors, /^[^\n]+\n$/);
      assert.ok(ran.code === 1 || ran.code === 64);
      assert.equal(await portal.services.accounts.findByEmail(email), undefined);
    });
  }

  it('asks at a terminal, twice, and never shows the password', async () => {
    const email = someone();
    const args = ['user', 'create', email, '--name', 'Ann'];
    const ran = await runsAtTerminal(environment(), args, [`${PASSWORD}\r`, `${PASSWORD}\r`]);
    assert.deepEqual(ran, {
      code: 0,
      output: `The account ${email} was created.\n`,
      errors: 'New password: \nThe same again: \n',
    });
    await signsIn(portal, email);
  });

  it('refuses two passwords that differ', async () => {
    const email = someone();
    const args = ['user', 'create', email, '--name', 'Ann'];
    const ran = await runsAtTerminal(environment(), args, [`${PASSWORD}\r`, `${PASSWORD}!\r`]);
    assert.equal(ran.code, 1);
    assert.match(ran.errors, /The two passwords differ/);
    assert.equal(await portal.services.accounts.findByEmail(email), undefined);
  });

  for (const [key, typed] of [
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    it(`stops at ${key} and changes nothing`, async () => {
      const email = someone();
      const ran = await runsAtTerminal(environment(), ['user', 'create', email, '--name', 'Ann'], [typed]);
      assert.equal(ran.code, 130);
      assert.equal(await portal.services.accounts.findByEmail(email), undefined);
    });
  }

  it('mails an invitation instead of asking for a password', async () => {
    const email = someone();
    const ran = await command('user', 'create', email, '--name', 'Ann', '--invite');
    assert.equal(ran.code, 0);
    const link = linkIn(await portal.mailbox.next(email));
    assert.match(link, /\/invitation\?token=/);
    assert.ok(!ran.output.includes('token'), 'the link is for the mailbox alone');
    const account = await portal.services.accounts.findByEmail(email);
    assert.equal(account?.passwordHash, null);
    assert.equal((await lastEvent()).event, 'account.invited');
  });

  it('never reports an invitation as mailed that the mail server refused', async () => {
    const email = someone();
    portal.mailbox.refuse(true);
    const ran = await command('user', 'create', email, '--name', 'Ann', '--invite');
    portal.mailbox.refuse(false);
    assert.equal(ran.code, 1);
    assert.match(ran.errors, /mail server refused the invitation/);
    assert.equal(ran.output, '');
  });

  it('stores the language of the person, for the invitation and what comes after it', async () => {
    const args = ['--name', 'Fay', '--invite', '--language', 'français'];
    assert.equal((await command('user', 'create', 'fay@example.org', ...args)).code, 0);
    const mail = await portal.mailbox.next('fay@example.org');
    assert.equal(mail.headers.get('content-language'), 'fr');
    const fay = await portal.services.accounts.findByEmail('fay@example.org');
    assert.deepEqual([fay?.locale, fay?.knownLanguage], [null, 'fr']);
    const unknown = await command('user', 'create', 'fay2@example.org', '--name', 'Fay', '--language', 'xx');
    assert.equal(unknown.code, 64);
    assert.match(unknown.errors, /^error: [^\n]*The languages are: en, ar, de, es, fr, he, ja\.\n$/);
  });

  it('refuses an address that has an account, in any spelling', async () => {
    const email = someone();
    await portal.account(email);
    const ran = await runs(environment(), ['user', 'create', email.toUpperCase(), '--name', 'Ann'], PASSWORD);
    assert.equal(ran.code, 1);
    assert.match(ran.errors, /has an account already/);
  });

  it('lists everyone, for people and for programs, without any secret', async () => {
    const email = someone();
    const account = await portal.account(email, 'member', 'Zoe Last');
    const zoe = await signsIn(portal, email);
    await setsUpApp(portal, zoe, email);
    const table = await command('user', 'list');
    const [head, ...rows] = table.output.trimEnd().split('\n');
    assert.match(head ?? '', /^Email +Name +Role +State +2FA +Last sign-in$/);
    const row = rows.find((line) => line.startsWith(email)) ?? '';
    assert.match(row, /Zoe Last +member +active +app +\d+ \w+ \d{4}/);
    const json = await command('user', 'list', '--json');
    const people: readonly Record<string, unknown>[] = JSON.parse(json.output);
    assert.equal(people.length, rows.length);
    const zoeListed = people.find((person) => person['email'] === email);
    assert.equal(zoeListed?.['id'], account.id);
    assert.equal(zoeListed?.['state'], 'active');
    assert.match(String(zoeListed?.['lastSignInAt']), /^\d{4}-.*Z$/);
    assert.match(JSON.stringify(zoeListed?.['authenticators']), /^\[\{"method":"app","name":"Phone"/);
    assert.doesNotMatch(json.output, /argon2|secret|nonce|hash/i);
  });

  it('lists more people than fit on one page', async () => {
    for (let count = 0; count < 205; count += 1) {
      await portal.services.accounts.create({
        id: `many${count}`,
        email: `many${count}@example.org`,
        name: 'Many',
        locale: null,
        knownLanguage: null,
        passwordHash: null,
        role: 'member',
        createdAt: 0,
      });
    }
    const { output } = await command('user', 'list', '--json');
    const emails = (JSON.parse(output) as { email: string }[]).map(({ email }) => email);
    assert.equal(emails.filter((email) => email.startsWith('many')).length, 205);
    assert.equal(new Set(emails).size, emails.length);
  });

  it('resets the 2FA of a person: authenticators and sessions are gone, and a mail reports it', async () => {
    const email = someone();
    await portal.account(email);
    const ann = await signsIn(portal, email);
    await setsUpApp(portal, ann, email);
    const ran = await command('user', 'reset-2fa', email);
    assert.equal(ran.code, 0);
    const account = await portal.services.accounts.findByEmail(email);
    assert.deepEqual(await portal.services.authenticators.of(account?.id ?? ''), []);
    await ann.visits('/profile/two-factor');
    assert.equal(ann.page.heading, 'Sign in');
    assert.match((await portal.mailbox.next(email)).subject ?? '', /2FA/);
    const event = await lastEvent();
    assert.deepEqual(
      [event.event, event.actorLabel, event.subjectLabel],
      ['two-factor.reset', 'command line', email],
    );
  });

  it('disables an account, which ends its open session, and enables it again', async () => {
    const email = someone();
    await portal.account(email);
    const ann = await signsIn(portal, email);
    assert.equal((await command('user', 'disable', email)).code, 0);
    await ann.visits('/');
    assert.equal(ann.page.heading, 'Sign in');
    assert.equal((await lastEvent()).event, 'account.disabled');
    const again = await command('user', 'disable', email);
    assert.deepEqual([again.code, /disabled already/.test(again.output)], [0, true]);
    assert.equal((await command('user', 'enable', email)).code, 0);
    assert.equal((await lastEvent()).event, 'account.enabled');
    const back = await signsIn(portal, email);
    assert.notEqual(back.page.heading, 'Sign in');
  });

  it('finds a person by any spelling of the address, and creates no account for another spelling', async () => {
    const email = someone();
    await portal.account(email);
    const spelled = `\u200e${email.toUpperCase()}.\u200b`;
    const disabled = await command('user', 'disable', spelled);
    assert.deepEqual([disabled.code, disabled.output.includes(email)], [0, true]);
    const created = await command('user', 'create', spelled, '--name', 'Ann', '--invite');
    assert.notEqual(created.code, 0);
    const unseen = await command(
      'user',
      'create',
      email.replace('@', '\u200b@'),
      '--name',
      'Ann',
      '--invite',
    );
    assert.equal(unseen.code, 64);
    assert.match(unseen.errors, /invisible character/);
  });

  for (const verb of ['reset-2fa', 'disable', 'enable']) {
    it(`prints in one line that there is nobody to ${verb}`, async () => {
      const ran = await command('user', verb, 'nobody@example.org');
      assert.deepEqual(ran, {
        code: 1,
        output: '',
        errors: 'There is no account with the address nobody@example.org.\n',
      });
    });
  }

  it('keeps the last administrator', async () => {
    const { people } = await portal.services.people.search({ search: '', page: 1, pageSize: 500 });
    const administrators = people.filter(
      ({ account }) => account.role === 'administrator' && account.disabledAt === null,
    );
    const [last, ...others] = administrators;
    assert.ok(last);
    for (const { account } of others) {
      assert.equal((await command('user', 'disable', account.email)).code, 0);
    }
    const ran = await command('user', 'disable', last.account.email);
    assert.equal(ran.code, 1);
    assert.match(ran.errors, /^[^\n]*last enabled administrator[^\n]*\n$/);
    assert.equal((await portal.services.accounts.find(last.account.id))?.disabledAt, null);
  });

  for (const [what, args] of [
    ['an email address without an @', ['user', 'create', 'nobody', '--name', 'Ann']],
    ['a name of control characters', ['user', 'create', 'a@example.org', '--name', 'Ann\x1b[31m']],
    ['a name of spaces', ['user', 'create', 'a@example.org', '--name', '  ']],
    ['a name of 10,000 characters', ['user', 'create', 'a@example.org', '--name', 'x'.repeat(10_000)]],
    ['no name', ['user', 'create', 'a@example.org']],
    ['no address', ['user', 'disable']],
    ['too many addresses', ['user', 'disable', 'a@example.org', 'b@example.org']],
    ['an unknown option', ['user', 'list', '--yaml']],
    ['an unknown command', ['user', 'erase', 'a@example.org']],
  ] as const) {
    it(`refuses ${what} as wrong usage, in one line`, async () => {
      const ran = await runs(environment(), args, PASSWORD);
      assert.equal(ran.code, 64);
      assert.equal(ran.output, '');
      assert.match(ran.errors, /^error: [^\n]+\n$/);
    });
  }

  it('creates usable accounts: an invited person chooses a password', async () => {
    const email = someone();
    await command('user', 'create', email, '--name', 'Ann', '--invite');
    const ann = new Person(portal.app);
    await ann.visits(linkIn(await portal.mailbox.next(email)));
    assert.equal(ann.page.status, 200);
  });
});
