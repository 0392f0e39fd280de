import type { Knex } from 'knex';
import { createTable, dropColumns, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await createTable(db, 'groups', (table) => {
    table.string('id', 26).primary();
    table.text('name').notNullable();
    table.string('name_key', 43).notNullable().unique();
    table.string('rule', 20).notNullable();
    table.text('methods').notNullable();
    table.text('grace').notNullable();
    // Since when the rule has been mandatory; 0 while it is not.
    moment(table, 'mandatory_since').notNullable();
  });
  await createTable(db, 'group_members', (table) => {
    table.string('group_id', 26).notNullable().references('id').inTable('groups').onDelete('cascade');
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    moment(table, 'joined_at').notNullable();
    table.primary(['group_id', 'account_id']);
    table.index('account_id');
  });
  await createTable(db, 'graces', (table) => {
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    // "site", "person", or a group's id. No foreign key, because the first two are not rows.
    table.string('source', 26).notNullable();
    moment(table, 'began_at').notNullable();
    table.primary(['account_id', 'source']);
    table.index('source');
  });
  await db.schema.alterTable('accounts', (altered) => {
    const table = altered as Knex.CreateTableBuilder;
    // "Enforce 2FA" for this person alone.
    moment(table, 'enforced_at');
    table.text('enforced_grace');
    // When an authenticator was last removed: there is no grace period for the next one.
    moment(table, 'factor_removed_at');
    moment(table, 'reminded_at');
  });
}

export async function down(db: Knex): Promise<void> {
  await dropColumns(db, 'accounts', 'enforced_at', 'enforced_grace', 'factor_removed_at', 'reminded_at');
  await db.schema.dropTable('graces');
  await db.schema.dropTable('group_members');
  await db.schema.dropTable('groups');
}
