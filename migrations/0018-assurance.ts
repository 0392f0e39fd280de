import type { Knex } from 'knex';
import { dropColumns, moment } from './table.ts';

/** The factors that a sign-in has proven, and when the owner of an account has proven access to its mailbox. */
export async function up(db: Knex): Promise<void> {
  await db.schema.alterTable('sign_ins', (table) => {
    // JSON: [{"factor": "password", "at": 1767225600000}]. Null: the sign-in is older than this column.
    table.text('assurance');
  });
  await db.schema.alterTable('accounts', (table) => {
    moment(table as Knex.CreateTableBuilder, 'email_confirmed_at');
  });
  // Existing rows prove it in two cases: an authenticator that was created by a mailed code, and a password that was chosen by a
  // mailed link. For all others it is set at the next sign-in by a mailed code.
  const created = db('authenticators')
    .where({ method: 'email' })
    .whereRaw('?? = ??', ['account_id', 'accounts.id']);
  await db('accounts')
    .whereNotNull('reset_by_mail_at')
    .update({ email_confirmed_at: db.ref('reset_by_mail_at') });
  await db('accounts')
    .whereNull('email_confirmed_at')
    .update({ email_confirmed_at: created.min('created_at') });
}

export async function down(db: Knex): Promise<void> {
  await dropColumns(db, 'accounts', 'email_confirmed_at');
  await dropColumns(db, 'sign_ins', 'assurance');
}
