import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { SubmissionStore } from '../../../src/limits/submissions.ts';
import { SubmissionsInMemory } from '../../../src/limits/submissions-in-memory.ts';
import { KnexSubmissionStore } from '../../../src/storage/submissions.ts';
import { type Engine, useDatabase } from '../../support/databases.ts';

const LIFETIME = 600;

/** The guarantees of a store of submitted forms. `passes`: advances its time by this many milliseconds. */
export function submissionStoreSuite(
  store: () => SubmissionStore,
  passes: (milliseconds: number) => Promise<void>,
): void {
  const newKey = () => randomBytes(32).toString('base64url');

  it('lets the first request claim a key, and returns what is stored to the others', async () => {
    const [key, other] = [newKey(), newKey()];
    assert.equal(await store().claim(key, 'one', LIFETIME), undefined);
    assert.equal(await store().claim(key, 'two', LIFETIME), 'one');
    assert.equal(await store().claim(other, 'three', LIFETIME), undefined);
    assert.equal(await store().read(key), 'one');
    assert.equal(await store().read(newKey()), undefined);
  });

  it('lets one of twenty claim a key', async () => {
    const key = newKey();
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => store().claim(key, `text ${index}`, LIFETIME * 10)),
    );
    assert.equal(claims.filter((present) => present === undefined).length, 1);
    assert.equal(new Set(claims).size, 2, 'all others find the same');
  });

  it('replaces a text, and deletes it', async () => {
    const key = newKey();
    await store().claim(key, 'claimed', LIFETIME);
    const answer = 'ä日'.repeat(20_000);
    await store().write(key, answer, LIFETIME);
    assert.equal(await store().claim(key, 'again', LIFETIME), answer);
    await store().remove(key);
    assert.equal(await store().read(key), undefined);
    assert.equal(await store().claim(key, 'anew', LIFETIME), undefined);
  });

  it('deletes an expired text', async () => {
    const key = newKey();
    await store().claim(key, 'one', LIFETIME);
    await passes(LIFETIME + 50);
    assert.equal(await store().read(key), undefined);
    assert.equal(await store().claim(key, 'two', LIFETIME), undefined);
    assert.equal(await store().read(key), 'two');
  });
}

export function submissionsSuite(engine: Engine): void {
  describe('submitted forms in the database', () => {
    const database = useDatabase(engine);
    let store: KnexSubmissionStore;
    let faults: unknown[];
    let now = 1_800_000_000_000;
    beforeEach(() => {
      faults = [];
      store = new KnexSubmissionStore(
        database(),
        () => now,
        (error) => faults.push(error),
      );
    });
    afterEach(async () => {
      await store.close();
      assert.deepEqual(faults, []);
    });

    submissionStoreSuite(
      () => store,
      async (milliseconds) => {
        now += milliseconds;
      },
    );

    it('are deleted when they have expired', async () => {
      await store.claim('old', 'one', 1000);
      now += 1000;
      await store.claim('new', 'two', 1000);
      await store.cleanUp();
      const rows: { form_hash: string }[] = await database()('submissions').select('form_hash');
      assert.deepEqual(
        rows.map((row) => row.form_hash),
        ['new'],
      );
    });
  });
}

export function submissionsInMemorySuite(): void {
  let now = 1_800_000_000_000;
  const clock = () => now;
  let store = new SubmissionsInMemory(clock);
  beforeEach(() => {
    store = new SubmissionsInMemory(clock);
  });
  submissionStoreSuite(
    () => store,
    async (milliseconds) => {
      now += milliseconds;
    },
  );

  it('deletes the oldest when there is too much', async () => {
    const text = 'x'.repeat(1024 * 1024);
    for (let count = 0; count < 20; count += 1) await store.claim(`key ${count}`, text, 10_000);
    assert.equal(await store.read('key 3'), undefined);
    assert.equal(await store.read('key 4'), text);
    assert.equal(await store.read('key 19'), text);
  });
}
