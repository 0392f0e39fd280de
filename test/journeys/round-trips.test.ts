import assert from 'node:assert/strict';
import { commitsOf } from '../support/commits.ts';
import { Person } from '../support/person.ts';
import { groupWith } from '../support/policies.ts';
import { OPERATOR, openPortal, type TestPortal } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { givesPassword, scansQrCode, signsIn } from '../support/steps.ts';
import { givesAppCode, idsOf, newEmail, signsInFully, type Victim, victimOf } from '../support/victim.ts';

/** One for the auth state and the settings; one for the page itself. */
const MOST_STATEMENTS = 2;
/** To read the session and extend it. */
const COMMANDS = ['GETEX'];

/**
 * Pages with unrelated lists, or with people whose ids have to be found first. Each has this number of statements, whatever its
 * lists contain.
 */
const LISTS: Readonly<Record<string, number>> = {
  // The browsers of the person, and, if the site allows any, the trusted ones.
  '/profile/sign-ins': 3,
  // A page of people, and every group for the filter.
  '/admin/people': 3,
  // The person with what they have, the wait after wrong codes, and the newest mails; if requests for a reset are open on the
  // site, whether one is this person's.
  '/admin/people/:id': 5,
  // The person, and all groups.
  '/admin/people/:id/groups': 3,
  // Every app, and every group for their audiences.
  '/admin/apps': 3,
  // The group, and a page of its members.
  '/admin/groups/:id': 3,
  // Every group with its rule, the cohorts of people, and the apps that name the group.
  '/admin/groups/:id/delete': 4,
  '/admin/adoption': 3,
  '/admin/adoption/export': 3,
  // Then the people of the cohorts that count, which the rules decide, not the database.
  '/admin/adoption/people': 4,
  '/admin/adoption/people/export': 4,
};

interface Asked {
  readonly statements: readonly string[];
  readonly commands: readonly string[];
}

describe('The database and Redis statements of a request', () => {
  let portal: TestPortal;
  let vera: Victim;
  let ids: readonly string[];

  before(async () => {
    portal = await openPortal('redis', { LOG_LEVEL: 'trace' });
    vera = await victimOf(portal, { role: 'administrator' });
    ids = await idsOf(portal, vera);
  });
  after(() => portal.close());

  /** The statements during the work, up to the end of its requests. */
  async function askedBy(work: () => Promise<unknown>): Promise<Asked> {
    const before = portal.log().length;
    await work();
    const lines: Readonly<Record<string, string>>[] = portal
      .log()
      .slice(before)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const named = (name: string) => lines.map((line) => line[name] ?? '').filter(Boolean);
    return { statements: named('statement'), commands: named('command') };
  }

  it('are few for every signed-in page', async () => {
    const person = await signsInFully(portal, vera);
    const asked = new Map<string, number>();
    for (const { pattern, method, address } of knocksOn(portal.app, ids)) {
      if (method !== 'GET') continue;
      // One-time work (starting an enrolment, recording the use of the sign-in) is done by now.
      await person.loads(address);
      let status = 0;
      const { statements, commands } = await askedBy(async () => {
        ({ status } = await person.loads(address));
      });
      if (status !== 200 || commands.length === 0) continue;
      assert.deepEqual(commands, COMMANDS, address);
      asked.set(pattern, statements.length);
    }
    assert.ok(asked.size > 35, `${asked.size} pages`);
    const many = [...asked].filter(([, statements]) => statements > MOST_STATEMENTS);
    assert.deepEqual(Object.fromEntries(many), LISTS);
  });

  it('are one more than its work for a submitted form: the auth state is read once', async () => {
    const person = await signsInFully(portal, vera);
    await person.visits('/profile/name');
    const refused = await askedBy(() => person.submitsRaw('POST', '/profile/name', { name: '' }));
    assert.equal(refused.statements.length, 1, refused.statements.join('\n'));
    await person.visits('/admin/policy');
    const { action, fields } = person.form('Save policy');
    const unread = await askedBy(() => person.submitsRaw('POST', action, { ...fields, rule: 'nonsense' }));
    assert.equal(unread.statements.length, 1, unread.statements.join('\n'));
  });

  it('are as few for the first page after signing in', async () => {
    const email = newEmail('ann');
    await portal.account(email);
    const ann = await signsIn(portal, email);
    const first = new Person(portal.app);
    await first.visits('/sign-in');
    first.fillsIn('Email', email);
    first.fillsIn('Password', 'seventeen green herons');
    const { action, fields } = first.form('Sign in');
    await first.submitsRaw('POST', action, fields);
    const { statements, commands } = await askedBy(() => first.loads('/profile'));
    assert.deepEqual(commands, COMMANDS);
    assert.equal(statements.length, 1);
    assert.equal(ann.page.status, 200);
  });

  it('are one write of the session for the first visit to the sign-in page, for the secret of its form', async () => {
    const stranger = new Person(portal.app);
    // A change removes the settings that were cached for the last second’s visitors.
    await portal.services.settings.change({});
    const { statements, commands } = await askedBy(() => stranger.visits('/sign-in'));
    assert.deepEqual(commands, ['SET']);
    assert.equal(statements.length, 1);
    await givesPassword(stranger, vera.email);
    await givesAppCode(portal, stranger, vera.app);
    assert.equal(stranger.page.status, 200);
  });

  it('are one commit for a right code, and two for a right password: before it is hashed, and after', async () => {
    const person = new Person(portal.app);
    await person.visits('/sign-in');
    const password = await askedBy(() => givesPassword(person, vera.email));
    assert.equal(commitsOf(password.statements), 2, password.statements.join('\n'));
    const code = await askedBy(() => givesAppCode(portal, person, vera.app));
    assert.equal(commitsOf(code.statements), 1, code.statements.join('\n'));
    assert.equal(person.page.status, 200);
    const wrong = new Person(portal.app);
    await wrong.visits('/sign-in');
    await givesPassword(wrong, vera.email);
    wrong.fillsIn('Verification Code', '000000');
    const refused = await askedBy(() => wrong.presses('Continue'));
    assert.equal(commitsOf(refused.statements), 1, refused.statements.join('\n'));
    await portal.services.administration.unlock(vera.account, OPERATOR);
  });

  it('are one commit for a first authenticator and its sign-in, and one for the recovery codes', async () => {
    const email = newEmail('new');
    const account = await portal.account(email);
    await groupWith(portal, { rule: 'mandatory' }, [account]);
    const person = new Person(portal.app);
    await person.visits('/sign-in');
    await givesPassword(person, email);
    await person.follow('Set up authentication app');
    const app = await scansQrCode(person);
    person.fillsIn('Authenticator Name', 'Phone');
    person.fillsIn('Verification Code', app.code(portal.now()));
    const created = await askedBy(() => person.presses('Submit Code and Create'));
    assert.equal(person.page.heading, 'Recovery codes');
    // The mails are delivered afterwards, each by updates of its row.
    const own = created.statements.filter((statement) => !statement.startsWith('update `mails`'));
    assert.equal(commitsOf(own), 2, own.join('\n'));
  });

  it('use no session at all if there is no form, for strangers', async () => {
    for (const address of ['/help/two-factor', '/nowhere', '/healthz']) {
      const { commands } = await askedBy(() => new Person(portal.app).visits(address));
      assert.deepEqual(commands, [], address);
    }
  });
});
