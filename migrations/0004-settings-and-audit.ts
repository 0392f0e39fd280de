import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'settings', (table) => {
    table.string('name', 40).primary();
    table.text('value').notNullable();
  });
  // No foreign keys: entries are kept when an account is deleted.
  await createTable(db, 'audit_events', (table) => {
    table.string('id', 26).primary();
    moment(table, 'at').notNullable();
    table.string('event', 60).notNullable();
    table.string('actor_id', 26);
    table.text('actor_label').notNullable();
    table.string('subject_id', 26);
    table.text('subject_label').notNullable();
    table.text('people_key').notNullable();
    table.text('address').notNullable();
    table.text('browser').notNullable();
    table.text('request_id').notNullable();
    table.text('detail').notNullable();
    table.index(['at', 'id']);
    table.index(['event', 'at']);
    table.index(['actor_id', 'at']);
    table.index(['subject_id', 'at']);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('audit_events');
  await db.schema.dropTable('settings');
}
