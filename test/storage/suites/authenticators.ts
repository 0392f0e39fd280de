import assert from 'node:assert/strict';
import type { Binding } from '../../../src/codes/challenges.ts';
import { newId } from '../../../src/kernel/identifiers.ts';
import { secondFactorSubject } from '../../../src/limits/failure-backoff.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAuthenticators } from '../../../src/storage/authenticators.ts';
import { KnexChallengeStore } from '../../../src/storage/challenges.ts';
import { KnexBackoffStore } from '../../../src/storage/limits.ts';
import { KnexRecoveryCodeStore } from '../../../src/storage/recovery-codes.ts';
import { KnexSignInStore } from '../../../src/storage/sign-ins.ts';
import { KnexTotpStepStore } from '../../../src/storage/totp-steps.ts';
import { KnexTrustedBrowserStore } from '../../../src/storage/trusted-browsers.ts';
import type { NewAuthenticator } from '../../../src/two-factor/authenticator.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { challenge } from './challenges.ts';
import { NOW, person, winners } from './people.ts';

const STEP = 60_000_000;

export function authenticatorsSuite(engine: Engine): void {
  describe('authenticators', () => {
    const database = useDatabase(engine);
    const authenticators = () => new KnexAuthenticators(database());
    const createAccount = async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      return account.id;
    };
    const createApp = async (accountId: string, changes: Partial<NewAuthenticator> = {}) => {
      const app = authenticator(accountId, changes);
      assert.equal(await authenticators().create(app), true);
      return app;
    };

    it('are stored with all their data, oldest first', async () => {
      const accountId = await createAccount();
      const newer = await createApp(accountId, {
        name: 'new',
        createdAt: NOW + 1,
        data: { address: 'a@example.org' },
      });
      const older = await createApp(accountId, {
        name: 'Handy 📱',
        data: { sealed: { text: 'ü"\\' }, list: [1, null] },
      });
      const fresh = { lastUsedAt: null, blockedAt: null, preferredAt: null };
      assert.deepEqual(await authenticators().of(accountId), [
        { ...older, ...fresh },
        { ...newer, ...fresh },
      ]);
    });

    it('belong to their own account only', async () => {
      const [ann, bob, cyd] = [await createAccount(), await createAccount(), await createAccount()];
      const own = await createApp(ann);
      await createApp(bob);
      assert.deepEqual(await authenticators().of(cyd), []);
      assert.deepEqual(
        (await authenticators().of(ann)).map(({ id }) => id),
        [own.id],
      );
    });

    it('have unique names per person, in any spelling', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      await createApp(ann, { name: 'My Phone' });
      assert.equal(await authenticators().create(authenticator(ann, { name: 'my PHONE' })), false);
      await createApp(ann, { name: 'My Phoné' });
      await createApp(bob, { name: 'My Phone' });
      await createApp(ann, { name: 'ﷺ'.repeat(60) });
    });

    it('give one name to one of twenty concurrent requests', async () => {
      const accountId = await createAccount();
      assert.equal(await winners(() => authenticators().create(authenticator(accountId))), 1);
      assert.equal((await authenticators().of(accountId)).length, 1);
    });

    it('are created as the first by one of twenty concurrent requests, whatever their names', async () => {
      const accountId = await createAccount();
      const won = await winners((index) =>
        authenticators().createFirst(authenticator(accountId, { name: `Phone ${index}` })),
      );
      assert.equal(won, 1);
      assert.equal((await authenticators().of(accountId)).length, 1);
      assert.equal(await authenticators().createFirst(authenticator(accountId, { name: 'Another' })), false);
    });

    it('are not created for an account that does not exist', async () => {
      await assert.rejects(authenticators().create(authenticator('unknown')));
    });

    it('are renamed by their owner to a free name', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const phone = await createApp(ann, { name: 'Phone' });
      await createApp(ann, { name: 'Tablet' });
      assert.equal(await authenticators().rename(ann, phone.id, 'TABLET'), false);
      assert.equal(await authenticators().rename(ann, phone.id, 'PHONE'), true);
      await authenticators().rename(bob, phone.id, 'Stolen');
      assert.deepEqual((await authenticators().of(ann)).map(({ name }) => name).sort(), ['PHONE', 'Tablet']);
    });

    it('are removed by their owner, once', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const phone = await createApp(ann);
      assert.equal(await authenticators().remove(bob, phone.id, NOW + 1), false);
      assert.equal(await winners(() => authenticators().remove(ann, phone.id, NOW + 2)), 1);
      assert.deepEqual(await authenticators().of(ann), []);
      const removedAt = async (id: string) => (await new KnexAccounts(database()).find(id))?.factorRemovedAt;
      assert.deepEqual([await removedAt(ann), await removedAt(bob)], [NOW + 2, null]);
    });

    it('replace another in one step, once for twenty; a taken name changes nothing', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const old = await createApp(ann, { name: 'Old' });
      const other = await createApp(ann, { name: 'Other' });
      const next = (changes: Partial<NewAuthenticator> = {}) =>
        authenticator(ann, { name: 'New', ...changes });
      assert.equal(await authenticators().replace(next({ name: 'other' }), old.id), 'name taken');
      assert.equal(await authenticators().replace(next({ accountId: bob }), old.id), 'gone');
      assert.deepEqual(
        (await authenticators().of(ann)).map(({ id }) => id).sort(),
        [old.id, other.id].sort(),
      );
      assert.deepEqual(await authenticators().of(bob), []);
      const replaced = await winners(async (contender) => {
        const outcome = await authenticators().replace(next({ name: `New ${contender}` }), old.id);
        return outcome === 'replaced';
      });
      assert.equal(replaced, 1);
      const left = (await authenticators().of(ann)).filter(({ id }) => id !== other.id);
      assert.equal(left.length, 1);
      const [{ id = '', name = '' } = {}] = left;
      assert.match(name, /^New \d+$/);
      const upper = next({ name: name.toUpperCase() });
      assert.equal(await authenticators().replace(upper, id), 'replaced', 'its own name');
    });

    it('take the recovery codes with the last of them, also if two are removed at once', async () => {
      const codes = new KnexRecoveryCodeStore(database());
      for (let time = 0; time < 5; time += 1) {
        const [ann, bob] = [await createAccount(), await createAccount()];
        for (const id of [ann, bob]) {
          await codes.replace(id, 'salt', [{ id: newId(NOW), codeHash: 'hash' }], NOW);
        }
        const [one, two] = [await createApp(ann, { name: 'one' }), await createApp(ann, { name: 'two' })];
        await createApp(bob);
        const third = await createApp(ann, { name: 'three' });
        await authenticators().remove(ann, third.id, NOW);
        assert.equal(await codes.left(ann), 1);
        await Promise.all([one, two].map(({ id }) => authenticators().remove(ann, id, NOW)));
        assert.equal(await codes.left(ann), 0);
        assert.equal(await codes.left(bob), 1);
      }
    });

    it('are reset together with everything that replaces them, and with the sessions, and nobody else’s', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      const challenges = new KnexChallengeStore(database());
      const throttles = new KnexBackoffStore(database());
      const codes = new KnexRecoveryCodeStore(database());
      const trusted = new KnexTrustedBrowserStore(database());
      const signIns = new KnexSignInStore(database());
      const browser = { browser: 'Lynx', address: '192.0.2.7' };
      for (const accountId of [ann, bob]) {
        await codes.replace(accountId, 'salt', [{ id: newId(NOW), codeHash: 'hash' }], NOW);
        await trusted.create({
          ...{ id: newId(NOW), accountId, tokenHash: 'hash', basis: 'basis', ...browser },
          ...{ createdAt: NOW, expiresAt: NOW + 1 },
        });
        await signIns.create({
          ...{ id: newId(NOW), accountId, epoch: 0, ...browser },
          ...{ startedAt: NOW, lastSeenAt: NOW, trustedBrowserId: null, assurance: [] },
        });
        await createApp(accountId, { name: 'one' });
        await createApp(accountId, { name: 'two' });
        await challenges.replace(binding(accountId), challenge(), { now: NOW, most: 4 });
        await throttles.replace(secondFactorSubject(accountId), NONE, { failures: 100, waitUntil: NOW });
      }
      assert.equal(await authenticators().reset(ann, 'admin@example.org', NOW), 2);
      assert.equal(await authenticators().reset(ann, 'admin@example.org', NOW), 0);
      const epoch = async (id: string) => (await new KnexAccounts(database()).find(id))?.sessionEpoch;
      assert.deepEqual([await epoch(ann), await epoch(bob)], [2, 0]);
      assert.deepEqual(await authenticators().of(ann), []);
      assert.equal((await new KnexAccounts(database()).find(ann))?.factorRemovedAt, NOW);
      assert.equal(await challenges.find(binding(ann)), undefined);
      assert.deepEqual(await throttles.read(secondFactorSubject(ann)), NONE);
      const left = async (id: string) => [
        await codes.left(id),
        (await trusted.of(id)).length,
        (await signIns.open(id)).length,
      ];
      assert.deepEqual(
        [await left(ann), await left(bob)],
        [
          [0, 0, 0],
          [1, 1, 1],
        ],
      );
      assert.equal((await authenticators().of(bob)).length, 2);
      assert.notEqual(await challenges.find(binding(bob)), undefined);
      assert.equal((await throttles.read(secondFactorSubject(bob))).failures, 100);
    });

    it('are deleted with their account', async () => {
      const accountId = await createAccount();
      await createApp(accountId);
      await database()('accounts').where({ id: accountId }).delete();
      assert.deepEqual(await authenticators().of(accountId), []);
    });

    it('accept a step for one of twenty concurrent requests, and no earlier step after it', async () => {
      const steps = new KnexTotpStepStore(database());
      const [app, other] = [await createApp(await createAccount()), await createApp(await createAccount())];
      assert.equal(await winners(() => steps.consume(app.id, STEP)), 1);
      assert.equal(await steps.consume(app.id, STEP), false);
      assert.equal(await steps.consume(app.id, STEP - 1), false);
      assert.equal(await steps.consume(app.id, STEP + 1), true);
      assert.equal(await steps.consume(other.id, STEP), true, 'each app has its own');
      assert.equal(await steps.consume('nobody', STEP), false);
    });

    it('store when they were last used and when they were first blocked', async () => {
      const app = await createApp(await createAccount());
      await authenticators().recordUse(app.id, NOW + 1);
      await authenticators().block(app.id, NOW + 2);
      await authenticators().block(app.id, NOW + 3);
      const [found] = await authenticators().of(app.accountId);
      assert.deepEqual([found?.lastUsedAt, found?.blockedAt], [NOW + 1, NOW + 2]);
    });

    it('are listed by method, each once, whatever the number', async () => {
      const accountId = await createAccount();
      const ids: string[] = [];
      for (let i = 0; i < 205; i += 1) ids.push((await createApp(accountId, { name: `app ${i}` })).id);
      await createApp(accountId, { method: 'email', name: 'mail' });
      const seen: string[] = [];
      for await (const { id } of authenticators().eachOf('app')) seen.push(id);
      assert.deepEqual(seen, ids.sort());
    });

    it('get new data from one of twenty, and only if it has not changed', async () => {
      const before = { key: 'old', nested: { ü: [1, 2] } };
      const app = await createApp(await createAccount(), { data: before });
      const [found] = await authenticators().of(app.accountId);
      const won = await winners((i) =>
        authenticators().replaceData(app.id, found?.data, { key: `new ${i}` }),
      );
      assert.equal(won, 1);
      assert.equal(await authenticators().replaceData(app.id, before, {}), false);
    });

    it('of an unknown method are an error: the person would sign in without it', async () => {
      const app = await createApp(await createAccount());
      await database()('authenticators').where({ id: app.id }).update({ method: 'carrier pigeon' });
      await assert.rejects(authenticators().of(app.accountId));
    });
  });
}

const NONE = { failures: 0, waitUntil: 0 };

function binding(accountId: string): Binding {
  return { accountId, purpose: 'sign-in', browser: 'browser' };
}

function authenticator(accountId: string, changes: Partial<NewAuthenticator> = {}): NewAuthenticator {
  return {
    id: newId(NOW),
    accountId,
    method: 'app',
    name: 'Phone',
    data: { secret: 'sealed' },
    createdAt: NOW,
    ...changes,
  };
}
