import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

/** Whom to tell that a sign-in has ended: one row for each sign-in to an app that can be told (back-channel logout). */
export async function up(db: Knex): Promise<void> {
  await createTable(db, 'app_logouts', (table) => {
    // The id of the sign-in to the app, which the app knows as `sid`.
    table.string('id', 26).primary();
    table.string('app_id', 26).notNullable().references('id').inTable('apps').onDelete('cascade').index();
    // No references: the app has to be told all the more once the account or the sign-in is gone.
    table.string('account_id', 26).notNullable();
    table.string('sign_in_id', 26).notNullable();
    table.string('state', 20).notNullable();
    table.integer('tries').notNullable();
    moment(table, 'created_at').notNullable();
    // When the sign-in was found to be over.
    moment(table, 'over_at');
    // When it is tried next; while the sign-in is open, when the trust that it may rest on is looked at.
    moment(table, 'due_at').notNullable();
    moment(table, 'settled_at');
    table.text('fault');
    table.index(['state', 'due_at']);
    table.index(['account_id', 'state']);
    table.index('settled_at');
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('app_logouts');
}
