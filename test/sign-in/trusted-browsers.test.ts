import assert from 'node:assert/strict';
import type { Account } from '../../src/accounts/account.ts';
import { Audit } from '../../src/audit/audit.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { days } from '../../src/kernel/time.ts';
import type { Mailer } from '../../src/mail/mailer.ts';
import type { Message } from '../../src/mail/message.ts';
import { Notices } from '../../src/mail/notices.ts';
import { standsByItsTrust, type TrustBasis, TrustedBrowsers } from '../../src/sign-in/trusted-browsers.ts';
import type { TrustedBrowser } from '../../src/two-factor/trusted-browser.ts';
import { applied, authenticator, combined, NOW } from '../policy/rules-under-test.ts';
import { transact } from '../support/transact.ts';

const ANN: Account = {
  ...{
    id: 'ann',
    email: 'ann@example.org',
    emailConfirmedAt: null,
    name: 'Ann',
    locale: null,
    knownLanguage: null,
    passwordHash: 'a hash',
  },
  ...{ role: 'member', disabledAt: null, sessionEpoch: 0, suggestedAt: null, createdAt: 0 },
  ...{ lastSignInAt: NOW, enforcement: null, factorRemovedAt: null, approvesFrom: null, resetByMailAt: null },
};
const BASIS: TrustBasis = {
  account: ANN,
  authenticators: [authenticator('app', 0), authenticator('email', 1)],
  policy: combined([applied()]),
  trustDays: 30,
};
const ACTOR = {
  party: { id: ANN.id, label: ANN.email },
  origin: { requestId: 'r', address: '192.0.2.7', browser: 'Lynx' },
};

const changes: Readonly<Record<string, Partial<TrustBasis>>> = {
  'another password, or all sessions ended': { account: { ...ANN, sessionEpoch: 1 } },
  'another address': { account: { ...ANN, email: 'ann@example.net' } },
  'another role': { account: { ...ANN, role: 'administrator' } },
  'another authenticator': { authenticators: [...BASIS.authenticators, authenticator('app', 2)] },
  'a removed authenticator': { authenticators: [authenticator('app', 0)] },
  'a replaced authenticator': {
    authenticators: [authenticator('app', 2), authenticator('email', 1)],
  },
  'a stricter rule': { policy: combined([applied({ rule: 'mandatory' })]) },
  'other methods': { policy: combined([applied({ methods: ['app'] })]) },
  'other days of trust': { trustDays: 7 },
};

const irrelevant: Readonly<Record<string, Partial<TrustBasis>>> = {
  'the same password hashed with newer parameters': { account: { ...ANN, passwordHash: 'a newer hash' } },
  'the address in another spelling': { account: { ...ANN, email: 'Ann@Example.org' } },
  'another name and language': { account: { ...ANN, name: 'Anna', locale: 'de' } },
  'the authenticators in another order, renamed, used and resealed': {
    authenticators: BASIS.authenticators
      .map((one) => ({ ...one, name: 'New', lastUsedAt: NOW, data: { sealed: 'anew' } }))
      .toReversed(),
  },
  'a rule without a requirement': {
    policy: combined([applied(), applied({ rule: 'off', source: { kind: 'person' } })]),
  },
};

describe('Trusted browsers', () => {
  let kept: Map<string, TrustedBrowser>;
  let now: number;
  let events: AuditEvent[];
  let mails: Message[];
  let browsers: TrustedBrowsers;

  beforeEach(() => {
    kept = new Map();
    now = NOW;
    events = [];
    mails = [];
    const post: Mailer = {
      send: async () => 'accepted',
      queue: async (_to, message) => void mails.push(message),
      pretend: () => assert.fail('these mails are real'),
      claim: () => assert.fail('nobody waits for these mails'),
      deliver: () => assert.fail('nobody waits for these mails'),
    };
    const auditStore = {
      append: async (some: readonly AuditEvent[]) => void events.push(...some),
      search: () => assert.fail('nothing is searched for'),
      each: () => assert.fail('nothing is searched for'),
      countBefore: () => assert.fail('nothing is counted'),
      removeBefore: () => assert.fail('nothing is removed'),
    };
    const clock = () => now;
    browsers = new TrustedBrowsers({
      ...{ clock, transaction: transact },
      audit: new Audit({ store: auditStore, clock, transaction: transact }),
      notices: new Notices(post, clock),
      store: {
        of: async (accountId) => [...kept.values()].filter((one) => one.accountId === accountId),
        find: async (id) => kept.get(id),
        create: async (browser) => void kept.set(browser.id, browser),
        renew: async (id, from, to) => {
          const browser = kept.get(id);
          if (browser?.tokenHash !== from) return false;
          kept.set(id, { ...browser, tokenHash: to });
          return true;
        },
        remove: async (accountId, id) => kept.get(id)?.accountId === accountId && kept.delete(id),
        clear: async () => kept.clear(),
      },
    });
  });

  async function trusted() {
    const outcome = await browsers.trust(BASIS, ACTOR);
    assert.ok(outcome);
    return outcome;
  }

  async function check(cookie: string, basis = BASIS) {
    const presented = await browsers.present(cookie);
    return presented ? browsers.check(presented, basis, ACTOR) : undefined;
  }

  /** What a sign-in stores about the browser that opened it. */
  const trustOf = (browserId: string) => ({ browserId, basis: kept.get(browserId)?.basis ?? null });

  it('store a hash of the token, and name the browser that opens a sign-in', async () => {
    const first = await trusted();
    const [id, token = ''] = first.cookie.split('.');
    assert.equal(first.id, id);
    assert.equal(first.expiresAt, NOW + days(30));
    assert.ok(!JSON.stringify([...kept.values()]).includes(token));
    const outcome = await check(first.cookie);
    assert.equal(outcome?.kind, 'trusted');
    assert.ok(outcome.id === id && outcome.cookie !== first.cookie);
    assert.ok(standsByItsTrust(trustOf(first.id), BASIS));
  });

  it('end with a copy, whoever sends it, and with them the sign-ins that they opened', async () => {
    const { cookie, id } = await trusted();
    assert.equal((await check(cookie))?.kind, 'trusted');
    assert.equal((await check(cookie))?.kind, 'not trusted');
    assert.deepEqual(await browsers.of(BASIS), []);
    assert.equal(standsByItsTrust(trustOf(id), BASIS), false);
    assert.deepEqual(
      events.map(({ event }) => event),
      ['trusted-browser.added', 'trusted-browser.replayed'],
    );
    assert.equal(mails.length, 1);
  });

  it('end when their owner ends them, once, and with them the sign-ins that they opened', async () => {
    const { id } = await trusted();
    assert.equal(await browsers.end({ ...ANN, id: 'bob' }, id, ACTOR), false);
    assert.ok(standsByItsTrust(trustOf(id), BASIS));
    assert.equal(await browsers.end(ANN, id, ACTOR), true);
    assert.equal(await browsers.end(ANN, id, ACTOR), false);
    assert.equal(standsByItsTrust(trustOf(id), BASIS), false);
  });

  it('do not matter to a sign-in that skipped nothing', async () => {
    assert.ok(standsByItsTrust(null, BASIS));
  });

  it('expire, and leave the sign-ins that they opened their own limits', async () => {
    const { cookie, id } = await trusted();
    now += days(30);
    assert.deepEqual(await browsers.of(BASIS), []);
    assert.ok(standsByItsTrust(trustOf(id), BASIS));
    assert.equal((await check(cookie))?.kind, 'not trusted');
  });

  it('do not exist if the administrators allow no days', async () => {
    assert.equal(await browsers.trust({ ...BASIS, trustDays: 0 }, ACTOR), undefined);
    await trusted();
    assert.deepEqual(await browsers.of({ ...BASIS, trustDays: 0 }), []);
  });

  it('do not recognise the cookie of another account, and do not change it', async () => {
    const { cookie, id } = await trusted();
    const bob = { ...BASIS, account: { ...ANN, id: 'bob' } };
    assert.equal((await check(cookie, bob))?.kind, 'not trusted');
    assert.ok(kept.has(id));
    assert.equal(await check('unknown.token'), undefined);
  });

  for (const [what, change] of Object.entries(changes)) {
    it(`end with ${what}, and with them the sign-ins that they opened`, async () => {
      const { cookie, id } = await trusted();
      const basis = { ...BASIS, ...change };
      assert.deepEqual(await browsers.of(basis), []);
      assert.equal(standsByItsTrust(trustOf(id), basis), false);
      assert.equal((await check(cookie, basis))?.kind, 'not trusted');
      assert.equal(kept.size, 0);
      assert.deepEqual(mails, []);
    });
  }

  for (const [what, change] of Object.entries(irrelevant)) {
    it(`survive ${what}`, async () => {
      const { cookie, id } = await trusted();
      const basis = { ...BASIS, ...change };
      assert.equal((await browsers.of(basis)).length, 1);
      assert.ok(standsByItsTrust(trustOf(id), basis));
      assert.equal((await check(cookie, basis))?.kind, 'trusted');
    });
  }
});
