import assert from 'node:assert/strict';
import { newId } from '../../../src/kernel/identifiers.ts';
import { days } from '../../../src/kernel/time.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexGroupStore } from '../../../src/storage/groups.ts';
import { KnexTrustedBrowserStore } from '../../../src/storage/trusted-browsers.ts';
import type { TrustedBrowser } from '../../../src/two-factor/trusted-browser.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

export function trustedBrowsersSuite(engine: Engine): void {
  describe('trusted browsers', () => {
    const database = useDatabase(engine);
    const store = () => new KnexTrustedBrowserStore(database());
    const createAccount = async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      return account.id;
    };
    const createBrowser = async (accountId: string, changes: Partial<TrustedBrowser> = {}) => {
      const browser: TrustedBrowser = {
        ...{ id: newId(NOW), accountId, tokenHash: 'first', basis: 'basis' },
        ...{ browser: 'Lynx', address: '192.0.2.7', createdAt: NOW, expiresAt: NOW + days(30) },
        ...changes,
      };
      await store().create(browser);
      return browser;
    };

    it('are stored with all their data, newest first, for their own account', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const one = await createBrowser(ann);
      const two = await createBrowser(ann, { createdAt: NOW + 1, browser: 'w3m' });
      assert.deepEqual(await store().of(ann), [two, one]);
      assert.deepEqual(await store().of(bob), []);
      assert.deepEqual(await store().find(one.id), one);
    });

    it('give their next token to one of twenty with the present one, and to nobody with an earlier one', async () => {
      const { id } = await createBrowser(await createAccount());
      const won = await winners((contender) => store().renew(id, 'first', `next ${contender}`));
      assert.equal(won, 1);
      assert.equal(await store().renew(id, 'first', 'again'), false);
      const { tokenHash = '' } = (await store().find(id)) ?? {};
      assert.match(tokenHash, /^next \d+$/);
      assert.equal(await store().renew(id, tokenHash, 'after that'), true);
    });

    it('are removed by their owner, once', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const { id } = await createBrowser(ann);
      assert.equal(await store().remove(bob, id), false);
      assert.equal(await winners(() => store().remove(ann, id)), 1);
      assert.equal(await store().renew(id, 'first', 'next'), false);
    });

    it('are deleted for everybody, for one account or for the members of a group', async () => {
      const [ann, bob, cyd] = [await createAccount(), await createAccount(), await createAccount()];
      const rule = { rule: 'off', methods: [], grace: { kind: 'none' }, since: 0 } as const;
      const groups = new KnexGroupStore(database());
      await groups.create({ id: 'agents', name: 'Agents', ...rule });
      await groups.add('agents', bob, NOW);
      for (const id of [ann, ann, bob, cyd]) await createBrowser(id);
      const left = async () => Promise.all([ann, bob, cyd].map(async (id) => (await store().of(id)).length));
      await store().clear({ groupId: 'agents' });
      assert.deepEqual(await left(), [2, 0, 1]);
      await store().clear({ accountId: ann });
      assert.deepEqual(await left(), [0, 0, 1]);
      await createBrowser(ann);
      await store().clear();
      assert.deepEqual(await left(), [0, 0, 0]);
    });

    it('that expired a day ago are deleted for the next', async () => {
      const ann = await createAccount();
      await createBrowser(ann, { expiresAt: NOW - days(1) });
      const open = await createBrowser(ann, { expiresAt: NOW - days(1) + 1 });
      const next = await createBrowser(ann);
      assert.deepEqual((await store().of(ann)).map(({ id }) => id).sort(), [open.id, next.id].sort());
    });

    it('are deleted with their account', async () => {
      const ann = await createAccount();
      const { id } = await createBrowser(ann);
      await database()('accounts').where({ id: ann }).delete();
      assert.equal(await store().find(id), undefined);
    });
  });
}
