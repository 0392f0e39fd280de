import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Knex } from 'knex';
import { onQueryError } from '../../../src/storage/sql/conflicts.ts';
import { openDatabase } from '../../../src/storage/sql/database.ts';
import { answerOf } from '../../../src/storage/sql/json-union.ts';
import { transaction } from '../../../src/storage/sql/transaction.ts';

const ALL = 'select name from people where name <> ?';

describe('What each request reads from a SQLite file', () => {
  let folder: string;
  let db: Knex;
  const file = () => path.join(folder, 'postern.sqlite');
  const names = (on: Knex = db) => answerOf(on, ALL, ['nobody']);

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'postern-'));
    db = openDatabase(`sqlite:${file()}`);
    await db.schema.createTable('people', (table) => table.string('name'));
    await db('people').insert({ name: 'Ann' });
  });
  afterEach(async () => {
    await db.destroy();
    rmSync(folder, { recursive: true });
  });

  it('is what was committed last, by this process or by another', async () => {
    assert.deepEqual(await names(), [{ name: 'Ann' }]);
    await db('people').update({ name: 'Bob' });
    assert.deepEqual(await names(), [{ name: 'Bob' }]);
    const other = openDatabase(`sqlite:${file()}`);
    await other('people').update({ name: 'Cem' });
    await other.destroy();
    assert.deepEqual(await names(), [{ name: 'Cem' }]);
  });

  it('waits for no transaction, and has nothing of one that is not committed', async () => {
    const { promise: over, resolve: end } = Promise.withResolvers<void>();
    const { promise: written, resolve: hasWritten } = Promise.withResolvers<void>();
    const writing = transaction(db, async (trx) => {
      await trx('people').update({ name: 'Bob' });
      assert.deepEqual(await names(trx), [{ name: 'Bob' }], 'the transaction itself sees it');
      hasWritten();
      await over;
    });
    await written;
    assert.deepEqual(await names(), [{ name: 'Ann' }]);
    end();
    await writing;
    assert.deepEqual(await names(), [{ name: 'Bob' }]);
  });

  it('is refused to the caller of an open transaction, which it would not see', async () => {
    await assert.rejects(
      transaction(db, () => names()),
      /outside of the open transaction/,
    );
  });

  it('cannot be a change', async () => {
    await names();
    await assert.rejects(answerOf(db, 'delete from people where name <> ? returning name', ['']), {
      code: 'SQLITE_READONLY',
    });
    assert.deepEqual(await names(), [{ name: 'Ann' }]);
  });

  it('is traced and counted as a failure like any statement', async () => {
    const asked: string[] = [];
    let failures = 0;
    db.on('query', ({ sql }: { readonly sql: string }) => asked.push(sql));
    onQueryError(db, () => {
      failures += 1;
    });
    await names();
    await assert.rejects(answerOf(db, 'select * from no_such_table', []));
    assert.deepEqual(asked, [ALL, 'select * from no_such_table']);
    assert.equal(failures, 1);
  });

  it('ends with the database, which leaves no write-ahead log behind', async () => {
    await names();
    await db.destroy();
    await assert.rejects(names());
    assert.equal(existsSync(`${file()}-wal`), false);
  });
});
