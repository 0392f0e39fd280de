import assert from 'node:assert/strict';
import { z } from 'zod';
import { columnsOf, mappedRow, toColumns } from '../../../src/storage/sql/row-mapper.ts';
import { integerColumn, json } from '../../../src/storage/sql/rows.ts';

const ROW = mappedRow({
  id: z.string(),
  createdAt: integerColumn,
  lastSeenAt: integerColumn.nullable(),
  data: json,
});

describe('A mapped row', () => {
  it('reads each property from the column with its name, and ignores other columns', () => {
    const row = { id: 'a', created_at: 5, last_seen_at: null, data: '{"some_key":1}', name_key: 'x' };
    assert.deepEqual(ROW.parse(row), { id: 'a', createdAt: 5, lastSeenAt: null, data: { some_key: 1 } });
  });

  it('reads 64-bit integers as PostgreSQL returns them', () => {
    const row = { id: 'a', created_at: '1893456000000', last_seen_at: '-1', data: '1' };
    assert.deepEqual(ROW.parse(row), { id: 'a', createdAt: 1_893_456_000_000, lastSeenAt: -1, data: 1 });
  });

  it('refuses a column that is missing, null although required, or not an integer', () => {
    const row = { id: 'a', created_at: 5, last_seen_at: null, data: '1' };
    const { last_seen_at: _, ...missing } = row;
    for (const wrong of [missing, { ...row, id: null }, { ...row, created_at: '5.5' }, undefined, null])
      assert.equal(ROW.safeParse(wrong).success, false, JSON.stringify(wrong));
  });

  it('may be missing if it is optional', () => {
    assert.equal(ROW.optional().parse(undefined), undefined);
  });

  it('names its columns, and writes those of a record', () => {
    assert.deepEqual(columnsOf(ROW), ['id', 'created_at', 'last_seen_at', 'data']);
    const record = { id: 'a', createdAt: 5, lastSeenAt: null, data: undefined, nameKey: 'x' };
    assert.deepEqual(toColumns(ROW, record), { id: 'a', created_at: 5, last_seen_at: null });
  });
});
