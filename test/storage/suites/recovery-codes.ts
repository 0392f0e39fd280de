import assert from 'node:assert/strict';
import { newId } from '../../../src/kernel/identifiers.ts';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexRecoveryCodeStore } from '../../../src/storage/recovery-codes.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person, winners } from './people.ts';

export function recoveryCodesSuite(engine: Engine): void {
  describe('recovery codes', () => {
    const database = useDatabase(engine);
    const codes = () => new KnexRecoveryCodeStore(database());
    const createAccount = async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      return account.id;
    };
    const set = (...hashes: readonly string[]) => hashes.map((codeHash) => ({ id: newId(NOW), codeHash }));

    it('are used by one of twenty, one code and no other', async () => {
      const id = await createAccount();
      await codes().replace(id, 'salt', set('one', 'two', 'three'), NOW);
      assert.equal(await winners(() => codes().consume(id, 'two', NOW)), 1);
      assert.equal(await codes().left(id), 2);
      assert.equal(await codes().consume(id, 'two', NOW), false);
      assert.equal(await codes().consume(id, 'one', NOW), true);
      assert.equal(await codes().left(id), 1);
    });

    it('work only for their own account', async () => {
      const [ann, bob] = [await createAccount(), await createAccount()];
      await codes().replace(ann, 'salt', set('one'), NOW);
      assert.equal(await codes().consume(bob, 'one', NOW), false);
      assert.equal(await codes().left(ann), 1);
      assert.deepEqual([await codes().salt(ann), await codes().salt(bob)], ['salt', undefined]);
    });

    it('become invalid when new ones are created: of twenty concurrent sets one is left', async () => {
      const id = await createAccount();
      await codes().replace(id, 'salt', set('old'), NOW);
      const salts = Array.from({ length: 20 }, (_, index) => `salt ${index}`);
      await Promise.all(salts.map((salt) => codes().replace(id, salt, set(`a ${salt}`, `b ${salt}`), NOW)));
      assert.equal(await codes().left(id), 2);
      assert.equal(await codes().consume(id, 'old', NOW), false);
      const salt = await codes().salt(id);
      assert.equal(await codes().consume(id, `a ${salt}`, NOW), true);
      assert.equal(await codes().consume(id, `b ${salt}`, NOW), true);
    });

    it('are deleted with their account', async () => {
      const id = await createAccount();
      await codes().replace(id, 'salt', set('one'), NOW);
      await database()('accounts').where({ id }).delete();
      assert.equal(await codes().left(id), 0);
    });
  });
}
