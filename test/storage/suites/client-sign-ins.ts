import assert from 'node:assert/strict';
import type { Account } from '../../../src/accounts/account.ts';
import type { OidcApp } from '../../../src/apps/app.ts';
import { type ClientApp, ClientSignIns } from '../../../src/apps/client-sign-ins.ts';
import { Audit, type Origin } from '../../../src/audit/audit.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { minutes } from '../../../src/kernel/time.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { storesOn } from '../../../src/storage/stores.ts';
import { ManualClock } from '../../support/clock.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newClient } from './apps.ts';
import { NOW, person, winners } from './people.ts';

const ORIGIN: Origin = { requestId: 'r', address: '192.0.2.7', browser: 'Lynx' };

export function clientSignInsSuite(engine: Engine): void {
  describe('sign-ins to clients', () => {
    const database = useDatabase(engine);
    const clock = new ManualClock(NOW);
    const stores = () => storesOn(database());
    const signIns = () => {
      const base = { clock: clock.read, transaction: transactOn(database()) };
      const { clientSignIns: store, logouts, audit } = stores();
      return new ClientSignIns({ ...base, store, logouts, audit: new Audit({ ...base, store: audit }) });
    };
    let desk: OidcApp;
    let ann: Account;
    let signInId: string;
    const record = (app: ClientApp = desk, id = signInId) =>
      signIns().record(app, { account: ann, signInId: id, origin: ORIGIN });
    const audited = async () =>
      (await stores().audit.search({ event: 'app.signed-in', page: 1, pageSize: 50 })).events;

    beforeEach(async () => {
      desk = newClient();
      await stores().apps.create(desk);
      const { id } = person();
      await stores().accounts.create(person({ id }));
      const found = await stores().accounts.find(id);
      assert.ok(found);
      ann = found;
      signInId = await signsIn();
    });

    it('have one id for each sign-in and app, which is audited once', async () => {
      const wiki = newClient({ name: 'Wiki' });
      await stores().apps.create(wiki);
      const sid = await record();
      assert.match(sid, /^[\da-v]{26}$/);
      assert.deepEqual([await record(), await record()], [sid, sid]);
      const others = [await record(wiki), await record(desk, await signsIn())];
      assert.equal(new Set([sid, ...others]).size, 3);
      assert.deepEqual(
        (await audited()).map(({ subjectId, actorId, detail }) => [subjectId, actorId, detail['app']]).sort(),
        [desk, desk, wiki].map(({ name }) => [ann.id, ann.id, name]),
      );
    });

    it('are begun once by twenty concurrent requests, which all get the same id', async () => {
      const ids = new Set<string>();
      await winners(async () => ids.add(await record()).size > 0);
      assert.equal(ids.size, 1);
      assert.equal((await database()('app_sign_ins')).length, 1);
      assert.equal((await database()('app_logouts')).length, 1);
      assert.equal((await audited()).length, 1);
    });

    it('count as a use of the app each time, and are listed with the apps of the sign-in', async () => {
      await record();
      assert.equal((await stores().apps.find(desk.id))?.lastSignInAt, NOW);
      clock.passes(minutes(5));
      await record();
      assert.equal((await stores().apps.find(desk.id))?.lastSignInAt, NOW + minutes(5));
      const [row] = await database()('app_sign_ins');
      assert.equal(Number(row.last_seen_at), NOW + minutes(5));
      const opened = await stores().appSignIns.openedBy(signInId, clock.now);
      assert.deepEqual(opened, [{ id: row.id, appId: desk.id }]);
      clock.passes(-minutes(5));
    });

    it('expect a logout only for apps with an address for it', async () => {
      const mute = newClient({ name: 'Mute', backchannelLogoutUri: null });
      await stores().apps.create(mute);
      await record(mute);
      assert.deepEqual(await database()('app_logouts'), []);
      const sid = await record();
      const rows = await database()('app_logouts');
      assert.deepEqual(
        rows.map(({ id, app_id, account_id, sign_in_id, state }) => [
          id,
          app_id,
          account_id,
          sign_in_id,
          state,
        ]),
        [[sid, desk.id, ann.id, signInId, 'open']],
      );
    });

    it('are part of the transaction of their caller', async () => {
      const failing = transactOn(database())({}, async (_, tx) => {
        await signIns().in(tx).record(desk, { account: ann, signInId, origin: ORIGIN });
        throw new Error('rolled back');
      });
      await assert.rejects(failing, /rolled back/);
      for (const table of ['app_sign_ins', 'app_logouts', 'app_uses', 'audit_events']) {
        assert.deepEqual(await database()(table), [], table);
      }
    });

    it('are opened by no cookie, as they have none', async () => {
      await record();
      const [{ token_hash: key }] = await database()('app_sign_ins');
      assert.match(key, /^:[\w-]{42}$/);
    });

    async function signsIn() {
      const id = newId(NOW);
      const times = { startedAt: NOW, lastSeenAt: NOW, trustedBrowserId: null, assurance: [] };
      const { id: accountId, sessionEpoch: epoch } = ann;
      await stores().signIns.create({ id, accountId, epoch, browser: '', address: '', ...times });
      return id;
    }
  });
}
