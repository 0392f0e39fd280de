import type { Knex } from 'knex';
import { dropColumns, moment } from './table.ts';

/** When the password was last chosen by a mailed link; null after the next complete sign-in. */
export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable('accounts', (altered) => {
    moment(altered as Knex.CreateTableBuilder, 'reset_by_mail_at');
  });
}

export async function down(db: Knex): Promise<void> {
  await dropColumns(db, 'accounts', 'reset_by_mail_at');
}
