import assert from 'node:assert/strict';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { onPortal } from '../support/portal.ts';
import { givesPassword, signsIn } from '../support/steps.ts';

const BCRYPT = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.rAf3o4sLTvR4cFKmbAV7SuUjZhE3kGG';

onPortal('Administration: people in bulk', (portal) => {
  let ada: Person;
  let number = 0;
  const someone = () => `new${number++}@example.org`;

  before(async () => {
    await portal().account('ada@example.org', 'administrator', 'Ada Admin');
    await portal().account('mia@example.org', 'member', '=HYPERLINK("http://evil")');
  });
  beforeEach(async () => {
    ada = await signsIn(portal(), 'ada@example.org');
    await ada.visits('/admin/people');
  });

  const exists = async (email: string) => (await portal().services.accounts.findByEmail(email)) !== undefined;
  const pastes = async (text: string, button = 'Import') => {
    await ada.visits('/admin/people');
    await ada.follow('Import people');
    ada.fillsIn('People', text);
    return ada.presses(button);
  };
  const get = async (path: string) => {
    const page = await ada.loads(path);
    return { ...page, text: page.body.toString() };
  };

  describe('import', () => {
    it('creates the accounts and invites people without a password', async () => {
      const [ann, bob] = [someone(), someone()];
      await pastes(`email,name,password_hash\n${ann},Ann,\n${bob},Bob,${BCRYPT}\n`);
      assert.equal(ada.page.path, '/admin/people');
      assert.match(ada.page.text, /2 accounts were created. Invitations are on their way./);
      const link = linkIn(await portal().mailbox.next(ann));
      const person = new Person(portal().app);
      await person.visits(link);
      assert.match(person.page.text, new RegExp(ann));
      const other = new Person(portal().app);
      await other.visits('/sign-in');
      await givesPassword(other, bob, 'lets try this one');
      assert.equal(other.page.path, '/profile/two-factor/suggestion');
      assert.ok(!portal().mailbox.addressees.includes(bob));
      const { events } = await portal().services.audit.search({
        event: 'account.imported',
        page: 1,
        pageSize: 2,
      });
      assert.deepEqual(
        events.map(({ actorLabel, subjectLabel }) => [actorLabel, subjectLabel]),
        [
          ['ada@example.org', bob],
          ['ada@example.org', ann],
        ],
      );
    });

    it('sends no mail if the box is not ticked', async () => {
      const email = someone();
      await ada.follow('Import people');
      ada.fillsIn('People', `email,name\n${email},Zoe\n`);
      ada.unticks('Send invitations by email');
      await ada.presses('Import');
      assert.match(ada.page.text, /1 account was created/);
      assert.doesNotMatch(ada.page.text, /on their way/);
      assert.equal(await exists(email), true);
      assert.ok(!portal().mailbox.addressees.includes(email));
    });

    it('only checks if told to: shows what would happen, keeps the text, writes nothing', async () => {
      const email = someone();
      await pastes(`email,name\n${email},Zoe\n`, 'Check only');
      assert.equal(ada.page.heading, 'Import people');
      assert.match(ada.page.text, /No errors. 1 account would be created. Nothing has been changed yet./);
      assert.match(String(ada.page.$('#csv').val()), new RegExp(email));
      assert.equal(await exists(email), false);
      await ada.presses('Import');
      assert.equal(await exists(email), true);
    });

    it('shows each error by its line, with the text as it was typed, and writes nothing', async () => {
      const email = someone();
      await pastes(`email,name,role\n${email},Zoe,\nnonsense,Bob,\nada@example.org,Ada,\n`);
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.title, /^Error: /);
      assert.match(ada.page.text, /2 lines have errors. Nothing was imported./);
      const rows = ada.page
        .$('tbody tr')
        .toArray()
        .map((row) => ada.page.$(row).children().first().text());
      assert.deepEqual(rows, ['Line 3', 'Line 4']);
      assert.match(String(ada.page.$('#csv').val()), /nonsense,Bob/);
      assert.equal(await exists(email), false);
    });

    it('continues an import that was interrupted', async () => {
      const [one, two] = [someone(), someone()];
      await pastes(`email,name\n${one},One\n`);
      await portal().mailbox.next(one);
      const before = portal().mailbox.sentTo(one).length;
      await ada.follow('Import people');
      ada.fillsIn('People', `email,name\n${one},One\n${two},Two\n`);
      ada.chooses('Skip people who already have an account');
      await ada.presses('Import');
      assert.match(ada.page.text, /1 account was created/);
      await portal().mailbox.next(two);
      assert.equal(portal().mailbox.sentTo(one).length, before, 'nobody is invited twice');
    });

    it('accepts 30,000 characters in any script, and says where to import larger files', async () => {
      const line = (i: number) => `a${i}@example.org,${'ش'.repeat(90)}\n`;
      const text = Array.from({ length: 250 }, (_, i) => line(i)).join('');
      await pastes(`email,name\n${text}`, 'Check only');
      assert.match(ada.page.text, /250 accounts would be created/);
      await pastes(`email,name\n${'a@example.org,Ann\n'.repeat(1700)}`, 'Check only');
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.text, /at most 30,000 characters, or the command line/);
    });

    it('names the unknown columns, and ignores them if the box is ticked', async () => {
      const email = someone();
      await pastes(`Email,Full name,Phone\n${email},Zoe,1\n`, 'Check only');
      assert.equal(ada.page.status, 422);
      assert.match(ada.page.text, /Unknown columns: Phone\./);
      ada.chooses('Skip unknown columns');
      await ada.presses('Check only');
      assert.match(ada.page.text, /1 account would be created\..* Not imported: Phone\./);
      await ada.presses('Import');
      assert.equal(await exists(email), true);
      assert.match(ada.page.text, /1 account was created\..* Not imported: Phone\./);
    });

    it('accepts only one text and the values of its boxes', async () => {
      await ada.visits('/admin/people/import');
      const good = { csv: 'email,name\nx@example.org,X\n', act: 'import' };
      for (const fields of [
        { ...good, csv: '' },
        { ...good, csv: ['email,name', 'x@example.org,X'] },
        { ...good, csv: '\0' },
        { ...good, invite: 'yes' },
        { ...good, resume: ['on', 'on'] },
        { csv: 'x'.repeat(10_000), act: 'import' },
      ]) {
        const answer = await ada.submitsRaw('POST', '/admin/people/import', fields);
        assert.equal(answer.status, 422, JSON.stringify(fields).slice(0, 80));
      }
      for (const fields of [
        { ...good, act: 'destroy' },
        { ...good, act: ['import', 'import'] },
        { csv: good.csv },
      ]) {
        const answer = await ada.submitsRaw('POST', '/admin/people/import', fields);
        assert.equal(answer.status, 200, 'it is checked, and no more');
      }
      assert.equal(await exists('x@example.org'), false);
    });

    it('creates each account once for twenty concurrent requests', async () => {
      const email = someone();
      await ada.visits('/admin/people/import');
      ada.fillsIn('People', `email,name\n${email},Zoe\n`);
      ada.unticks('Send invitations by email');
      const answers = await ada.races(20, 'Import');
      assert.ok(answers.every(({ status }) => status === 303 || status === 422));
      const { total } = await portal().services.people.search({ search: email, page: 1, pageSize: 1 });
      assert.equal(total, 1);
      const events = await portal().services.audit.search({ person: email, page: 1, pageSize: 50 });
      assert.equal(events.events.filter(({ event }) => event === 'account.imported').length, 1);
    });

    it('does not keep the pasted text in the session: there may be password hashes in it', async () => {
      await ada.visits('/admin/people/import');
      const csv = `email,name,password_hash\nx@example.org,X,${BCRYPT}\n`;
      const stale = await ada.submitsRaw(
        'POST',
        '/admin/people/import',
        { csv, act: 'check' },
        { csrf: 'stale' },
      );
      assert.equal(stale.status, 403);
      await ada.visits('/admin/people/import');
      assert.equal(ada.page.$('#csv').val(), '');
    });

    it('requires a step-up when the last one is old, and the CSRF token', async () => {
      await ada.visits('/admin/people/import');
      const fields = { csv: 'email,name\nx@example.org,X\n', act: 'import' };
      const missing = await ada.submitsRaw('POST', '/admin/people/import', fields, { csrf: 'none' });
      assert.equal(missing.status, 403);
      portal().wait(11 * 60_000);
      const late = await ada.submitsRaw('POST', '/admin/people/import', fields);
      assert.match(late.headers['location'] ?? '', /^\/step-up/);
      assert.equal(await exists('x@example.org'), false);
    });
  });

  describe('export', () => {
    it('has everybody as CSV, with names that are formulas as text, and without secrets', async () => {
      const { status, headers, text } = await get('/admin/people/export?format=csv');
      assert.equal(status, 200);
      assert.match(headers['content-type'] ?? '', /^text\/csv; charset=utf-8/);
      assert.match(headers['content-disposition'] ?? '', /^attachment; filename="people-[\d-]+\.csv"$/);
      assert.equal(headers['cache-control'], 'no-store');
      const lines = text.split('\r\n');
      assert.equal(
        lines[0],
        'id,email,name,role,state,created,last_sign_in,methods,authenticators,groups,language',
      );
      assert.ok(text.includes(`mia@example.org,"'=HYPERLINK(""http://evil"")",member,active,`));
      assert.doesNotMatch(text, /argon2|\$2b\$/);
    });

    it('has one object per line as JSON lines', async () => {
      const { text, headers } = await get('/admin/people/export?format=jsonl');
      assert.match(headers['content-type'] ?? '', /^application\/x-ndjson/);
      const people = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      const mia = people.find(({ email }) => email === 'mia@example.org');
      assert.equal(mia.name, '=HYPERLINK("http://evil")');
      assert.deepEqual(mia.authenticators, []);
      assert.deepEqual(Object.keys(mia).sort(), [
        ...['authenticators', 'createdAt', 'email', 'groups', 'id', 'language', 'lastSignInAt'],
        ...['name', 'role', 'state'],
      ]);
    });

    it('is linked from the page, and has no other format', async () => {
      assert.ok(ada.page.links.some(({ text }) => text === 'Download everyone as CSV'));
      for (const query of ['format=xml', 'format=csv&format=jsonl'])
        assert.equal((await get(`/admin/people/export?${query}`)).status, 404, query);
      const answer = await ada.submitsRaw('POST', '/admin/people/export', {});
      assert.equal(answer.status, 405);
    });

    it("of the audit log has the entries that match the page's filters", async () => {
      await ada.visits('/admin/audit?event=sign-in.completed&person=ada');
      const { href } = ada.page.links.find(({ text }) => text === 'Download as JSON lines') ?? { href: '' };
      const { text } = await get(href);
      const events = text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      assert.ok(events.length > 0);
      assert.ok(
        events.every(
          ({ event, actorLabel }) => event === 'sign-in.completed' && actorLabel === 'ada@example.org',
        ),
      );
      assert.deepEqual(
        events.map(({ at }) => at),
        events
          .map(({ at }) => at)
          .sort()
          .reverse(),
      );
      const csv = await get('/admin/audit/export?format=csv&person=mia');
      assert.match(
        csv.text,
        /^at,event,actor,actor_id,subject,subject_id,address,browser,request_id,detail,id\r\n/,
      );
      assert.match(csv.text, /,account\.created,test,,mia@example\.org,/);
      const none = await get('/admin/audit/export?format=csv&person=nobody-at-all');
      assert.equal(none.text.split('\r\n').length, 2, 'the head alone');
    });

    it('of the audit log shows the page if the filters have errors', async () => {
      const answer = await get('/admin/audit/export?format=csv&from=yesterday');
      assert.equal(answer.status, 303);
      assert.equal(answer.headers['location'], '/admin/audit?from=yesterday');
    });
  });

  it('is for administrators only', async () => {
    const mia = await signsIn(portal(), 'mia@example.org');
    const stranger = new Person(portal().app);
    for (const path of [
      '/admin/people/import',
      '/admin/people/export?format=csv',
      '/admin/audit/export?format=csv',
    ]) {
      assert.equal((await mia.loads(path)).status, 403, path);
      const away = await stranger.loads(path);
      assert.equal(away.status, 303, path);
      assert.match(away.headers['location'] ?? '', /^\/sign-in/);
    }
  });
});
