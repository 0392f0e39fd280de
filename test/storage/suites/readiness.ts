import assert from 'node:assert/strict';
import type { Knex } from 'knex';
import { readinessOf } from '../../../src/storage/readiness.ts';
import { type Engine, useOwnDatabase } from '../../support/databases.ts';

/** A missing table simulates a full disk: statements without this table still work. */
export function readinessSuite(engine: Engine): void {
  describe('readiness', () => tellsReadiness(useOwnDatabase(engine)));
}

function tellsReadiness(database: () => Knex): void {
  let ready: () => Promise<void>;
  let asked: string[] = [];
  const hear = ({ sql }: { readonly sql: string }) => asked.push(sql);
  before(() => {
    ready = readinessOf(database());
    database().on('query', hear);
  });
  after(() => {
    database().off('query', hear);
  });
  beforeEach(() => {
    asked = [];
  });

  const rename = (from: string, to: string) => database().schema.renameTable(from, to);

  it('writes nothing unless a statement has failed', async () => {
    await ready();
    await ready();
    assert.deepEqual(asked, ['select 1', 'select 1']);
  });

  it('fails while the database responds but accepts no writes, and recovers once it does', async () => {
    await rename('throttles', 'elsewhere');
    try {
      await ready();
      await assert.rejects(async () => database()('throttles').delete());
      await assert.rejects(ready());
      await assert.rejects(ready());
    } finally {
      await rename('elsewhere', 'throttles');
    }
    await ready();
    assert.deepEqual(await database()('throttles'), []);
    asked = [];
    await ready();
    assert.deepEqual(asked, ['select 1']);
  });
}
