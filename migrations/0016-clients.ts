import type { Knex } from 'knex';
import { createTable, dropColumns, moment } from './table.ts';

const DAY = 24 * 60 * 60 * 1000;

/** Budgets per client, an expiry for counts, and a mail queue that is fair between clients. */
export async function up(db: Knex): Promise<void> {
  await createTable(db, 'client_budgets', (table) => {
    table.string('subject_hash', 43).primary();
    // When the count is back at zero. Each use moves it by the same step.
    moment(table, 'full_at').notNullable();
    moment(table, 'wait_until').notNullable();
    table.index('full_at');
  });
  await db.schema.alterTable('throttles', (table) => {
    // When the count expires; null: not before it is reset.
    moment(table as Knex.CreateTableBuilder, 'forget_at');
    table.index('forget_at');
  });
  await db.schema.alterTable('allowances', (table) => {
    moment(table as Knex.CreateTableBuilder, 'forget_at');
    table.index('forget_at');
  });
  // Subjects are hashed, so all old counts get an expiry. Counts in use get a new one before that.
  await db('throttles').update({ forget_at: Date.now() + 30 * DAY });
  await db('allowances').update({ forget_at: Date.now() + DAY });
  await db.schema.alterTable('mails', (table) => {
    // 0: mails without a client. Others take turns by client.
    table.integer('turn').notNullable().defaultTo(0);
    // The client that asked for the mail, while it waits.
    table.string('client_hash', 43);
    table.index(['state', 'turn', 'due_at', 'id'], 'mails_turns');
    table.index(['client_hash', 'turn'], 'mails_clients');
  });
}

export async function down(db: Knex): Promise<void> {
  await db.schema.alterTable('mails', (table) => {
    table.dropIndex([], 'mails_clients');
    table.dropIndex([], 'mails_turns');
  });
  await dropColumns(db, 'mails', 'turn', 'client_hash');
  for (const name of ['throttles', 'allowances']) {
    await db.schema.alterTable(name, (table) => table.dropIndex('forget_at'));
    await dropColumns(db, name, 'forget_at');
  }
  await db.schema.dropTable('client_budgets');
}
