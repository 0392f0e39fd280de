import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

/** What the OpenID Connect provider keeps: codes, tokens, grants and requests under way. */
export async function up(db: Knex): Promise<void> {
  await createTable(db, 'oidc_models', (table) => {
    table.string('type', 30).notNullable();
    // SHA-256 in base64url: who reads the database learns no code or token.
    table.string('id_hash', 43).notNullable();
    table.text('sealed').notNullable();
    // The grant that a code or token belongs to, and the grant's own; null for a request under way.
    table.string('grant_hash', 43).index();
    table.string('app_id', 26).references('id').inTable('apps').onDelete('cascade').index();
    table.string('account_id', 26).references('id').inTable('accounts').onDelete('cascade').index();
    table.string('sign_in_id', 26).references('id').inTable('sign_ins').onDelete('cascade').index();
    moment(table, 'expires_at').notNullable().index();
    moment(table, 'consumed_at');
    table.primary(['type', 'id_hash']);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('oidc_models');
}
