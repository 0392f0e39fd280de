import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'mails', (table) => {
    table.string('id', 26).primary();
    // Null for an address without an account, and after the account is deleted: the mail is sent all the same.
    table.string('account_id', 26).references('id').inTable('accounts').onDelete('set null');
    table.string('address', 254).notNullable();
    table.string('kind', 40).notNullable();
    table.string('state', 20).notNullable();
    table.integer('tries').notNullable();
    moment(table, 'created_at').notNullable();
    moment(table, 'due_at').notNullable();
    moment(table, 'expires_at').notNullable();
    moment(table, 'settled_at');
    table.text('fault');
    // Sealed; deleted when the mail no longer waits.
    table.text('letter');
    table.index(['state', 'due_at']);
    table.index(['account_id', 'id']);
    table.index(['settled_at']);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('mails');
}
