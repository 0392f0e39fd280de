import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

/** Forms of the last seconds with their responses, for instances that share a database without Redis. */
export async function up(db: Knex): Promise<void> {
  await createTable(db, 'submissions', (table) => {
    table.string('form_hash', 43).primary();
    table.text('sealed', 'mediumtext').notNullable();
    moment(table, 'expires_at').notNullable().index();
  });
  // Rows live for seconds and need not survive a crash. Without a write-ahead log, writing does not wait for the disk.
  if (db.client.dialect === 'postgresql') await db.raw('alter table submissions set unlogged');
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('submissions');
}
