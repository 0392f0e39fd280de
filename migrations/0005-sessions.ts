import type { Knex } from 'knex';
import { createTable } from './table.ts';

/** The columns of connect-session-knex 5, the first session store. */
export async function up(db: Knex): Promise<void> {
  await createTable(db, 'sessions', (table) => {
    table.string('sid', 255).primary();
    table.json('sess').notNullable();
    table.dateTime('expired').notNullable().index();
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.dropTable('sessions');
}
