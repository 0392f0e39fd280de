import assert from 'node:assert/strict';
import type { OidcInteractionStore, OidcModel } from '../../../src/apps/oidc-models.ts';
import { newToken } from '../../../src/kernel/identifiers.ts';
import { minutes } from '../../../src/kernel/time.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexAppStore } from '../../../src/storage/apps.ts';
import { KnexOidcModelStore } from '../../../src/storage/oidc-models.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newApp } from './apps.ts';
import { NOW, person } from './people.ts';

function newModel(changes: Partial<OidcModel> = {}): OidcModel {
  return {
    ...{ type: 'AccessToken', idHash: newToken(256), grantHash: null, appId: null, accountId: null },
    ...{ signInId: null, expiresAt: Date.now() + minutes(10), consumedAt: null },
    sealed: { key: '1', nonce: 'n', text: newToken(), tag: 'g' },
    ...changes,
  };
}

/** What requests under way need of a store, be it the database or Redis. */
export function interactionStoreSuite(store: () => OidcInteractionStore): void {
  it('keep what was stored last, until it is removed or expires', async () => {
    const model = newModel({ type: 'Interaction' });
    const { type, idHash, expiresAt } = model;
    assert.equal(await store().find(type, idHash, Date.now()), undefined);
    await store().save(model);
    assert.deepEqual(await store().find(type, idHash, Date.now()), model);
    assert.equal(await store().find('Grant', idHash, Date.now()), undefined);
    assert.equal(await store().find(type, idHash, expiresAt), undefined);
    const later = { ...model, sealed: { ...model.sealed, text: 'later' }, expiresAt: expiresAt + 1000 };
    await store().save(later);
    assert.deepEqual(await store().find(type, idHash, Date.now()), later);
    await store().remove(type, idHash);
    await store().remove(type, idHash);
    assert.equal(await store().find(type, idHash, Date.now()), undefined);
  });
}

export function oidcModelsSuite(engine: Engine): void {
  describe('codes, tokens and grants of OpenID Connect', () => {
    const database = useDatabase(engine);
    const store = () => new KnexOidcModelStore(database());
    const expiresAt = NOW + minutes(10);

    interactionStoreSuite(store);

    it('are consumed once by twenty at the same moment, and stay so', async () => {
      const model = newModel({ type: 'AuthorizationCode', expiresAt });
      await store().save(model);
      const { type, idHash } = model;
      const consume = (now = NOW) => store().consume(type, idHash, now);
      const consumed = await Promise.all(Array.from({ length: 20 }, () => consume()));
      assert.equal(consumed.filter(Boolean).length, 1);
      assert.equal((await store().find(type, idHash, NOW))?.consumedAt, NOW);
      await store().save({ ...model, expiresAt: expiresAt + 1 });
      assert.equal((await store().find(type, idHash, NOW))?.consumedAt, NOW);
      assert.equal(await consume(), false);
      const expired = newModel({ type, expiresAt: NOW });
      await store().save(expired);
      assert.equal(await store().consume(type, expired.idHash, NOW), false);
    });

    it('are revoked with their grant, all or those of one type', async () => {
      const grantHash = newToken(256);
      const models = ['Grant', 'AccessToken', 'RefreshToken'].map((type) =>
        newModel({ type, grantHash, expiresAt }),
      );
      const other = newModel({ grantHash: newToken(256), expiresAt });
      for (const model of [...models, other]) await store().save(model);
      const left = async () => (await database()('oidc_models').orderBy('type')).map(({ type }) => type);
      await store().revokeGrant(grantHash, 'AccessToken');
      assert.deepEqual(await left(), ['AccessToken', 'Grant', 'RefreshToken']);
      await store().revokeGrant(grantHash);
      assert.deepEqual(await left(), ['AccessToken']);
      assert.ok(await store().find(other.type, other.idHash, NOW));
    });

    it('are revoked for one person and app, and go with either', async () => {
      const [ann, bob] = [person({ email: 'ann@example.org' }), person({ email: 'bob@example.org' })];
      for (const account of [ann, bob]) await new KnexAccounts(database()).create(account);
      const [wiki, desk] = [newApp({ name: 'Wiki' }), newApp({ name: 'Desk', host: 'd.example.org' })];
      for (const app of [wiki, { ...desk, origin: 'https://d.example.org' }]) {
        await new KnexAppStore(database()).create(app);
      }
      const of = (accountId: string, appId: string) => newModel({ accountId, appId, expiresAt });
      for (const model of [of(ann.id, wiki.id), of(ann.id, desk.id), of(bob.id, wiki.id)])
        await store().save(model);
      const count = async () => (await database()('oidc_models')).length;
      await store().revoke(ann.id, wiki.id);
      assert.equal(await count(), 2);
      await new KnexAppStore(database()).remove(wiki.id);
      assert.equal(await count(), 1);
      await database()('accounts').where({ id: ann.id }).delete();
      assert.equal(await count(), 0);
    });

    it('are forgotten once they have expired', async () => {
      await store().save(newModel({ expiresAt: NOW }));
      await store().save(newModel({ expiresAt: NOW + 1 }));
      await store().forget(NOW);
      assert.equal((await database()('oidc_models')).length, 1);
    });
  });
}
