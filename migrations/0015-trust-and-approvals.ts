import type { Knex } from 'knex';
import { dropColumns, moment } from './table.ts';

export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable('sign_ins', (table) => {
    // The trusted browser that replaced the code of the sign-in. No foreign key: the id has to stay when the trusted browser is
    // deleted, because that shows that the sign-in is over.
    table.string('trusted_browser_id', 26);
  });
  await db.schema.alterTable('accounts', (table) => {
    // From when the approvals of an administrator count; null: they do not.
    moment(table as Knex.CreateTableBuilder, 'approves_from');
  });
  // Approvals of existing administrators count at once: they could do everything before.
  await db('accounts').where({ role: 'administrator' }).update({ approves_from: 0 });
}

export async function down(db: Knex): Promise<void> {
  await dropColumns(db, 'accounts', 'approves_from');
  await dropColumns(db, 'sign_ins', 'trusted_browser_id');
}
