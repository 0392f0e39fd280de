import assert from 'node:assert/strict';
import { loadWords } from '../../src/kernel/i18n.ts';
import { CREATION_TIMEOUT, MARIADB } from '../support/databases.ts';
import { APACHE } from './app-proxies.ts';
import { Chain, type Member, PORTAL } from './chain.ts';
import { TICKETS_HOST } from './names.ts';
import { installRequestTracker, TICKET } from './request-tracker.ts';
import { signsInByPages } from './steps.ts';
import { Visitor } from './visitor.ts';

const TICKETS = `https://${TICKETS_HOST}`;
const PAGE = `${TICKETS}/Ticket/Display.html?id=1`;
const AGENT = 'ann1@example.org';

describe('Request Tracker behind Apache, which tells it REMOTE_USER', () => {
  let chain: Chain;
  let ann: Member;
  let bob: Member;
  let visitor: Visitor;
  const words = loadWords().for('en');

  before(async function () {
    this.timeout(CREATION_TIMEOUT);
    chain = await Chain.open(APACHE, MARIADB, async ({ folder }) => ({
      apps: [await installRequestTracker(folder, AGENT)],
      close: async () => {},
    }));
    await chain.operator([
      'app',
      'create',
      'Tickets',
      '--address',
      TICKETS,
      '--everybody',
      '--proof',
      'strong',
    ]);
    [ann, bob] = [await chain.member(), await chain.member('Bob')];
    assert.equal(ann.email, AGENT);
  });

  after(() => chain?.close());

  it('opens a ticket for an agent who has signed in with password and app on the way to it', async () => {
    visitor = new Visitor(chain);
    await visitor.visits(PAGE);
    assert.ok(visitor.url.startsWith(`${PORTAL}/sign-in`), visitor.url);
    await signsInByPages(visitor, ann, words);
    assert.equal(visitor.url, PAGE);
    assert.ok(visitor.page.text.includes(TICKET), visitor.page.text);
    assert.ok(visitor.page.text.includes(AGENT), visitor.page.text);
  });

  it('opens it for nobody who names themselves by a header', async () => {
    for (const headers of [{ 'Remote-User': AGENT }, { REMOTE_USER: AGENT }, { Remote_User: AGENT }]) {
      const page = await new Visitor(chain).sends({ url: PAGE, headers });
      assert.ok(page.status >= 300, String(page.status));
      assert.ok(!page.text.includes(TICKET));
    }
  });

  it('shows it to nobody else who signs in, whatever they say', async () => {
    const other = new Visitor(chain);
    await other.visits(PAGE);
    await signsInByPages(other, bob, words);
    assert.ok(other.url.startsWith(TICKETS), other.url);
    assert.ok(!other.page.text.includes(TICKET), other.page.text);
    const forged = await other.sends({ url: PAGE, headers: { 'Remote-User': AGENT, Remote_User: AGENT } });
    assert.ok(!forged.text.includes(TICKET), forged.text);
    // Somebody at the browser of somebody else: RT's own session does not go on.
    const session = [...(visitor.cookies.get(TICKETS_HOST) ?? [])].find(([name]) =>
      name.startsWith('RT_SID'),
    );
    assert.ok(session, 'RT has a session');
    other.cookies.get(TICKETS_HOST)?.set(...session);
    const taken = await other.sends({ url: PAGE });
    assert.ok(!taken.text.includes(TICKET), taken.text);
  });

  it('opens it no more once the agent has signed out everywhere', async () => {
    assert.ok((await visitor.sends({ url: PAGE })).text.includes(TICKET));
    await visitor.visits(`${TICKETS}/.postern/sign-out`);
    assert.ok(visitor.url.startsWith(PORTAL), visitor.url);
    assert.ok(visitor.page.text.includes('Tickets'), visitor.page.text);
    await visitor.presses(words.t('apps.sign-out-button'));
    const page = await visitor.sends({ url: PAGE });
    assert.equal(page.status, 303);
    assert.ok(!page.text.includes(TICKET));
    assert.equal((await visitor.sends({ url: PAGE, method: 'POST' })).status, 401);
    await visitor.visits(PAGE);
    assert.ok(visitor.url.startsWith(`${PORTAL}/sign-in`), visitor.url);
  });
});
