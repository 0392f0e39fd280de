import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'accounts', (table) => {
    table.string('id', 26).primary();
    table.text('email').notNullable();
    table.string('email_key', 320).notNullable().unique();
    table.text('name').notNullable();
    table.string('name_key', 255).notNullable().index();
    table.string('locale', 35);
    table.string('password_hash', 255);
    table.string('role', 20).notNullable();
    moment(table, 'disabled_at');
    table.integer('session_epoch').notNullable().defaultTo(0);
    moment(table, 'suggested_at');
    moment(table, 'created_at').notNullable();
    moment(table, 'last_sign_in_at');
    // 1 for the account of the set-up, null for all others: the index refuses one of two concurrent set-ups.
    table.smallint('founder').unique();
    table.index(['role', 'disabled_at']);
  });
  await createTable(db, 'links', (table) => {
    table.string('id', 26).primary();
    // Digest of purpose and recipient: a newer link replaces the earlier one.
    table.string('slot', 43).notNullable().unique();
    table.string('token_hash', 43).notNullable().unique();
    table.string('purpose', 20).notNullable();
    table.string('account_id', 26).references('id').inTable('accounts').onDelete('cascade');
    table.text('email');
    table.text('name');
    moment(table, 'created_at').notNullable();
    moment(table, 'expires_at').notNullable().index();
    moment(table, 'used_at');
    table.index('account_id');
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('links');
  await db.schema.dropTable('accounts');
}
