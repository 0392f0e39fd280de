import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { KnexAccounts } from '../../../src/storage/accounts.ts';
import { unitsOfWorkOn } from '../../../src/storage/contention.ts';
import { KnexSettingsStore } from '../../../src/storage/settings.ts';
import { joining } from '../../../src/storage/units-of-work.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { person } from './people.ts';

export function unitsOfWorkSuite(engine: Engine): void {
  describe('a unit of work', () => {
    const database = useDatabase(engine);
    const accounts = () => new KnexAccounts(joining(database()));
    const settings = () => new KnexSettingsStore(joining(database()));
    const inOne = <T>(work: () => Promise<T>) => unitsOfWorkOn(database())(work);
    const siteName = async () => (await settings().read()).siteName;

    class Broken extends Error {}
    const breaks = () => Promise.reject(new Broken());

    it('keeps what each of the stores has written', async () => {
      const ann = person();
      const created = await inOne(async () => {
        await settings().change({ siteName: 'Kept' });
        return accounts().create(ann);
      });
      assert.ok(created);
      assert.equal(await siteName(), 'Kept');
      assert.ok(await accounts().find(ann.id));
    });

    it('keeps nothing of it when it breaks off', async () => {
      const [ann, bob] = [person(), person()];
      await accounts().create(ann);
      const broken = inOne(async () => {
        await settings().change({ siteName: 'Half done' });
        await accounts().create(bob);
        await accounts().changePassword(ann.id, 'a hash');
        assert.equal(await siteName(), 'Half done', 'it sees what it writes');
        return breaks();
      });
      await assert.rejects(broken, Broken);
      assert.equal(await siteName(), 'Help Center');
      assert.equal(await accounts().find(bob.id), undefined);
      const { passwordHash, sessionEpoch } = (await accounts().find(ann.id)) ?? {};
      assert.deepEqual([passwordHash, sessionEpoch], [null, 0]);
    });

    it('goes on after a key that was taken, with what came before it', async () => {
      const ann = person();
      await accounts().create(ann);
      const outcome = await inOne(async () => {
        await settings().change({ siteName: 'Before' });
        const created = await accounts().create(person({ email: ann.email }));
        await settings().change({ helpContact: 'after' });
        return created;
      });
      assert.equal(outcome, false);
      const { siteName: before, helpContact } = await settings().read();
      assert.deepEqual([before, helpContact], ['Before', 'after']);
    });

    it('is one with another that it is part of', async () => {
      const outer = inOne(async () => {
        await inOne(() => settings().change({ siteName: 'Inner' }));
        return breaks();
      });
      await assert.rejects(outer, Broken);
      assert.equal(await siteName(), 'Help Center');
    });

    it('takes nothing along that others write meanwhile', async () => {
      const ann = person();
      const broken = inOne(async () => {
        await settings().change({ siteName: 'Half done' });
        await delay(50);
        return breaks();
      });
      await Promise.all([assert.rejects(broken, Broken), accounts().create(ann)]);
      assert.ok(await accounts().find(ann.id));
      assert.equal(await siteName(), 'Help Center');
    });

    it('is carried out, however many get in one another’s way', async () => {
      const [ann, bob] = [person(), person()];
      await accounts().create(ann);
      await accounts().create(bob);
      const raises = (...ids: string[]) =>
        inOne(async () => {
          for (const id of ids) await accounts().endSessions(id);
        });
      // Each locks one and waits for the other: the database has to give some of them up. No more, for PostgreSQL takes
      // a second to find out.
      await Promise.all(
        Array.from({ length: 4 }, (_, index) =>
          index % 2 ? raises(ann.id, bob.id) : raises(bob.id, ann.id),
        ),
      );
      for (const { id } of [ann, bob]) assert.equal((await accounts().find(id))?.sessionEpoch, 4);
    });
  });
}
