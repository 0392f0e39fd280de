import assert from 'node:assert/strict';
import type { Account } from '../../../src/accounts/account.ts';
import { Consents } from '../../../src/apps/consents.ts';
import { Audit } from '../../../src/audit/audit.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { storesOn } from '../../../src/storage/stores.ts';
import { ACTOR } from '../../sign-in/sign-in-under-test.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newApp } from './apps.ts';
import { NOW, person, winners } from './people.ts';

export function consentsSuite(engine: Engine): void {
  describe('consents', () => {
    const database = useDatabase(engine);
    const [wiki, desk] = [newApp({ id: newId(NOW) }), otherApp('Desk')];
    let ann: Account;
    let bob: Account;
    let now: number;
    let revoked: string[];

    beforeEach(async () => {
      [now, revoked] = [NOW, []];
      const { apps } = storesOn(database());
      await apps.create(wiki);
      await apps.create(desk);
      [ann, bob] = [await created(), await created()];
    });

    async function created(): Promise<Account> {
      const { accounts } = storesOn(database());
      const account = person();
      await accounts.create(account);
      const found = await accounts.find(account.id);
      assert.ok(found);
      return found;
    }

    function consents(): Consents {
      const { consents: store, apps, audit } = storesOn(database());
      const base = { clock: () => now, transaction: transactOn(database()) };
      const revoke = async (accountId: string, appId: string) => void revoked.push(`${accountId} ${appId}`);
      return new Consents({
        ...base,
        store,
        apps,
        audit: new Audit({ ...base, store: audit }),
        grants: { revoke },
      });
    }

    async function recorded(): Promise<
      (readonly [string, string | null, Readonly<Record<string, string>>])[]
    > {
      const { events } = await storesOn(database()).audit.search({ page: 1, pageSize: 99 });
      return events.map(({ event, subjectId, detail }) => [event, subjectId, detail] as const).reverse();
    }

    it('are stored, and added to', async () => {
      assert.deepEqual(await consents().given(ann.id, wiki.id), []);
      await consents().give(ann, wiki, ['openid', 'email', 'openid'], ACTOR);
      assert.deepEqual(await consents().given(ann.id, wiki.id), ['email', 'openid']);
      now += 1000;
      await consents().give(ann, wiki, ['openid', 'groups'], ACTOR);
      await consents().give(ann, wiki, ['email'], ACTOR);
      assert.deepEqual(await consents().given(ann.id, wiki.id), ['email', 'groups', 'openid']);
      assert.deepEqual(await consents().given(ann.id, desk.id), []);
      assert.deepEqual(await consents().given(bob.id, wiki.id), []);
      const [access] = await consents().of(ann.id);
      assert.equal(access?.consent?.givenAt, NOW, 'since the first');
      assert.deepEqual(await recorded(), [
        ['app.consent-given', ann.id, { app: 'Wiki', scopes: 'email openid' }],
        ['app.consent-given', ann.id, { app: 'Wiki', scopes: 'groups' }],
      ]);
    });

    it('are given once by twenty requests at once, and each scope is kept', async () => {
      await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          consents().give(ann, wiki, index % 2 ? ['openid', 'email'] : ['openid', 'groups'], ACTOR),
        ),
      );
      assert.deepEqual(await consents().given(ann.id, wiki.id), ['email', 'groups', 'openid']);
      const scopes = (await recorded()).flatMap(([, , detail]) => detail['scopes']?.split(' '));
      assert.deepEqual(scopes.sort(), ['email', 'groups', 'openid']);
    });

    it('are taken back once, with what the app got by them', async () => {
      await consents().give(ann, wiki, ['openid'], ACTOR);
      await consents().give(ann, desk, ['openid'], ACTOR);
      await consents().give(bob, wiki, ['openid'], ACTOR);
      assert.equal(await winners(() => consents().takeBack(ann, wiki, ACTOR)), 1);
      assert.deepEqual(revoked, [`${ann.id} ${wiki.id}`]);
      assert.deepEqual(await consents().given(ann.id, wiki.id), []);
      assert.deepEqual(await consents().given(ann.id, desk.id), ['openid']);
      assert.deepEqual(await consents().given(bob.id, wiki.id), ['openid']);
      assert.deepEqual((await recorded()).at(-1), ['app.consent-withdrawn', ann.id, { app: 'Wiki' }]);
      assert.equal((await recorded()).length, 4);
    });

    it('stay if what the app got by them cannot be revoked', async () => {
      await consents().give(ann, wiki, ['openid'], ACTOR);
      const { consents: store, apps, audit } = storesOn(database());
      const base = { clock: () => now, transaction: transactOn(database()) };
      const grants = { revoke: () => Promise.reject(new Error('down')) };
      const broken = new Consents({
        ...base,
        store,
        apps,
        audit: new Audit({ ...base, store: audit }),
        grants,
      });
      await assert.rejects(broken.takeBack(ann, wiki, ACTOR), /down/);
      assert.deepEqual(await consents().given(ann.id, wiki.id), ['openid']);
    });

    it('are listed by app, together with the apps that were only used', async () => {
      await consents().give(ann, wiki, ['openid'], ACTOR);
      await consents().give(bob, desk, ['openid'], ACTOR);
      const use = { app_id: desk.id, account_id: ann.id, last_at: NOW + 5 };
      await database()('app_uses').insert(use);
      assert.deepEqual(
        (await consents().of(ann.id)).map(({ app: { name }, ...rest }) => ({ name, ...rest })),
        [
          { name: 'Desk', consent: undefined, lastUsedAt: NOW + 5 },
          { name: 'Wiki', consent: { scopes: ['openid'], givenAt: NOW }, lastUsedAt: null },
        ],
      );
      await database()('app_uses').insert({ ...use, app_id: wiki.id });
      assert.equal((await consents().of(ann.id)).length, 2);
      assert.deepEqual(await consents().of(newId(NOW)), []);
    });

    it('go with their app and with their account', async () => {
      await consents().give(ann, wiki, ['openid'], ACTOR);
      await consents().give(bob, desk, ['openid'], ACTOR);
      await storesOn(database()).apps.remove(wiki.id);
      await database()('accounts').where({ id: bob.id }).delete();
      assert.deepEqual(await database()('app_consents'), []);
    });
  });
}

function otherApp(name: string) {
  const host = `${name.toLowerCase()}.example.org`;
  return newApp({ id: newId(NOW), name, host, origin: `https://${host}` });
}
