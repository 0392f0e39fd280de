import type { Knex } from 'knex';
import { createTable, dropColumns, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'recovery_codes', (table) => {
    table.string('id', 26).primary();
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    table.string('salt', 22).notNullable();
    table.string('code_hash', 43).notNullable();
    moment(table, 'created_at').notNullable();
    moment(table, 'used_at');
    table.unique(['account_id', 'code_hash']);
  });
  await createTable(db, 'trusted_browsers', (table) => {
    table.string('id', 26).primary();
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    table.string('token_hash', 43).notNullable();
    // Digest of the password, the authenticators and the policy: a change of any of them ends the trust.
    table.string('basis', 43).notNullable();
    table.text('browser').notNullable();
    table.text('address').notNullable();
    moment(table, 'created_at').notNullable();
    moment(table, 'expires_at').notNullable();
    table.index(['account_id', 'created_at']);
  });
  await createTable(db, 'sign_ins', (table) => {
    table.string('id', 26).primary();
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    table.integer('epoch').notNullable();
    table.text('browser').notNullable();
    table.text('address').notNullable();
    moment(table, 'started_at').notNullable();
    moment(table, 'last_seen_at').notNullable();
    moment(table, 'ended_at');
    table.index(['account_id', 'started_at']);
  });
  await db.schema.alterTable('authenticators', (table) => {
    // When the person chose it as preferred; the latest choice counts.
    moment(table as Knex.CreateTableBuilder, 'preferred_at');
  });
}

export async function down(db: Knex): Promise<void> {
  await dropColumns(db, 'authenticators', 'preferred_at');
  await db.schema.dropTable('sign_ins');
  await db.schema.dropTable('trusted_browsers');
  await db.schema.dropTable('recovery_codes');
}
