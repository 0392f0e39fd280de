import type { Knex } from 'knex';
import { createTable, dropColumns, moment } from './table.ts';

/** Apps that speak a protocol: their settings, their secrets, and who has agreed to what they learn. */
export async function up(db: Knex): Promise<void> {
  // JSON; null for an app behind a proxy.
  await db.schema.alterTable('apps', (table) => {
    table.text('details');
  });
  await createTable(db, 'app_secrets', (table) => {
    table.string('id', 26).primary();
    table.string('app_id', 26).notNullable().references('id').inTable('apps').onDelete('cascade').index();
    table.text('sealed').notNullable();
    moment(table, 'created_at').notNullable();
    // Until when it is valid beside a newer one; null: for good.
    moment(table, 'ends_at');
  });
  await createTable(db, 'app_consents', (table) => {
    table.string('app_id', 26).notNullable().references('id').inTable('apps').onDelete('cascade');
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    table.text('scopes').notNullable();
    moment(table, 'given_at').notNullable();
    table.primary(['app_id', 'account_id']);
    table.index('account_id');
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('app_consents');
  await db.schema.dropTable('app_secrets');
  await db('apps').whereNot({ kind: 'host' }).delete();
  await dropColumns(db, 'apps', 'details');
}
