import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'reset_requests', (table) => {
    table.string('id', 26).primary();
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    // The account while the request is open, null afterwards: the index refuses a second open request.
    table.string('open_slot', 26).unique();
    table.string('kind', 20).notNullable();
    table.string('state', 20).notNullable();
    // Incremented by each decision, which locks the row: a concurrent decision waits for it.
    table.integer('version').notNullable().defaultTo(0);
    moment(table, 'asked_at').notNullable();
    table.text('asked_by').notNullable();
    table.text('browser').notNullable();
    table.text('address').notNullable();
    table.text('happened').notNullable();
    table.text('contact').notNullable();
    moment(table, 'due_at');
    moment(table, 'closed_at');
    table.text('closed_by');
    table.text('closing_note');
    table.index(['account_id', 'asked_at']);
    table.index(['state', 'due_at']);
  });
  await createTable(db, 'reset_approvals', (table) => {
    table
      .string('request_id', 26)
      .notNullable()
      .references('id')
      .inTable('reset_requests')
      .onDelete('cascade');
    table
      .string('administrator_id', 26)
      .notNullable()
      .references('id')
      .inTable('accounts')
      .onDelete('cascade');
    moment(table, 'at').notNullable();
    table.text('note').notNullable();
    table.primary(['request_id', 'administrator_id']);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('reset_approvals');
  await db.schema.dropTable('reset_requests');
}
