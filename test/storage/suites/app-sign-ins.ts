import assert from 'node:assert/strict';
import type { Account } from '../../../src/accounts/account.ts';
import { IDLE_LIMIT, SignIns } from '../../../src/accounts/sign-ins.ts';
import type { HostApp } from '../../../src/apps/app.ts';
import type { Checked } from '../../../src/apps/app-sign-ins.ts';
import { composeApps } from '../../../src/apps/compose.ts';
import { HAND_OVER_LIFETIME, type PresentedHandOver } from '../../../src/apps/hand-overs.ts';
import { Audit, type Origin } from '../../../src/audit/audit.ts';
import { AfterResponse } from '../../../src/kernel/after-response.ts';
import { hashToken, newId } from '../../../src/kernel/identifiers.ts';
import { Keyring } from '../../../src/kernel/keyring.ts';
import { hours, minutes } from '../../../src/kernel/time.ts';
import { Policies } from '../../../src/policy/policies.ts';
import { expiringRows } from '../../../src/storage/expiring.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { storesOn } from '../../../src/storage/stores.ts';
import { OPTIONAL } from '../../sign-in/sign-in-under-test.ts';
import { ManualClock } from '../../support/clock.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newApp } from './apps.ts';
import { newGroup } from './groups.ts';
import { NOW, person, winners } from './people.ts';

const ORIGIN: Origin = { requestId: 'r', address: '192.0.2.7', browser: 'Lynx' };
const ACTOR = { party: { id: null, label: 'test' }, origin: ORIGIN };

export function appSignInsSuite(engine: Engine): void {
  describe('sign-ins to apps', () => {
    const database = useDatabase(engine);
    let opened: ReturnType<typeof storesOn>;
    let clock: ManualClock;
    let wiki: HostApp;
    let ann: Account;
    let signInId: string;
    beforeEach(async () => {
      opened = storesOn(database());
      clock = new ManualClock(NOW);
      wiki = newApp();
      await stores().apps.create(wiki);
      ann = await created();
      signInId = await signsIn(ann);
    });

    /** The same throughout a test: the snapshots of checks are kept parsed. */
    const stores = () => opened;
    /** The outcomes for the metrics. */
    const noted: string[] = [];
    const note = (outcome: string) => void noted.push(outcome);
    const portal = () => {
      const { signIns: store, ...others } = stores();
      const transaction = transactOn(database());
      const base = { clock: clock.read, transaction, accounts: others.accounts };
      const audit = new Audit({ ...base, store: others.audit });
      const signIns = new SignIns({ ...base, store, audit });
      const policies = new Policies({ ...base, groups: others.groups, graces: others.graces });
      const figures = { checked: note, handedOver: note, signed: note, toldOfLogout: note };
      const report = assert.ifError;
      const background = new AfterResponse(report);
      const config = { baseUrl: 'https://help.example.org' };
      const administrators = { tell: async () => {} };
      return {
        ...composeApps(stores(), {
          ...{ ...base, ...figures, report, background, administrators, config, audit, signIns, policies },
          keyring: new Keyring(() => ['7'.repeat(43)]),
        }),
        signIns,
      };
    };
    const handsOver = (app = wiki, nonce = 'nonce') => {
      const bound = { signInId, accountId: ann.id, nonceHash: hashToken(nonce), path: '/page?a=1' };
      return portal().handOvers.issue({ app, ...bound });
    };
    const redeems = (code: string, changes: Partial<PresentedHandOver> = {}) =>
      portal().handOvers.redeem({ code, host: wiki.host, nonces: ['nonce'], ...changes }, ORIGIN);
    const opens = async () => {
      const redeemed = await redeems(await handsOver());
      assert.ok(redeemed.kind === 'signed in');
      return redeemed.cookie;
    };
    const checks = (cookie: string | undefined, host = wiki.host): Promise<Checked> =>
      portal().appSignIns.check(host, cookie);
    const answers = async (cookie: string | undefined, host?: string) => (await checks(cookie, host)).kind;

    it('start with a hand-over: the cookie opens the app, and identifies the person', async () => {
      const agents = newGroup({ name: 'Agents "Süd" 🦉' });
      await stores().groups.create(agents);
      await stores().groups.add(agents.id, ann.id, NOW);
      noted.length = 0;
      const redeemed = await redeems(await handsOver());
      assert.ok(redeemed.kind === 'signed in');
      assert.equal(redeemed.path, '/page?a=1');
      assert.match(redeemed.cookie, /^[\w-]{43}$/);
      const checked = await checks(redeemed.cookie);
      assert.deepEqual(checked, {
        kind: 'allowed',
        app: wiki,
        claims: { user: ann.email, email: ann.email, name: 'Ann Smith', groups: agents.name },
      });
      assert.deepEqual(noted, ['issued', 'signed in', 'allowed']);
      const { events } = await stores().audit.search({ event: 'app.signed-in', page: 1, pageSize: 9 });
      assert.deepEqual(
        events.map(({ subjectId, actorId, detail }) => [subjectId, actorId, detail]),
        [[ann.id, ann.id, { app: 'Wiki' }]],
      );
    });

    it('start only for a person who may use the app', async () => {
      const visitor = {
        ...{ account: ann, groups: [], authenticators: [], policy: OPTIONAL, now: NOW },
        assurance: [{ factor: 'password', at: NOW }],
      } as const;
      const opens = (host: string) => {
        const bound = { signInId, nonceHash: hashToken('nonce'), path: '/page', origin: ORIGIN };
        return portal().handOvers.open({ host, visitor, ...bound });
      };
      const opened = await opens(wiki.host);
      assert.ok(opened.kind === 'handed over');
      assert.equal(opened.app.id, wiki.id);
      assert.equal((await redeems(opened.code)).kind, 'signed in');
      assert.deepEqual(await opens('other.example.org'), { kind: 'unknown host' });
      await database()('hand_overs').delete();
      await stores().apps.change({ ...wiki, audience: [] });
      const refused = await opens(wiki.host);
      assert.ok(refused.kind === 'refused');
      assert.deepEqual(refused.refusal, { kind: 'not a member' });
      assert.deepEqual(await database()('hand_overs'), []);
    });

    it('store neither the code nor the cookie in the database', async () => {
      const code = await handsOver();
      const redeemed = await redeems(code);
      assert.ok(redeemed.kind === 'signed in');
      const kept = JSON.stringify([await database()('hand_overs'), await database()('app_sign_ins')]);
      for (const secret of [code, redeemed.cookie, 'nonce"']) assert.ok(!kept.includes(secret));
    });

    it('start once for twenty concurrent requests with the same code', async () => {
      const code = await handsOver();
      assert.equal(await winners(async () => (await redeems(code)).kind === 'signed in'), 1);
      assert.equal((await database()('app_sign_ins')).length, 1);
      assert.equal((await database()('audit_events').where({ event: 'app.signed-in' })).length, 1);
      assert.equal((await redeems(code)).kind, 'unusable');
    });

    it('do not start with a code that is a minute old', async () => {
      const code = await handsOver();
      clock.passes(HAND_OVER_LIFETIME);
      assert.equal((await redeems(code)).kind, 'unusable');
      clock.passes(-1);
      assert.equal((await redeems(code)).kind, 'signed in');
    });

    it('do not start in another browser, on another host, or with another code, which does not use up the code', async () => {
      const desk = newApp({ name: 'Desk', origin: 'https://desk.example.org', host: 'desk.example.org' });
      await stores().apps.create(desk);
      const code = await handsOver();
      for (const nonces of [['another'], [''], [], [hashToken('nonce')]]) {
        assert.equal((await redeems(code, { nonces })).kind, 'unusable');
      }
      assert.equal((await redeems(code, { host: desk.host })).kind, 'unusable');
      assert.equal((await redeems(code, { host: 'other.example.org' })).kind, 'unknown host');
      for (const other of ['', 'code', hashToken(code)])
        assert.equal((await redeems(other)).kind, 'unusable');
      assert.deepEqual(await database()('app_sign_ins'), []);
      noted.length = 0;
      const redeemed = await redeems(code, { nonces: ['of another tab', 'nonce'] });
      assert.ok(redeemed.kind === 'signed in');
      assert.equal(redeemed.nonce, 'nonce');
      assert.deepEqual(noted, ['signed in'], 'the nonces of other tabs do not count as failures');
    });

    const before: Readonly<Record<string, () => Promise<unknown>>> = {
      'the sign-in has ended': () => portal().signIns.end(ann, signInId, ACTOR),
      'all sessions have ended': () => database()('accounts').update({ session_epoch: 1 }),
      'the account is disabled': () => database()('accounts').update({ disabled_at: NOW }),
      'the account is gone': () => database()('accounts').delete(),
      'the app is gone and another has its host': async () => {
        await stores().apps.remove(wiki.id);
        await stores().apps.create(newApp({ name: 'New' }));
      },
    };
    for (const [when, act] of Object.entries(before)) {
      it(`do not start once ${when}, and are refused if they have`, async () => {
        const [code, cookie] = [await handsOver(), await opens()];
        assert.equal(await answers(cookie), 'allowed');
        await act();
        assert.equal((await redeems(code)).kind, 'unusable');
        assert.equal(await answers(cookie), 'signed out');
      });
    }

    it('open no other app, and nothing without a cookie', async () => {
      const desk = newApp({ name: 'Desk', origin: 'https://desk.example.org', host: 'desk.example.org' });
      await stores().apps.create(desk);
      const cookie = await opens();
      assert.equal(await answers(cookie, desk.host), 'signed out');
      for (const host of ['other.example.org', 'WIKI.example.org', `${wiki.host} `, '']) {
        assert.equal(await answers(cookie, host), 'unknown host', host);
      }
      for (const other of [undefined, '', 'x', hashToken(cookie), `${cookie} `, 'x'.repeat(10_000)]) {
        assert.equal(await answers(other), 'signed out');
      }
    });

    it('are refused by the first check after the end, whatever runs at once', async () => {
      const cookie = await opens();
      const ended = Promise.withResolvers<void>();
      const afterwards = Array.from({ length: 20 }, async () => {
        await Promise.all([checks(cookie), ended.promise]);
        return answers(cookie);
      });
      await portal().signIns.end(ann, signInId, ACTOR);
      ended.resolve();
      assert.deepEqual([...new Set(await Promise.all(afterwards))], ['signed out']);
    });

    it('are refused once the person has left the group, or the app requires more', async () => {
      const agents = newGroup();
      await stores().groups.create(agents);
      await stores().groups.add(agents.id, ann.id, NOW);
      const cookie = await opens();
      await stores().apps.change({ ...wiki, audience: [agents.id] });
      assert.equal(await answers(cookie), 'allowed');
      await stores().groups.drop(agents.id, ann.id);
      const left = await checks(cookie);
      assert.ok(left.kind === 'refused');
      assert.deepEqual(left.refusal, { kind: 'not a member' });
      await stores().apps.change({ ...wiki, proof: 'strong' });
      const stronger = await checks(cookie);
      assert.ok(stronger.kind === 'refused');
      assert.deepEqual(stronger.refusal, { kind: 'enrol', methods: ['app'] });
    });

    it('are refused once the rule of the site, or of a group that the person joined, makes 2FA mandatory', async () => {
      const cookie = await opens();
      const strict = newGroup({ rule: 'mandatory', since: NOW });
      await stores().groups.create(strict);
      await stores().groups.add(strict.id, ann.id, NOW);
      const checked = await checks(cookie);
      assert.ok(checked.kind === 'refused' && checked.refusal.kind === 'enrol');
      await stores().groups.drop(strict.id, ann.id);
      assert.equal(await answers(cookie), 'allowed');
      await stores().settings.change({
        twoFactor: { rule: 'mandatory', methods: ['email'] },
        mandatorySince: NOW,
      });
      assert.equal(await answers(cookie), 'refused');
    });

    it('end with the trust that opened the sign-in', async () => {
      const trust = { id: newId(NOW), accountId: ann.id, tokenHash: 't', basis: 'of another policy' };
      const where = { browser: '', address: '', createdAt: NOW, expiresAt: NOW + hours(99) };
      await stores().trustedBrowsers.create({ ...trust, ...where });
      signInId = await signsIn(ann, trust.id);
      assert.equal(await answers(await opens()), 'signed out');
    });

    it('keep the sign-in from idling, which is written once a minute', async () => {
      const cookie = await opens();
      const seen = async () => {
        const [one] = await database()('sign_ins').where({ id: signInId });
        const [app] = await database()('app_sign_ins');
        return [Number(one.last_seen_at), Number(app.last_seen_at)];
      };
      clock.passes(minutes(1) - 1);
      await checks(cookie);
      assert.deepEqual(await seen(), [NOW, NOW]);
      clock.passes(1);
      await checks(cookie);
      assert.deepEqual(await seen(), [NOW + minutes(1), NOW + minutes(1)]);
      for (let time = 0; time < 30; time += 1) {
        clock.passes(minutes(45));
        if (clock.now < NOW + hours(24)) assert.equal(await answers(cookie), 'allowed');
      }
    });

    it('end after an hour without use, and after a day with it', async () => {
      const cookie = await opens();
      clock.passes(IDLE_LIMIT - 1);
      assert.equal(await answers(cookie), 'allowed');
      clock.passes(IDLE_LIMIT);
      assert.equal(await answers(cookie), 'signed out');
      clock.now = NOW + hours(24) - 1;
      await database()('app_sign_ins').update({ expires_at: NOW + hours(48) });
      await database()('sign_ins').update({ last_seen_at: clock.now });
      assert.equal(await answers(cookie), 'allowed');
      clock.passes(1);
      assert.equal(await answers(cookie), 'signed out');
    });

    it('end when their own time is over, or if their sign-in begins in the future', async () => {
      const cookie = await opens();
      await database()('sign_ins').update({ started_at: NOW + hours(1) });
      assert.equal(await answers(cookie), 'allowed', 'clocks differ');
      await database()('sign_ins').update({ started_at: NOW + hours(1) + 1 });
      assert.equal(await answers(cookie), 'signed out');
      await database()('sign_ins').update({ started_at: NOW });
      assert.equal(await answers(cookie), 'allowed');
      await database()('app_sign_ins').update({ expires_at: NOW });
      assert.equal(await answers(cookie), 'signed out');
    });

    it('are not kept from idling by refused requests', async () => {
      const cookie = await opens();
      await stores().apps.change({ ...wiki, audience: [] });
      clock.passes(minutes(40));
      assert.equal(await answers(cookie), 'refused');
      const [one] = await database()('sign_ins').where({ id: signInId });
      assert.equal(Number(one.last_seen_at), NOW);
    });

    it('are read again by each check, and parsed again if a row has changed', async () => {
      const tokenHash = hashToken(await opens());
      const read = () => stores().appSnapshots.read(wiki.host, tokenHash);
      const first = await read();
      assert.equal(await read(), first);
      assert.equal(first.person?.account.passwordHash, null);
      await database()('accounts').update({ name: 'Ann Jones' });
      assert.equal((await read()).person?.account.name, 'Ann Jones');
      await database()('accounts').update({ name: ann.name });
      assert.deepEqual(await read(), first);
      await stores().apps.change({ ...wiki, proof: 'strong' });
      assert.equal((await read()).app?.proof, 'strong');
      const unknown = () => stores().appSnapshots.read(wiki.host, 'unknown');
      assert.notEqual(await unknown(), await unknown(), 'a cookie that was made up is not kept');
    });

    it('are checked by one statement', async () => {
      const cookie = await opens();
      const statements: string[] = [];
      database().on('query', ({ sql }: { readonly sql: string }) => statements.push(sql));
      for (const value of [cookie, undefined, 'unknown']) await checks(value);
      await checks(cookie, 'other.example.org');
      assert.equal(statements.length, 4);
      database().removeAllListeners('query');
    });

    it('are deleted once they have expired, like hand-overs', async () => {
      await handsOver();
      const cookie = await opens();
      const forget = async () => {
        for (const rows of expiringRows(database())) await rows.forget(clock.now);
        return Promise.all(
          ['hand_overs', 'app_sign_ins'].map(async (name) => (await database()(name)).length),
        );
      };
      assert.deepEqual(await forget(), [2, 1]);
      clock.passes(HAND_OVER_LIFETIME);
      assert.deepEqual(await forget(), [0, 1]);
      assert.equal(await answers(cookie), 'allowed');
      clock.passes(hours(24));
      assert.deepEqual(await forget(), [0, 0]);
    });

    async function created(): Promise<Account> {
      const account = person();
      await stores().accounts.create(account);
      const found = await stores().accounts.find(account.id);
      assert.ok(found);
      return found;
    }

    async function signsIn(
      { id: accountId, sessionEpoch: epoch }: Account,
      trustedBrowserId: string | null = null,
    ) {
      const id = newId(NOW);
      const assurance = [{ factor: 'password', at: NOW }];
      const times = { startedAt: NOW, lastSeenAt: NOW };
      const from = { browser: 'Lynx', address: '192.0.2.7' };
      await stores().signIns.create({ id, accountId, epoch, ...from, ...times, trustedBrowserId, assurance });
      return id;
    }
  });
}
