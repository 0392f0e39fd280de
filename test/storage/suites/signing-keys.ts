import assert from 'node:assert/strict';
import { RETIRED_FOR, SigningKeys } from '../../../src/apps/signing-keys.ts';
import { Keyring } from '../../../src/kernel/keyring.ts';
import { KnexSigningKeyStore } from '../../../src/storage/signing-keys.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { ACTOR } from '../../sign-in/sign-in-under-test.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW } from './people.ts';

const [OLD, NEW] = ['7'.repeat(43), '8'.repeat(43)];

export function signingKeysSuite(engine: Engine): void {
  describe('signing keys', () => {
    const database = useDatabase(engine);
    let now: number;
    let secrets: readonly string[];
    const recorded: string[] = [];
    const store = () => new KnexSigningKeyStore(database());
    const keys = () =>
      new SigningKeys({
        store: store(),
        keyring: new Keyring(() => secrets),
        audit: { record: async (event) => void recorded.push(event) },
        transaction: transactOn(database()),
        clock: () => now,
      });
    const published = async () =>
      (await keys().published()).map(({ state, jwk }) => ({ state, alg: jwk.alg, kid: jwk.kid }));
    const kidOf = async (state: string, alg = 'RS256') =>
      (await published()).find((key) => key.state === state && key.alg === alg)?.kid;

    beforeEach(() => {
      now = NOW;
      secrets = [OLD];
      recorded.length = 0;
    });

    it('are made on first need, sealed: one that signs and the next one for each algorithm', async () => {
      const made = await keys().published();
      assert.deepEqual(made.map(({ state, jwk }) => `${state} ${jwk.alg}`).sort(), [
        'current ES256',
        'current RS256',
        'next ES256',
        'next RS256',
      ]);
      assert.deepEqual(await keys().published(), made);
      const rows = JSON.stringify(await database()('signing_keys'));
      for (const { jwk } of made) assert.ok(!rows.includes(String(jwk['d'])));
    });

    it('are made once by instances that start at the same moment', async () => {
      const made = await Promise.all(Array.from({ length: 5 }, () => published()));
      assert.equal((await database()('signing_keys')).length, 4);
      for (const one of made) assert.deepEqual(one, made[0]);
    });

    it('take turns: the next one signs, and the former one is published until its tokens have ended', async () => {
      const [current, next] = [await kidOf('current'), await kidOf('next')];
      const before = await keys().version();
      assert.ok(await keys().rotate(ACTOR));
      assert.notEqual(await keys().version(), before);
      assert.equal(await kidOf('current'), next);
      assert.equal(await kidOf('retired'), current);
      assert.equal((await published()).length, 6);
      assert.equal((await published())[0]?.state, 'current');
      assert.deepEqual(recorded, ['signing-keys.rotated']);
      now += RETIRED_FOR;
      assert.equal((await published()).length, 4);
      await store().forget(now);
      assert.equal((await database()('signing_keys')).length, 4);
    });

    it('are rotated once by two commands at the same moment', async () => {
      await published();
      const done = await Promise.all([keys().rotate(ACTOR), keys().rotate(ACTOR)]);
      assert.deepEqual(done.sort(), [false, true]);
      assert.equal((await published()).length, 6);
      assert.equal(recorded.length, 1);
    });

    it('are sealed for their own row', async () => {
      await published();
      const rows = await database()('signing_keys').where({ algorithm: 'ES256' });
      await database()('signing_keys').where({ id: rows[0].id }).update({ sealed: rows[1].sealed });
      await assert.rejects(published());
    });

    it('are encrypted again under a new secret, and stay the same keys', async () => {
      const made = await published();
      secrets = [NEW, OLD];
      assert.deepEqual(await keys().reseal(), { resealed: 4, lost: 0 });
      assert.deepEqual(await keys().reseal(), { resealed: 0, lost: 0 });
      secrets = [NEW];
      assert.deepEqual(await published(), made);
      secrets = ['9'.repeat(43)];
      assert.deepEqual(await keys().reseal(), { resealed: 0, lost: 4 });
    });
  });
}
