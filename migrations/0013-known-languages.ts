import type { Knex } from 'knex';
import { dropColumns } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable('accounts', (table) => {
    // The same length as `locale`, which is the person's own choice.
    table.string('known_language', 35);
  });
}

export async function down(db: Knex): Promise<void> {
  await dropColumns(db, 'accounts', 'known_language');
}
