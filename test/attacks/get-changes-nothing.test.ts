import assert from 'node:assert/strict';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { OPERATOR, onPortal } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { lastingTablesOf } from '../support/stored.ts';
import { idsOf, newEmail, signsInFully, thiefOf, type Victim, victimOf } from '../support/victim.ts';

onPortal('An attacker who makes a person open addresses', (portal) => {
  let vera: Victim;
  let ids: readonly string[];
  let links: readonly string[];

  before(async () => {
    vera = await victimOf(portal(), { role: 'administrator' });
    // One of each kind of page is enough: of the account, of an authenticator, of the group, of the request.
    const all = await idsOf(portal(), vera);
    ids = [...all.slice(0, 2), ...all.slice(-2)];
    links = [await resetLink(), await invitationLink()];
  });

  async function resetLink(): Promise<string> {
    const email = newEmail('ann');
    await portal().account(email);
    await portal().services.credentials.requestReset(email, OPERATOR.origin);
    return linkIn(await portal().mailbox.next(email));
  }

  async function invitationLink(): Promise<string> {
    const email = newEmail('ivy');
    await portal().services.registration.invite({ email, name: 'Ivy Invited' }, 'member', OPERATOR);
    return linkIn(await portal().mailbox.next(email));
  }

  const own = (href: string) => href.startsWith('/') && !href.startsWith('//');

  /** Opens each address, and everything that its page links to, shows or searches, once each. */
  async function crawls(person: Person, start: readonly string[]): Promise<ReadonlySet<string>> {
    const seen = new Set<string>();
    const waiting = [...start];
    for (let address = waiting.shift(); address !== undefined; address = waiting.shift()) {
      const path = address.replace(/^http:\/\/localhost:3000/, '').replace(/#.*$/, '');
      if (seen.has(path)) continue;
      seen.add(path);
      const page = await person.loads(path);
      assert.ok(page.status < 500, `${path}: ${page.status}`);
      const location = page.headers['location'];
      if (location !== undefined) waiting.push(location);
      if (!(page.headers['content-type'] ?? '').startsWith('text/html')) continue;
      const addresses = ['a[href]', 'img[src]', 'link[href]', 'form[method=get][action]'].flatMap(
        (selector) =>
          page
            .$(selector)
            .toArray()
            .map((element) => page.$(element))
            .map((found) => found.attr('href') ?? found.attr('src') ?? found.attr('action') ?? ''),
      );
      waiting.push(...addresses.filter(own));
    }
    return seen;
  }

  async function changesNothing(person: Person, rounds: number): Promise<void> {
    const pages = knocksOn(portal().app, ids).filter(({ method }) => method === 'GET');
    const start = ['/', ...links, ...pages.map(({ address }) => address)];
    const mails = portal().mailbox.messages.length;
    const before = await lastingTablesOf(portal());
    for (let round = 0; round < rounds; round++) {
      const seen = await crawls(person, start);
      assert.ok(seen.size > 70, `${seen.size} pages`);
      assert.deepEqual(await lastingTablesOf(portal()), before);
    }
    assert.equal(portal().mailbox.messages.length, mails);
  }

  it('changes nothing in the name of an administrator who has just signed in, also twice', async () => {
    await changesNothing(await signsInFully(portal(), vera), 2);
  });

  it('changes nothing by HEAD', async () => {
    const person = await signsInFully(portal(), vera);
    const before = await lastingTablesOf(portal());
    for (const { method, address } of knocksOn(portal().app, ids)) {
      if (method === 'GET') await person.submitsRaw('HEAD', address, {}, { csrf: 'none' });
    }
    assert.deepEqual(await lastingTablesOf(portal()), before);
  });

  it('changes nothing in the name of an administrator whose step-up has expired', async () => {
    const person = await signsInFully(portal(), vera);
    portal().wait(10 * 60_000);
    await changesNothing(person, 1);
  });

  it('changes nothing in the name of a half-signed-in person or a stranger', async () => {
    await changesNothing(await thiefOf(portal(), vera), 1);
    await changesNothing(new Person(portal().app), 1);
  });
});
