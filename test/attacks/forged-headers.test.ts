import assert from 'node:assert/strict';
import { linkIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { knocksOn } from '../support/router.ts';
import { newEmail, signsInFully, thiefOf, type Victim, victimOf } from '../support/victim.ts';

const EVIL = 'evil.example';
const FORGED: Readonly<Record<string, string>> = {
  ...{
    Host: EVIL,
    'X-Forwarded-Host': EVIL,
    'X-Host': EVIL,
    'X-Forwarded-Server': EVIL,
    'X-HTTP-Host-Override': EVIL,
  },
  ...{
    Forwarded: `for=1.2.3.4;host=${EVIL};proto=https`,
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Port': '444',
  },
  ...{ 'X-Forwarded-For': '1.2.3.4', 'X-Real-IP': '1.2.3.4', 'X-Forwarded-Prefix': `//${EVIL}` },
};

onPortal('An attacker who forges headers', (portal) => {
  let vera: Victim;

  before(async () => {
    vera = await victimOf(portal(), { role: 'administrator' });
  });

  it('finds their host in no response of the portal', async () => {
    const people = [
      new Person(portal().app, { headers: FORGED }),
      (await thiefOf(portal(), vera)).copy({ headers: FORGED }),
      (await signsInFully(portal(), vera)).copy({ headers: FORGED }),
    ];
    for (const { method, address } of knocksOn(portal().app, [vera.account.id])) {
      if (method === 'POST') continue;
      for (const person of people) {
        const { status, headers, html } = await person.loads(address);
        assert.ok(status < 500, `${address}: ${status}`);
        assert.ok(!`${JSON.stringify(headers)}${html}`.includes(EVIL), address);
      }
    }
  });

  it('finds it in no mail: links lead to the configured origin', async () => {
    const email = newEmail('ann');
    await portal().account(email);
    const forger = new Person(portal().app, { headers: FORGED });
    await forger.visits('/forgotten-password');
    await forger.submitsRaw('POST', '/forgotten-password', { email });
    const mail = await portal().mailbox.next(email);
    assert.equal(new URL(linkIn(mail)).origin, 'http://localhost:3000');
    assert.ok(!`${mail.text}${mail.html}${mail.headerLines.map(({ line }) => line).join()}`.includes(EVIL));
  });

  it('gains no attempts at a password with a different address each time, and the audit log has the real one', async () => {
    const email = newEmail('ann');
    await portal().account(email);
    const statuses: number[] = [];
    for (let time = 0; time < 7; time++) {
      const address = `10.0.0.${time}`;
      const headers = { 'X-Forwarded-For': address, 'X-Real-IP': address, Forwarded: `for=${address}` };
      const guesser = new Person(portal().app, { headers });
      await guesser.visits('/sign-in');
      statuses.push(
        (await guesser.submitsRaw('POST', '/sign-in', { email, password: 'a wrong guess' })).status,
      );
    }
    assert.deepEqual(statuses, [422, 422, 422, 422, 422, 429, 429]);
    const { events } = await portal().services.audit.search({ person: email, page: 1, pageSize: 50 });
    const addresses = new Set(events.map(({ address }) => address).filter((address) => address !== ''));
    assert.ok(addresses.size === 1 && /127\.0\.0\.1$/.test([...addresses][0] ?? ''), [...addresses].join());
  });

  it('reaches no other page by naming it in a header', async () => {
    const half = await thiefOf(portal(), vera);
    for (const name of ['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Uri', 'X-Accel-Redirect']) {
      const answer = await half.copy({ headers: { [name]: '/profile' } }).loads('/sign-in/code');
      assert.equal(answer.$('details.menu').length, 0, name);
    }
    const { status } = await half.submitsRaw('POST', '/sign-in/code', { code: '000000', email: PASSWORD });
    assert.equal(status, 422);
  });
});
