import assert from 'node:assert/strict';
import { AppSecrets, OVERLAP } from '../../../src/apps/app-secrets.ts';
import { Keyring } from '../../../src/kernel/keyring.ts';
import { KnexAppSecretStore } from '../../../src/storage/app-secrets.ts';
import { KnexAppStore } from '../../../src/storage/apps.ts';
import { transactOn } from '../../../src/storage/sql/transaction.ts';
import { ACTOR } from '../../sign-in/sign-in-under-test.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';
import { newApp } from './apps.ts';
import { NOW } from './people.ts';

export function appSecretsSuite(engine: Engine): void {
  describe('secrets of apps', () => {
    const database = useDatabase(engine);
    const app = newApp();
    let now: number;
    const recorded: string[] = [];
    const secrets = () =>
      new AppSecrets({
        store: new KnexAppSecretStore(database()),
        keyring: new Keyring(() => ['7'.repeat(43)]),
        audit: { record: async (event) => void recorded.push(event) },
        transaction: transactOn(database()),
        clock: () => now,
      });

    beforeEach(async () => {
      now = NOW;
      recorded.length = 0;
      await new KnexAppStore(database()).create(app);
    });

    it('are sealed, and opened for their own app only', async () => {
      const secret = await secrets().rotate(app, ACTOR);
      assert.match(secret, /^[\w-]{43}$/);
      assert.deepEqual(await secrets().of(app), [secret]);
      const [row] = await database()('app_secrets');
      assert.ok(!JSON.stringify(row).includes(secret));
      const other = newApp({ name: 'Other', origin: 'https://other.example.org', host: 'other.example.org' });
      await new KnexAppStore(database()).create(other);
      await database()('app_secrets').update({ app_id: other.id });
      await assert.rejects(secrets().of(other));
      assert.deepEqual(recorded, ['app.secret-rotated']);
    });

    it('stay valid for a week beside their successor, and there are two at most', async () => {
      const first = await secrets().rotate(app, ACTOR);
      now += 1;
      const second = await secrets().rotate(app, ACTOR);
      assert.deepEqual(await secrets().of(app), [second, first]);
      now += 1;
      const third = await secrets().rotate(app, ACTOR);
      assert.deepEqual(await secrets().of(app), [third, second]);
      now += OVERLAP;
      assert.deepEqual(await secrets().of(app), [third]);
      await new KnexAppSecretStore(database()).forget(now);
      assert.equal((await database()('app_secrets')).length, 1);
    });

    it('go with their app', async () => {
      await secrets().rotate(app, ACTOR);
      await new KnexAppStore(database()).remove(app.id);
      assert.deepEqual(await secrets().of(app), []);
    });
  });
}
