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

    it('are two at most, also when twenty rotate them at the same moment', async () => {
      await secrets().make(app);
      await Promise.all(Array.from({ length: 20 }, () => secrets().rotate(app, ACTOR)));
      assert.equal((await secrets().of(app)).length, 2);
      assert.equal(recorded.length, 20);
    });

    it('are rotated once by twenty who have seen the same one', async () => {
      const first = await secrets().make(app);
      const [seen] = await secrets().standing(app);
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => secrets().rotateFrom(seen?.id, app, ACTOR)),
      );
      const [made, ...more] = outcomes.filter((one) => one !== undefined);
      assert.deepEqual(more, []);
      assert.deepEqual(await secrets().of(app), [made, first]);
      assert.deepEqual(recorded, ['app.secret-rotated']);
      assert.equal(await secrets().rotateFrom(undefined, app, ACTOR), undefined);
    });

    it('end before their week when the former one is ended, once', async () => {
      const first = await secrets().make(app);
      assert.equal(await secrets().endFormer(app, ACTOR), false);
      assert.deepEqual(await secrets().of(app), [first], 'the only one stays');
      now += 1;
      const second = await secrets().rotate(app, ACTOR);
      assert.deepEqual(
        (await secrets().standing(app)).map(({ createdAt, endsAt }) => [createdAt, endsAt]),
        [
          [now, null],
          [now - 1, now + OVERLAP],
        ],
      );
      const ended = await Promise.all(Array.from({ length: 20 }, () => secrets().endFormer(app, ACTOR)));
      assert.equal(ended.filter(Boolean).length, 1);
      assert.deepEqual(await secrets().of(app), [second]);
      assert.deepEqual(recorded, ['app.secret-rotated', 'app.secret-ended']);
    });

    it('may come from the app, sealed like the others, and are dropped together', async () => {
      const given = 'made-by-the-app-itself-1234';
      assert.equal(await secrets().rotate(app, ACTOR, given), given);
      assert.ok(!JSON.stringify(await database()('app_secrets')).includes(given));
      assert.deepEqual(await secrets().of(app), [given]);
      await secrets().drop(app);
      assert.deepEqual(await database()('app_secrets'), []);
    });
  });
}
