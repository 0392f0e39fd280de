import type { Knex } from 'knex';

const COLUMNS = ['name_key', 'email_key'] as const;

/**
 * People are searched for by parts of names and addresses. PostgreSQL can index that with pg_trgm, a bundled extension that the
 * owner of a database may create. Without it, and on other databases, a search scans all accounts.
 */
export async function up(db: Knex): Promise<void> {
  if (db.client.dialect !== 'postgresql' || !(await hasTrigrams(db))) return;
  for (const column of COLUMNS) {
    await db.raw('create index ?? on accounts using gin (?? gin_trgm_ops)', [nameOf(column), column]);
  }
}

export async function down(db: Knex): Promise<void> {
  if (db.client.dialect !== 'postgresql') return;
  for (const column of COLUMNS) await db.raw('drop index if exists ??', [nameOf(column)]);
}

/** In a nested transaction: otherwise a refusal would abort the whole migration. */
async function hasTrigrams(db: Knex): Promise<boolean> {
  try {
    await db.transaction((inner) => inner.raw('create extension if not exists pg_trgm'));
    return true;
  } catch {
    return false;
  }
}

function nameOf(column: (typeof COLUMNS)[number]): string {
  return `accounts_${column}_trigrams`;
}
