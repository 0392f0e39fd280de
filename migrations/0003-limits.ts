import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'throttles', (table) => {
    table.string('subject_hash', 43).primary();
    table.integer('failures').notNullable();
    moment(table, 'wait_until').notNullable();
  });
  await createTable(db, 'allowances', (table) => {
    table.string('subject_hash', 43).primary();
    table.integer('version').notNullable();
    table.text('times').notNullable();
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('allowances');
  await db.schema.dropTable('throttles');
}
