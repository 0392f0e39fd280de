import assert from 'node:assert/strict';
import { onQueryError } from '../../src/storage/sql/conflicts.ts';
import { SQLITE, useDatabase } from '../support/databases.ts';

describe('Reported failures', () => {
  const database = useDatabase(SQLITE);

  it('are failed statements, except those that only find a key taken', async () => {
    let failures = 0;
    onQueryError(database(), () => {
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
});
