import assert from 'node:assert/strict';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { KnexGraceStore } from '../../../src/storage/graces.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { NOW, person } from './people.ts';

export function gracesSuite(engine: Engine): void {
  describe('grace periods', () => {
    const database = useDatabase(engine);
    const graces = () => new KnexGraceStore(database());
    const createAccount = async () => {
      const account = person();
      await new KnexAccounts(database()).create(account);
      return account.id;
    };
    const begun = async (id: string, source = 'site') => (await graces().of([id])).get(id)?.get(source);
    const atOnce = (begin: (contender: number) => Promise<void>) =>
      Promise.all(Array.from({ length: 20 }, (_, contender) => begin(contender)));

    it('start once, with any number of sign-ins, concurrent and later', async () => {
      const ann = await createAccount();
      await atOnce((i) => graces().begin(ann, 'site', NOW, NOW + i));
      const first = await begun(ann);
      assert.ok(first !== undefined && first >= NOW && first < NOW + 20);
      await graces().begin(ann, 'site', NOW, NOW + 1000);
      assert.equal(await begun(ann), first);
    });

    it('start again, once, if it has become mandatory again since', async () => {
      const ann = await createAccount();
      await graces().begin(ann, 'site', NOW, NOW);
      await atOnce((i) => graces().begin(ann, 'site', NOW + 100, NOW + 100 + i));
      const second = await begun(ann);
      assert.ok(second !== undefined && second >= NOW + 100 && second < NOW + 120);
      await graces().begin(ann, 'site', NOW + 100, NOW + 1000);
      assert.equal(await begun(ann), second);
    });

    it('are separate by person and by rule', async () => {
      const [ann, bob, cyd] = [await createAccount(), await createAccount(), await createAccount()];
      await graces().begin(ann, 'site', 0, NOW);
      await graces().begin(ann, 'person', 0, NOW + 1);
      await graces().begin(bob, 'site', 0, NOW + 2);
      assert.deepEqual([await begun(ann), await begun(ann, 'person')], [NOW, NOW + 1]);
      assert.deepEqual([await begun(bob), await begun(bob, 'person')], [NOW + 2, undefined]);
      assert.deepEqual([...(await graces().of([ann, cyd])).keys()], [ann]);
    });
  });
}
