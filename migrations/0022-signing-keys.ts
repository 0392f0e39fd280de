import type { Knex } from 'knex';
import { createTable, moment } from './table.ts';

/** The keys that sign ID tokens and logout tokens. */
export async function up(db: Knex): Promise<void> {
  await createTable(db, 'signing_keys', (table) => {
    table.string('id', 26).primary();
    table.string('algorithm', 10).notNullable();
    table.string('state', 10).notNullable();
    // "next" and "current" exist once per algorithm; for a retired key, its id.
    table.string('slot', 26).notNullable();
    table.text('sealed').notNullable();
    moment(table, 'created_at').notNullable();
    // Until when a retired key is published; null before that.
    moment(table, 'ends_at');
    table.unique(['algorithm', 'slot']);
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('signing_keys');
}
