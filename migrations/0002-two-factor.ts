import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'authenticators', (table) => {
    table.string('id', 26).primary();
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    table.string('method', 20).notNullable();
    table.text('name').notNullable();
    table.string('name_key', 43).notNullable();
    table.text('data').notNullable();
    moment(table, 'last_step').notNullable().defaultTo(0);
    moment(table, 'created_at').notNullable();
    moment(table, 'last_used_at');
    moment(table, 'blocked_at');
    table.unique(['account_id', 'name_key']);
    table.index(['method', 'id']);
  });
  await createTable(db, 'challenges', (table) => {
    table.string('id', 26).primary();
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    table.string('purpose', 20).notNullable();
    table.string('browser_hash', 43).notNullable();
    table.text('address').notNullable();
    table.string('code_hash', 64).notNullable();
    moment(table, 'sent_at').notNullable();
    moment(table, 'expires_at').notNullable();
    table.integer('tries').notNullable();
    moment(table, 'used_at');
    table.unique(['account_id', 'purpose', 'browser_hash']);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('challenges');
  await db.schema.dropTable('authenticators');
}
