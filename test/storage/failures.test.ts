import assert from 'node:assert/strict';
import session, { type SessionData } from 'express-session';
import { hearFailures } from '../../src/storage/contention.ts';
import { ObservedSessions } from '../../src/storage/observed-sessions.ts';
import { SQLITE, useDatabase } from '../support/databases.ts';

describe('Failures that are told of', () => {
  const database = useDatabase(SQLITE);

  it('are statements that cannot be answered, and not those that find a key taken', async () => {
    let failures = 0;
    hearFailures(database(), () => {
      failures += 1;
    });
    const row = { scope: 'one', started_at: 1 };
    await database().raw('create temporary table taken (scope text primary key, started_at integer)');
    await database()('taken').insert(row);
    await assert.rejects(async () => database()('taken').insert(row));
    assert.equal(failures, 0);
    await assert.rejects(async () => database()('no_such_table').select());
    assert.equal(failures, 1);
    await assert.rejects(database().transaction(async (trx) => trx('no_such_table').select()));
    assert.equal(failures, 2);
  });

  it('are all calls of a session store that fail; whoever called hears of it, too', async () => {
    let failures = 0;
    const data = { cookie: {} } as SessionData;
    const memory = new session.MemoryStore();
    const good = new ObservedSessions(memory, () => {
      failures += 1;
    });
    const down = new Error('down');
    const fail = (_sid: string, ...rest: unknown[]) => (rest.at(-1) as (error: unknown) => void)(down);
    const broken = new ObservedSessions(
      Object.assign(new session.MemoryStore(), { get: fail, set: fail, touch: fail, destroy: fail }),
      () => {
        failures += 1;
      },
    );
    for (const [store, error] of [
      [good, undefined],
      [broken, down],
    ] as const) {
      const heard: unknown[] = [];
      const hear = (one?: unknown) => void heard.push(one ?? undefined);
      store.set('sid', data, hear);
      store.touch('sid', data, hear);
      store.get('sid', hear);
      store.destroy('sid', hear);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.deepEqual(heard, [error, error, error, error]);
    }
    assert.equal(failures, 4);
  });
});
