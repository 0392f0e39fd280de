import assert from 'node:assert/strict';
import { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { givesPassword, signsIn } from '../support/steps.ts';
import { givesAppCode, idsOf, newEmail, signsInFully, type Victim, victimOf } from '../support/victim.ts';

/** One for who is asking, what they may and how the site is set; one for the page itself. */
const MOST_STATEMENTS = 2;
/** To read the session, and to prolong it. */
const COMMANDS = ['GET', 'EXPIRE'];

/** Pages that ask for several lists. Each asks as often as it is said here, whatever is in the lists. */
const LISTS: Readonly<Record<string, number>> = {
  '/profile/sign-ins': 3,
  '/admin/people': 3,
  '/admin/people/:id': 6,
  '/admin/people/:id/groups': 4,
  '/admin/people/:id/:action': 4,
  '/admin/people/:id/:action/confirm': 12,
  '/admin/groups/:id': 3,
  '/admin/groups/:id/delete': 9,
  '/admin/groups/:id/members/:memberId/remove': 13,
  '/admin/adoption': 7,
  '/admin/adoption/export': 7,
  '/admin/adoption/people': 11,
  '/admin/adoption/people/export': 11,
};

interface Asked {
  readonly statements: readonly string[];
  readonly commands: readonly string[];
}

describe('What a request asks of the database and of Redis', () => {
  let portal: TestPortal;
  let vera: Victim;
  let ids: readonly string[];

  before(async () => {
    portal = await openPortal('redis', { LOG_LEVEL: 'trace' });
    vera = await victimOf(portal, { role: 'administrator' });
    ids = await idsOf(portal, vera);
  });
  after(() => portal.close());

  /** What was asked while the work was done, up to the end of its requests. */
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

  it('is little for every page of somebody signed in', async () => {
    const person = await signsInFully(portal, vera);
    const asked = new Map<string, number>();
    for (const { pattern, method, address } of knocksOn(portal.app, ids)) {
      if (method !== 'GET') continue;
      // What is done once (an enrolment begins, the sign-in was seen) is done now.
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

  it('is as little for the first page after signing in', async () => {
    const email = newEmail('ann');
    await portal.account(email);
    const ann = await signsIn(portal, email);
    const first = new Person(portal.app);
    await first.visits('/sign-in');
    first.fillsIn('E-mail', email);
    first.fillsIn('Password', 'seventeen green herons');
    const { action, fields } = first.form('Sign in');
    await first.submitsRaw('POST', action, fields);
    const { statements, commands } = await askedBy(() => first.loads('/profile'));
    assert.deepEqual(commands, COMMANDS);
    assert.equal(statements.length, 1);
    assert.equal(ann.page.status, 200);
  });

  it('is one write of the session for the first visit to the sign-in page, for the secret of its form', async () => {
    const stranger = new Person(portal.app);
    const { statements, commands } = await askedBy(() => stranger.visits('/sign-in'));
    assert.deepEqual(commands, ['SET']);
    assert.equal(statements.length, 1);
    await givesPassword(stranger, vera.email);
    await givesAppCode(portal, stranger, vera.app);
    assert.equal(stranger.page.status, 200);
  });

  it('is no session at all where there is no form, for strangers', async () => {
    for (const address of ['/help/two-factor', '/nowhere', '/healthz']) {
      const { commands } = await askedBy(() => new Person(portal.app).visits(address));
      assert.deepEqual(commands, [], address);
    }
  });
});
