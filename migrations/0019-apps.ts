import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

/** Apps, who may use them, and who is signed in to them. */
export async function up(db: Knex): Promise<void> {
  await createTable(db, 'apps', (table) => {
    table.string('id', 26).primary();
    table.text('name').notNullable();
    table.string('name_key', 43).notNullable().unique();
    table.string('kind', 20).notNullable();
    table.text('origin').notNullable();
    table.string('host', 300).notNullable().unique();
    // Unique, because the ports of a host share their cookies.
    table.string('cookie_host', 300).notNullable().unique();
    // "everybody", or "groups": those in app_groups. Without rows there, nobody.
    table.string('audience', 20).notNullable();
    table.string('proof', 20).notNullable();
    table.integer('fresh_minutes');
    table.integer('confirms_email').notNullable();
    table.string('remote_user', 20).notNullable();
    moment(table, 'created_at').notNullable();
  });
  await createTable(db, 'app_groups', (table) => {
    table.string('app_id', 26).notNullable().references('id').inTable('apps').onDelete('cascade');
    table.string('group_id', 26).notNullable().references('id').inTable('groups').onDelete('cascade');
    table.primary(['app_id', 'group_id']);
    table.index('group_id');
  });
  await createTable(db, 'app_uses', (table) => {
    table.string('app_id', 26).notNullable().references('id').inTable('apps').onDelete('cascade');
    table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
    moment(table, 'last_at').notNullable();
    table.primary(['app_id', 'account_id']);
    table.index('account_id');
    table.index(['app_id', 'last_at']);
  });
  await createTable(db, 'hand_overs', (table) => {
    table.string('code_hash', 43).primary();
    belongings(table);
    table.string('nonce_hash', 43).notNullable();
    table.text('path').notNullable();
    moment(table, 'expires_at').notNullable().index();
    moment(table, 'used_at');
  });
  await createTable(db, 'app_sign_ins', (table) => {
    table.string('id', 26).primary();
    table.string('token_hash', 43).notNullable().unique();
    belongings(table);
    moment(table, 'created_at').notNullable();
    moment(table, 'last_seen_at').notNullable();
    moment(table, 'expires_at').notNullable().index();
  });
}

/** It goes with its app, its sign-in and its account. */
function belongings(table: Knex.CreateTableBuilder): void {
  table.string('app_id', 26).notNullable().references('id').inTable('apps').onDelete('cascade');
  table.string('sign_in_id', 26).notNullable().references('id').inTable('sign_ins').onDelete('cascade');
  table.string('account_id', 26).notNullable().references('id').inTable('accounts').onDelete('cascade');
  table.index('app_id');
  table.index('sign_in_id');
  table.index('account_id');
}

export async function down(db: Knex): Promise<void> {
  for (const name of ['app_sign_ins', 'hand_overs', 'app_uses', 'app_groups', 'apps']) {
    await db.schema.dropTable(name);
  }
}
