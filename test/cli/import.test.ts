import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPeople } from '../../src/files/people-import.ts';
import { minutes } from '../../src/kernel/time.ts';
import { linkIn } from '../support/mailbox.ts';
import { REAL_HASHER } from '../support/password-hashing.ts';
import { Person } from '../support/person.ts';
import { groupWith } from '../support/policies.ts';
import { OPERATOR, openPortal, PASSWORD, type TestPortal } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { runs } from './command-line.ts';

/** Django's hash of "lets try this one". */
const DJANGO = 'pbkdf2_sha256$1000$seasalt$zSy5olSqwjjBPNmsbbn+niUlxfr+TevQMKTOTbsH4Ow=';
/** bcrypt of the same. */
const BCRYPT = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.rAf3o4sLTvR4cFKmbAV7SuUjZhE3kGG';

describe('The command line: people from a file', () => {
  let folder: string;
  let portal: TestPortal;
  const database = () => ({
    DATA_DIR: folder,
    DATABASE_URL: `sqlite:${join(folder, 'portal.sqlite')}`,
    APP_SECRET: 'one-secret-of-more-than-32-characters',
  });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-cli-'));
    portal = await openPortal('database', database(), { passwordHasher: REAL_HASHER });
  });
  afterEach(async () => {
    await portal.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const imports = (text: string | Buffer, ...options: string[]) => {
    const file = join(folder, 'people.csv');
    writeFileSync(file, text);
    return runs({ ...database(), SMTP_URL: portal.mailbox.url }, ['users', 'import', file, ...options]);
  };
  const find = (email: string) => portal.services.accounts.findByEmail(email);
  const total = async () => (await portal.services.people.search({ search: '', page: 1, pageSize: 1 })).total;
  const events = async (event: 'account.imported' | 'account.invited') =>
    (await portal.services.audit.search({ event, page: 1, pageSize: 50 })).events;

  it('adds people to the groups of their line, which have to exist: a dry run reports missing ones', async () => {
    const agents = await groupWith(portal, { rule: 'mandatory' }, [], 'Agents');
    await groupWith(portal, { rule: 'off' }, [], 'Night, shift');
    const file = (groups: string) =>
      `email,name,groups\nann@example.org,Ann,"${groups}"\nbob@example.org,Bob,\n`;
    const faulty = await imports(`${file('Agents; Pilots')}cyd@example.org,Cyd,x\n`, '--dry-run');
    assert.equal(faulty.code, 1);
    assert.match(faulty.output, /^Line 2: There is no group “Pilots”\./m);
    assert.match(faulty.output, /^Line 4: There is no group “x”\./m);
    assert.equal(await total(), 0);
    const ran = await imports(file('agents ; Night, shift;AGENTS;'));
    assert.deepEqual(ran, { code: 0, output: '2 accounts were created.\n', errors: '' });
    const groupsOf = async (email: string) => {
      const account = await find(email);
      return account ? (await portal.services.groups.of(account)).map(({ name }) => name) : undefined;
    };
    assert.deepEqual(await groupsOf('ann@example.org'), ['Agents', 'Night, shift']);
    assert.deepEqual(await groupsOf('bob@example.org'), []);
    const { people } = await portal.services.people.search({
      ...{ search: '', groupId: agents.id, page: 1, pageSize: 9 },
    });
    assert.equal(people.length, 1);
  });

  it('shows its progress on a terminal, on one line that is overwritten, and nothing elsewhere', async () => {
    const file = join(folder, 'people.csv');
    const people = Array.from({ length: 450 }, (_, i) => `p${i}@example.org,Person ${i}`);
    writeFileSync(file, ['email,name', ...people].join('\n'));
    const args = ['users', 'import', file];
    const { errors } = await runs(database(), args, '', { isTTY: true });
    const shown = errors.split('\r\x1b[K');
    assert.ok(shown.length > 2, JSON.stringify(shown));
    assert.equal(shown.at(-1), 'Accounts: 450 of 450\n');
    for (const line of shown.slice(1, -1)) assert.match(line, /^Accounts: \d{1,3} of 450$/);
    assert.equal((await runs(database(), [...args, '--resume'])).errors, '');
  });

  it('accepts an export: names, groups and all', async () => {
    await groupWith(portal, { rule: 'off' }, [await portal.account('zed@example.org')], 'Zoo');
    const { output } = await runs(database(), ['users', 'export']);
    const [columns = [], cells = []] = output.split('\r\n').map((line) => line.split(','));
    const groups = cells[columns.indexOf('groups')];
    await imports(`email,name,groups\nyan@example.org,Yan,${groups}\n`);
    const yan = await find('yan@example.org');
    assert.ok(yan);
    assert.deepEqual(
      (await portal.services.groups.of(yan)).map(({ name }) => name),
      ['Zoo'],
    );
  });

  it('creates an account for each line, and people with a password hash sign in with that password', async () => {
    const ran = await imports(
      `email,name,role,password_hash\r\nann@example.org,"Ann ""the"" Example",,${DJANGO}\r\n` +
        `ada@example.org,Ada,administrator,${BCRYPT}\r\n`,
    );
    assert.deepEqual(ran, { code: 0, output: '2 accounts were created.\n', errors: '' });
    const ann = await find('ann@example.org');
    assert.deepEqual([ann?.name, ann?.role], ['Ann "the" Example', 'member']);
    assert.equal((await find('ada@example.org'))?.role, 'administrator');
    for (const email of ['ann@example.org', 'ada@example.org']) {
      const { origin } = OPERATOR;
      const wrong = await portal.services.passwordSignIn.check(email, PASSWORD, origin);
      assert.equal(wrong.kind, 'refused');
      const right = await portal.services.passwordSignIn.check(email, 'lets try this one', origin);
      assert.equal(right.kind, 'accepted');
      assert.match((await find(email))?.passwordHash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
      const again = await portal.services.passwordSignIn.check(email, 'lets try this one', origin);
      assert.equal(again.kind, 'accepted', 'with the hash that took its place');
    }
    assert.deepEqual(
      (await events('account.imported')).map(({ actorLabel, subjectLabel }) => [actorLabel, subjectLabel]),
      [
        ['command line', 'ada@example.org'],
        ['command line', 'ann@example.org'],
      ],
    );
    assert.deepEqual(portal.mailbox.messages, [], 'nobody is written to unasked');
  });

  it('reports what is wrong with each line, by number, and writes nothing while anything is', async () => {
    await portal.account('there@example.org');
    const ran = await imports(
      [
        'Email;Name;Role;Password_Hash',
        '',
        'good@example.org;Good;;',
        ';Nameless;;',
        'nonsense;Nonsense;;',
        'noname@example.org;  ;;',
        'GOOD@example.org;Good again;;',
        'there@example.org;There;;',
        'role@example.org;Role;king;',
        'hash@example.org;Hash;;5f4dcc3b5aa765d61d8327deb882cf99',
        'short@example.org;Short',
        'quote@example.org;"Quote;;',
        'nul@example.org;N\0ul;;',
        `long@example.org;${'x'.repeat(101)};;`,
        ';;;',
        'last@example.org;Last;;',
      ].join('\n'),
    );
    assert.equal(ran.code, 1);
    const lines = ran.output.trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => Number(/^Line (\d+): /.exec(line)?.[1])),
      [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
    );
    assert.match(lines[3] ?? '', /is already in line 3/);
    assert.match(lines[4] ?? '', /there@example.org already has an account/);
    assert.match(lines[7] ?? '', /It has 2 cells. The first line has 4/);
    assert.match(ran.errors, /^Nothing was imported: 11 lines have errors[^\n]*\n$/);
    assert.equal(await total(), 1);
    assert.doesNotMatch(ran.output + ran.errors, /5f4dcc3b5aa765d6/, 'hashes are not shown');
  });

  it('skips faulty lines if told to', async () => {
    const ran = await imports('email,name\nbad,Bad\ngood@example.org,Good\n', '--skip-faulty');
    assert.equal(ran.code, 0);
    assert.match(ran.output, /^Line 2: .*\n1 account was created.\n$/);
    assert.ok(await find('good@example.org'));
    assert.equal(await total(), 1);
  });

  it('never skips the first line: without it nobody could be imported', async () => {
    for (const file of ['email,name,phone\ngood@example.org,Good,1\n', '', 'email,name\n', '"email,name\n']) {
      const ran = await imports(file, '--skip-faulty');
      assert.equal(ran.code, 1, file);
      assert.match(ran.output, /^Line 1: /, file);
      assert.match(ran.errors, /^Nothing was imported[^\n]*--skip-faulty does not help[^\n]*\n$/, file);
      assert.match(ran.errors, /--leave-out-columns/, file);
    }
    const ran = await imports('email,name,phone\ngood@example.org,Good,1\n', '--leave-out-columns');
    assert.equal(ran.code, 0);
    assert.ok(await find('good@example.org'));
  });

  it('reports in a dry run what would happen, and changes nothing', async () => {
    const ran = await imports('email\tname\na@example.org\tA\nb@example.org\tB\n', '--dry-run', '--invite');
    assert.deepEqual(ran, {
      code: 0,
      output: '2 accounts would be created. Nothing was changed.\n',
      errors: '',
    });
    assert.equal(await total(), 0);
    assert.deepEqual(portal.mailbox.messages, []);
    assert.deepEqual(await events('account.imported'), []);
  });

  it('invites people without a password once, however often it is run', async () => {
    const file = `email,name,password_hash\nann@example.org,Ann,\nbob@example.org,Bob,${BCRYPT}\n`;
    const first = await imports(file, '--invite');
    assert.equal(first.output, '2 accounts were created.\n1 invitation was mailed.\n');
    const link = linkIn(await portal.mailbox.next('ann@example.org'));
    const second = await imports(file, '--invite', '--resume');
    assert.deepEqual(second, {
      code: 0,
      output: '0 accounts were created.\nAlready there: 2 accounts.\n0 invitations were mailed.\n',
      errors: '',
    });
    assert.equal(portal.mailbox.messages.length, 1);
    const ann = new Person(portal.app);
    await ann.visits(link);
    ann.fillsIn('Password', PASSWORD);
    await ann.presses('Save password');
    await signsIn(portal, 'ann@example.org');
  });

  it('continues after an interruption, without duplicates', async () => {
    const people = Array.from({ length: 450 }, (_, i) => `p${i}@example.org,Person ${i}`);
    const half = ['email,name', ...people.slice(0, 230)].join('\n');
    const whole = ['email,name', ...people].join('\n');
    await imports(half);
    const refused = await imports(whole);
    assert.equal(refused.code, 1);
    assert.equal(await total(), 230);
    const resumed = await imports(whole, '--resume');
    assert.equal(resumed.output, '220 accounts were created.\nAlready there: 230 accounts.\n');
    assert.equal(await total(), 450);
  });

  it('gives each address one account when two imports run at once', async () => {
    const file = ['email,name', ...Array.from({ length: 250 }, (_, i) => `p${i}@example.org,P`)].join('\n');
    const ran = await Promise.all([imports(file, '--resume'), imports(file, '--resume')]);
    assert.deepEqual(
      ran.map(({ code }) => code),
      [0, 0],
    );
    const created = ran.map(({ output }) =>
      Number(/^(\d+) accounts? (?:was|were) created/.exec(output)?.[1]),
    );
    assert.equal((created[0] ?? 0) + (created[1] ?? 0), 250);
    assert.equal(await total(), 250);
  });

  it('sends invitations that the mail server refused when it is run again', async () => {
    const file = 'email,name\nann@example.org,Ann\nbob@example.org,Bob\n';
    portal.mailbox.refuse(true);
    const { code, errors } = await imports(file, '--invite');
    portal.mailbox.refuse(false);
    assert.equal(code, 1);
    assert.match(errors, /refused 2 invitations[^\n]*--resume --invite[^\n]*\n$/);
    const again = await imports(file, '--invite', '--resume');
    assert.match(again.output, /2 invitations were mailed/);
    await portal.mailbox.next('ann@example.org');
    await portal.mailbox.next('bob@example.org');
  });

  it('queues the invitations that the mail server does not accept now, and sends none twice', async () => {
    const file = 'email,name\nann@example.org,Ann\nbob@example.org,Bob\n';
    const down = { ...database(), SMTP_URL: 'smtp://127.0.0.1:1' };
    const { code, output } = await runs(down, ['user', 'import', '-', '--invite'], file);
    assert.equal(code, 0);
    assert.match(output, /\n0 invitations were mailed\.\n2 invitations are waiting: [^\n]*\n$/);
    const again = await imports(file, '--invite', '--resume');
    assert.match(again.output, /0 invitations were mailed\.\n$/);
    portal.wait(minutes(1));
    await portal.deliver();
    assert.match(linkIn(await portal.mailbox.next('ann@example.org')), /\/invitation\?token=/);
    await portal.mailbox.next('bob@example.org');
    assert.equal(portal.mailbox.messages.length, 2);
  });

  it('prints JSON for programs', async () => {
    const ran = await imports('email,name\na@example.org,A\nbad,B\n', '--json');
    assert.equal(ran.code, 1);
    const { faults, ...counts } = JSON.parse(ran.output);
    assert.deepEqual(counts, {
      written: false,
      created: 1,
      alreadyThere: 0,
      invited: 0,
      invitationsWaiting: 0,
      invitationsRefused: 0,
      leftOut: [],
    });
    assert.deepEqual([faults.length, faults[0].line, faults[0].fault], [1, 3, 'error.email-form']);
  });

  for (const [what, text, words] of [
    ['an empty file', '', /table is empty/],
    ['only a header', 'email,name\n', /table is empty/],
    ['no header', 'a@example.org,A\n', /“email” is missing/],
    [
      'a column that is not known',
      'email,name,pasword_hash\na@example.org,A,x\n',
      /Unknown columns: pasword_hash\. .*can skip/,
    ],
    ['a column twice', 'email,name,name\na@example.org,A,B\n', /“name” appears twice/],
    ['a header with an open quote', '"email,name\na@example.org,A\n', /quotes do not match/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const ran = await imports(text);
      assert.equal(ran.code, 1);
      assert.match(ran.output, words);
      assert.equal(await total(), 0);
    });
  }

  it('accepts files as other programs write them', async () => {
    for (const [program, text] of [
      ['osTicket', 'Email,Name,Phone\nann@example.org,Ann Example,"+1 555 0100"\n'],
      ['Excel', 'sep=;\r\nE-Mail;Full name;;\r\nann@example.org;Ann Example;;\r\n'],
      ['Zendesk', 'name,email,notes\nAnn Example,ann@example.org,"1 Road\nTown, ""here"""\n'],
      [
        'WordPress',
        'ID,user_login,user_email,display_name,user_pass\n7,ann,ann@example.org,Ann Example,$2y$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK\n',
      ],
    ] as const) {
      const { code, output } = await imports(text, '--leave-out-columns', '--dry-run');
      assert.match(output, /1 account would be created/, `${program}: ${output}`);
      assert.equal(code, 0);
    }
    const ran = await imports('Email,Name,Phone\nann@example.org,"Reagan, Tom",1\n', '--leave-out-columns');
    assert.match(ran.output, /^Not imported: Phone\.\n1 account was created\.\n$/);
    assert.equal((await find('ann@example.org'))?.name, 'Reagan, Tom');
  });

  it('invites people whose hash means that they have no password', async () => {
    const ran = await imports('email,name,password_hash\nann@example.org,Ann,!KZnLr5\n', '--invite');
    assert.equal(ran.code, 0);
    assert.equal((await find('ann@example.org'))?.passwordHash, null);
    await portal.mailbox.next('ann@example.org');
  });

  it('names all unknown columns at once, and an unknown role or group once', async () => {
    const columns = await imports('email,name,phone,notes\nann@example.org,Ann,1,2\n');
    assert.match(columns.output, /^Line 1: Unknown columns: phone, notes\./);
    const line = (number: number) => `p${number}@example.org,P,subscriber,Pilots\n`;
    const lines = Array.from({ length: 9 }, (_, index) => line(index)).join('');
    const roles = await imports(`email,name,roles,groups\n${lines}`);
    assert.match(roles.output, /^Lines 2, 3, 4, 5, 6, …: The role “subscriber” is unknown\.[^\n]*\n$/);
    assert.match(roles.errors, /9 lines have errors/);
    const groups = await imports(`email,name,group\n${lines.replaceAll('subscriber,', '')}`);
    assert.match(groups.output, /^Lines 2, [^\n]*“Pilots”[^\n]*\n$/);
  });

  it('accepts the whole export of another site, and reports what is not imported', async () => {
    const people = [
      ['+tag@example.org', '-Dash Name'],
      ["'=odd@example.org", '=HYPERLINK("http://evil")'],
      ['plain@example.org', 'Plain'],
    ] as const;
    for (const [email, name] of people) await portal.account(email, 'member', name);
    const { output } = await runs(database(), ['user', 'export', '--format', 'csv']);
    const other = await openPortal('database');
    const check = await checkPeople(output, other.services, { resume: false, leaveOut: false });
    await other.close();
    assert.deepEqual(check.faults, []);
    assert.deepEqual(
      check.newcomers.map(({ email, name }) => [email, name]),
      people,
    );
    assert.ok(check.leftOut.includes('authenticators'), String(check.leftOut));
  });

  it('refuses a missing file, and one that is not UTF-8', async () => {
    const missing = await runs(database(), ['user', 'import', join(folder, 'none.csv')]);
    assert.match(missing.errors, /Cannot read .*none.csv: ENOENT/);
    const latin = await imports(Buffer.from('email,name\na@example.org,J\xf6rg\n', 'latin1'));
    assert.match(latin.errors, /not in UTF-8/);
    const marked = await imports('\ufeffemail,name\na@example.org,Jörg\n');
    assert.equal(marked.code, 0);
    assert.equal((await find('a@example.org'))?.name, 'Jörg');
  });
});
