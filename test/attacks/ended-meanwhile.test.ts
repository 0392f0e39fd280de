import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person } from '../support/person.ts';
import { openPortal, type TestPortal } from '../support/portal.ts';
import { signsInFully, type Victim, victimOf } from '../support/victim.ts';

/** A form whose last bytes are still to come. */
interface OpenForm {
  /** Sends the rest; returns the status and the redirect's path. */
  readonly completes: () => Promise<{ readonly status: number; readonly location: string }>;
}

describe('A thief whose form is still arriving', () => {
  let portal: TestPortal;
  let vera: Victim;
  before(async () => {
    portal = await openPortal('redis');
    vera = await victimOf(portal);
  });
  after(() => portal.close());

  /** Sends the form of the open page up to its last bytes, and waits until the server has read them. */
  async function begins(thief: Person, path: string, fields: Record<string, string>): Promise<OpenForm> {
    await thief.visits(path);
    const _csrf = String(thief.page.$('input[name=_csrf]').first().attr('value'));
    const body = new URLSearchParams({ _csrf, ...fields }).toString();
    const server = portal.app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const cookie = [...thief.cookies].map((pair) => pair.join('=')).join('; ');
    const headers = {
      'Content-Type': 'application/x-www-form-urlencoded',
      'Content-Length': body.length,
      Cookie: cookie,
    };
    const open = send({ port, host: '127.0.0.1', path, method: 'POST', headers });
    open.write(body.slice(0, -2));
    // The session is read by then, and the parser waits.
    await delay(300);
    return {
      async completes() {
        open.end(body.slice(-2));
        const [answer] = await once(open, 'response');
        answer.resume();
        server.close();
        return {
          status: answer.statusCode,
          location: new URL(answer.headers.location ?? '', 'http://localhost').pathname,
        };
      },
    };
  }

  const nameOf = async () => (await portal.services.accounts.find(vera.account.id))?.name;

  it('changes the name while the session goes on', async () => {
    const form = await begins(vera.browser, '/profile/name', { name: 'Vera Victor' });
    assert.deepEqual(await form.completes(), { status: 303, location: '/profile' });
    assert.equal(await nameOf(), 'Vera Victor');
  });

  const endings: Readonly<Record<string, (owner: Person) => Promise<unknown>>> = {
    'the owner ends every other sign-in': (owner) =>
      owner.submitsRaw('POST', '/profile/sign-ins/others/end', {}),
    'the account is disabled': () => portal.services.accounts.disable(vera.account.id, portal.now()),
    'every session of the account is ended': () => portal.services.accounts.endSessions(vera.account.id),
  };
  for (const [title, ends] of Object.entries(endings)) {
    it(`changes nothing when ${title}`, async () => {
      await portal.services.accounts.enable(vera.account.id);
      portal.wait(60_000);
      const thief = await signsInFully(portal, vera);
      portal.wait(60_000);
      const owner = await signsInFully(portal, vera);
      await owner.visits('/profile/sign-ins');
      const form = await begins(thief, '/profile/name', { name: 'Thief' });
      await ends(owner);
      assert.deepEqual(await form.completes(), { status: 303, location: '/sign-in' });
      assert.notEqual(await nameOf(), 'Thief');
    });
  }
});
