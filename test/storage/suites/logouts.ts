import assert from 'node:assert/strict';
import type { Account } from '../../../src/accounts/account.ts';
import type { OidcApp } from '../../../src/apps/app.ts';
import { LogoutDelivery } from '../../../src/apps/logout-delivery.ts';
import type { LogoutAnswer } from '../../../src/apps/logout-post.ts';
import { LogoutWatch } from '../../../src/apps/logout-watch.ts';
import {
  FAILURES_REMEMBERED,
  LATE_LOGOUT,
  LOGOUT_LIFETIME,
  TOLD_REMEMBERED,
} from '../../../src/apps/logouts.ts';
import { Audit } from '../../../src/audit/audit.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { hours, minutes, seconds } from '../../../src/kernel/time.ts';
import { Policies } from '../../../src/policy/policies.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { storesOn } from '../../../src/storage/stores.ts';
import { ManualClock } from '../../support/clock.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newClient } from './apps.ts';
import { NOW, person, winners } from './people.ts';

/** Every open one. */
const ALL = { after: '', to: undefined };

export function logoutsSuite(engine: Engine): void {
  describe('logouts', () => {
    const database = useDatabase(engine);
    const stores = () => storesOn(database());
    const store = () => stores().logouts;
    let clock: ManualClock;
    let desk: OidcApp;
    let ann: Account;
    let signInId: string;
    let sid: string;
    /** What was posted, as "address sub sid", and what the apps answer. */
    let posted: string[];
    let answer: (uri: string) => LogoutAnswer | Promise<LogoutAnswer>;
    let outcomes: string[];
    let faults: unknown[];

    beforeEach(async () => {
      [posted, outcomes, faults] = [[], [], []];
      answer = () => ({ kind: 'told' });
      clock = new ManualClock(NOW);
      desk = newClient();
      await stores().apps.create(desk);
      ann = await created();
      signInId = await signsIn(ann);
      sid = await opens(desk, ann, signInId);
    });
    afterEach(() => assert.deepEqual(faults, []));

    /** An instance, which looks when it is told to. */
    const instance = () => {
      const base = { clock: clock.read, transaction: transactOn(database()) };
      const { apps, accounts, logouts, snapshots, groups, graces } = stores();
      const report = (error: unknown) => void faults.push(error);
      const delivery = new LogoutDelivery({
        ...{ ...base, store: logouts, apps, accounts, report },
        audit: new Audit({ ...base, store: stores().audit }),
        tokens: { sign: async (app, { sub, sid }) => `${app.id} ${sub} ${sid}` },
        async post(uri, token) {
          posted.push(`${uri} ${token}`);
          return answer(uri);
        },
        tried: (outcome) => void outcomes.push(outcome),
      });
      const policies = new Policies({ ...base, groups, graces });
      return new LogoutWatch({ ...base, store: logouts, delivery, snapshots, policies, report });
    };
    const looks = async (watch = instance()) => {
      watch.wake();
      await watch.settled();
    };
    const state = async (id = sid) => (await database()('app_logouts').where({ id }).first())?.state;
    const ends = (id = signInId) => stores().signIns.end(ann.id, id, NOW);
    const tokenFor = (id = sid, app = desk, account = ann) =>
      `${app.client.backchannelLogoutUri} ${app.id} ${account.id} ${id}`;

    it('are not due while the sign-in is open', async () => {
      await looks();
      clock.passes(hours(24) - 1);
      await looks();
      assert.deepEqual([posted, await state()], [[], 'open']);
      assert.deepEqual(await store().over(clock.now, 9, ALL), []);
    });

    const endings: Readonly<Record<string, () => Promise<unknown>>> = {
      'was ended': () => ends(),
      'is as old as a sign-in can get': async () => clock.passes(hours(24)),
      'is of an account that has ended all of its sessions': () =>
        database()('accounts').where({ id: ann.id }).update({ session_epoch: 1 }),
      'is of a disabled account': () =>
        database()('accounts').where({ id: ann.id }).update({ disabled_at: NOW }),
      'is of a deleted account': () => database()('accounts').where({ id: ann.id }).delete(),
      'is no longer stored': () => database()('sign_ins').where({ id: signInId }).delete(),
      'rests on a browser that is no longer trusted': () =>
        database()('sign_ins').where({ id: signInId }).update({ trusted_browser_id: 'gone' }),
    };
    for (const [how, act] of Object.entries(endings)) {
      it(`are told once if the sign-in ${how}, and other sign-ins are left alone`, async () => {
        const bob = await created();
        const other = await opens(desk, bob, await signsIn(bob, clock.now + hours(1)));
        await act();
        await looks();
        assert.deepEqual(posted, [tokenFor()]);
        assert.deepEqual([await state(), await state(other)], ['told', 'open']);
        await looks();
        assert.deepEqual([posted.length, outcomes], [1, ['told']]);
      });
    }

    it('are due if the trust in the browser no longer stands for the factors of the person', async () => {
      const browser = { id: newId(NOW), account_id: ann.id, basis: 'of other factors' };
      const times = { created_at: NOW, expires_at: NOW + hours(99) };
      const from = { token_hash: 't', browser: 'Lynx', address: '' };
      await database()('trusted_browsers').insert({ ...browser, ...from, ...times });
      await database()('sign_ins').where({ id: signInId }).update({ trusted_browser_id: browser.id });
      assert.deepEqual(await store().over(NOW, 9, ALL), []);
      await looks();
      assert.deepEqual(posted, [tokenFor()]);
    });

    it('are looked for among the sign-ins of one account at once', async () => {
      const bob = await created();
      const bobs = await signsIn(bob);
      const other = await opens(desk, bob, bobs);
      await stores().signIns.end(bob.id, bobs, NOW);
      await ends();
      assert.deepEqual(await store().over(NOW, 9, { accountIds: [bob.id] }), [other]);
      assert.deepEqual([...(await store().over(NOW, 9, ALL))].sort(), [sid, other].sort());
      assert.equal((await store().over(NOW, 1, ALL)).length, 1);
    });

    it('are looked for in windows, each of which begins where the one before ended', async () => {
      const sids = [sid];
      for (let count = 0; count < 4; count += 1) sids.push(await opens(desk, ann, await signsIn(ann)));
      await stores().signIns.endOthers(ann.id, '', NOW);
      const windows: string[][] = [];
      for (let after = ''; windows.length < 9; ) {
        const to = await store().endOfWindow(after, 2);
        windows.push([...(await store().over(NOW, 9, { after, to }))].sort());
        if (to === undefined) break;
        after = to;
      }
      assert.deepEqual(
        windows.map(({ length }) => length),
        [2, 2, 1],
      );
      assert.deepEqual(windows.flat(), sids.sort());
    });

    it('are told by one of two instances, each once', async () => {
      const wiki = newClient({ name: 'Wiki' });
      await stores().apps.create(wiki);
      const sids = [sid, await opens(wiki, ann, signInId)];
      for (let count = 0; count < 20; count += 1) {
        const another = await signsIn(ann);
        sids.push(await opens(count % 2 ? desk : wiki, ann, another));
        await ends(another);
      }
      await ends();
      const [one, two] = [instance(), instance()];
      await Promise.all([looks(one), looks(two), looks(instance())]);
      await looks();
      assert.equal(posted.length, 22);
      assert.deepEqual(posted.map((text) => text.split(' ').at(-1)).sort(), sids.sort());
      assert.deepEqual(await database()('app_logouts').whereNot({ state: 'told' }), []);
    });

    it('are claimed by one of twenty, and by others only after the claim', async () => {
      await store().markDue([sid], NOW);
      const claim = (now: number) => store().claim(sid, now, now + seconds(30));
      assert.equal(await winners(async () => (await claim(NOW)) !== undefined), 1);
      assert.equal(await claim(NOW + seconds(30) - 1), undefined);
      const again = await claim(NOW + seconds(30));
      assert.equal(again?.tries, 2);
      const failed = { state: 'failed', at: NOW, fault: 'x' } as const;
      assert.equal(await store().settle({ id: sid, tries: 1 }, failed), false, 'its claim is over');
      assert.equal(await store().settle({ id: sid, tries: 1 }, { ...failed, state: 'told' }), true);
      assert.equal(await store().settle({ id: sid, tries: 2 }, failed), false);
    });

    it('are tried again after growing pauses while the app is away, and told once it is back', async () => {
      answer = () => ({ kind: 'away', fault: 'ECONNREFUSED' });
      await ends();
      await looks();
      await looks();
      assert.deepEqual([posted.length, await state()], [1, 'due']);
      for (const pause of [seconds(5), seconds(30), minutes(2)]) {
        const before = posted.length;
        clock.passes(pause - 1);
        await looks();
        assert.equal(posted.length, before);
        clock.passes(1);
        await looks();
        assert.equal(posted.length, before + 1);
      }
      answer = () => ({ kind: 'told' });
      clock.passes(hours(1));
      await looks();
      assert.equal(await state(), 'told');
      assert.deepEqual(outcomes, ['failed', 'failed', 'failed', 'failed', 'told']);
    });

    it('cost one try for all that waits for an app that is away, and hold up no other app', async () => {
      const wiki = newClient({ name: 'Wiki' });
      await stores().apps.create(wiki);
      for (let count = 0; count < 9; count += 1) await opens(desk, ann, await signsIn(ann));
      await opens(wiki, ann, signInId);
      await stores().signIns.endOthers(ann.id, '', NOW);
      const release = Promise.withResolvers<LogoutAnswer>();
      answer = (uri) => (uri.includes('wiki') ? { kind: 'told' } : release.promise);
      const watch = instance();
      watch.wake();
      while (!outcomes.includes('told')) await new Promise(setImmediate);
      release.resolve({ kind: 'away', fault: 'TimeoutError' });
      await watch.settled();
      assert.ok(posted.filter((text) => text.includes('desk')).length <= 3, 'those that ran at once');
      const before = posted.length;
      await looks();
      assert.equal(posted.length, before);
    });

    it('do not wait for one that always fails', async () => {
      const others = [];
      for (let count = 0; count < 9; count += 1) others.push(await opens(desk, ann, await signsIn(ann)));
      await stores().signIns.endOthers(ann.id, '', NOW);
      answer = () => (posted.at(-1)?.endsWith(sid) ? { kind: 'failed', fault: '500' } : { kind: 'told' });
      await looks();
      assert.deepEqual([await state(), ...(await Promise.all(others.map(state)))].sort(), [
        'due',
        ...others.map(() => 'told'),
      ]);
    });

    it('fail at once if the app refuses, which is audited with its reason', async () => {
      answer = () => ({ kind: 'refused', fault: '400 invalid_request: iss' });
      await ends();
      await looks();
      clock.passes(hours(1));
      await looks();
      assert.deepEqual([posted.length, await state(), outcomes], [1, 'failed', ['refused']]);
      const { events } = await stores().audit.search({ event: 'app.logout-failed', page: 1, pageSize: 9 });
      assert.deepEqual(
        events.map(({ subjectId, actorId, detail }) => [subjectId, actorId, detail]),
        [[ann.id, null, { app: 'Desk', fault: '400 invalid_request: iss' }]],
      );
      assert.deepEqual(await store().problemsOf(desk.id, clock.now), {
        ...{ late: 0, failed: 1, since: undefined, fault: '400 invalid_request: iss' },
      });
    });

    it('are given up after a day, also if no instance ran meanwhile', async () => {
      answer = () => ({ kind: 'away', fault: 'ENOTFOUND' });
      await ends();
      await looks();
      for (let hour = 0; hour < 22; hour += 1) {
        clock.passes(hours(1));
        await looks();
      }
      assert.equal(await state(), 'due');
      clock.passes(hours(1));
      await looks();
      assert.deepEqual([await state(), outcomes.at(-1)], ['failed', 'given up']);
      const count = posted.length;
      const late = await opens(desk, ann, await signsIn(ann, clock.now));
      await store().markDue([late], clock.now);
      clock.passes(LOGOUT_LIFETIME);
      await looks();
      assert.deepEqual([await state(late), posted.length], ['failed', count]);
    });

    it('go to the address of this moment, and nowhere once the app has none or is gone', async () => {
      const { client } = desk;
      await ends();
      await stores().apps.change({
        ...desk,
        client: { ...client, backchannelLogoutUri: 'https://new.example.org/out' },
      });
      await looks();
      assert.match(String(posted[0]), /^https:\/\/new\.example\.org\/out /);
      const again = async () => {
        const id = await signsIn(ann);
        const row = await opens(desk, ann, id);
        await ends(id);
        return row;
      };
      const row = await again();
      await stores().apps.change({ ...desk, client: { ...client, backchannelLogoutUri: null } });
      await looks();
      assert.equal(await state(row), undefined);
      await again();
      await stores().apps.remove(desk.id);
      await looks();
      assert.equal(posted.length, 1);
      assert.deepEqual(await database()('app_logouts'), []);
    });

    it('are late after a quarter of an hour', async () => {
      answer = () => ({ kind: 'away', fault: 'ECONNREFUSED' });
      await ends();
      await looks();
      assert.deepEqual(await store().depth(clock.now), { waiting: 1, late: 0 });
      assert.equal((await store().problemsOf(desk.id, clock.now)).late, 0);
      clock.passes(LATE_LOGOUT + 1);
      assert.deepEqual(await store().depth(clock.now), { waiting: 1, late: 1 });
      assert.deepEqual(await store().problemsOf(desk.id, clock.now), {
        ...{ late: 1, failed: 0, since: NOW, fault: 'ECONNREFUSED' },
      });
      assert.equal((await store().problemsOf('other', clock.now)).late, 0);
    });

    it('are forgotten a day after they were told, and a month after they failed', async () => {
      const failed = await opens(desk, ann, signInId, 'two');
      await store().markDue([sid, failed], NOW);
      await store().settle({ id: sid, tries: 0 }, { state: 'told', at: NOW, fault: null });
      await store().settle({ id: failed, tries: 0 }, { state: 'failed', at: NOW, fault: 'x' });
      const left = async (now: number) => {
        await store().forget(now);
        return (await database()('app_logouts')).length;
      };
      assert.equal(await left(NOW + TOLD_REMEMBERED), 2);
      assert.equal(await left(NOW + TOLD_REMEMBERED + 1), 1);
      assert.equal(await left(NOW + FAILURES_REMEMBERED), 1);
      assert.equal(await left(NOW + FAILURES_REMEMBERED + 1), 0);
    });

    it('cost one statement for each look where no app can be told', async () => {
      await database()('app_logouts').delete();
      const statements: string[] = [];
      database().on('query', ({ sql }: { readonly sql: string }) => statements.push(sql));
      await looks();
      database().removeAllListeners('query');
      assert.equal(statements.length, 1, statements.join('\n'));
    });

    async function created(): Promise<Account> {
      const { id } = person();
      await stores().accounts.create(person({ id }));
      const found = await stores().accounts.find(id);
      assert.ok(found);
      return found;
    }

    async function signsIn({ id: accountId, sessionEpoch: epoch }: Account, startedAt = NOW) {
      const id = newId(NOW);
      const times = { startedAt, lastSeenAt: startedAt, trustedBrowserId: null, assurance: [] };
      await stores().signIns.create({ id, accountId, epoch, browser: '', address: '', ...times });
      return id;
    }

    async function opens(app: OidcApp, account: Account, signIn: string, id = newId(NOW)) {
      const bound = { id, appId: app.id, accountId: account.id, signInId: signIn };
      await store().expect({ ...bound, createdAt: NOW });
      return id;
    }
  });
}
