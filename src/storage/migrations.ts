import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { z } from 'zod';
import * as accounts from '../../migrations/0001-accounts.ts';
import * as twoFactor from '../../migrations/0002-two-factor.ts';
import * as limits from '../../migrations/0003-limits.ts';
import * as settingsAndAudit from '../../migrations/0004-settings-and-audit.ts';
import * as sessions from '../../migrations/0005-sessions.ts';
import * as recoveryAndTrust from '../../migrations/0006-recovery-and-trust.ts';
import * as resetRequests from '../../migrations/0007-reset-requests.ts';
import * as groupsAndGrace from '../../migrations/0008-groups-and-grace.ts';
import * as mails from '../../migrations/0009-mails.ts';
import * as search from '../../migrations/0010-search.ts';
import { type Instant, minutes } from '../time.ts';

/** Every migration in the order in which they run; the names are written into the database and stay for ever. */
const MIGRATIONS: ReadonlyMap<string, Knex.Migration> = new Map([
  ['0001-accounts', accounts],
  ['0002-two-factor', twoFactor],
  ['0003-limits', limits],
  ['0004-settings-and-audit', settingsAndAudit],
  ['0005-sessions', sessions],
  ['0006-recovery-and-trust', recoveryAndTrust],
  ['0007-reset-requests', resetRequests],
  ['0008-groups-and-grace', groupsAndGrace],
  ['0009-mails', mails],
  ['0010-search', search],
]);

const DONE_TABLE = 'knex_migrations';
const LOCK_TABLE = `${DONE_TABLE}_lock`;
const LONGEST_WAIT = minutes(1);

const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => [...MIGRATIONS.keys()],
  getMigrationName: (name) => name,
  getMigration: async (name) => {
    const migration = MIGRATIONS.get(name);
    if (!migration) throw new Error(`There is no migration "${name}".`);
    return migration;
  },
};

const MIGRATION_SETTINGS: Knex.MigratorConfig = { tableName: DONE_TABLE, migrationSource };

/**
 * Brings the database up to date. Instances that start together all call this: one migrates, the others wait for it,
 * a minute at most.
 */
export async function migrate(db: Knex): Promise<void> {
  const deadline = Date.now() + LONGEST_WAIT;
  await createBookkeeping(db);
  while (!(await migrateUnlessLocked(db, deadline))) await delay(200);
}

/** Takes everything back, newest first: the tables and what is in them are gone. `name`: this one alone, the newest. */
export async function migrateDown(db: Knex, name?: string): Promise<void> {
  if (name === undefined) await db.migrate.rollback(MIGRATION_SETTINGS, true);
  else await db.migrate.down({ ...MIGRATION_SETTINGS, name });
}

/** Takes the lock of the migrations, so that no instance starts on this database; false where another has it. */
export async function holdMigrations(db: Knex): Promise<boolean> {
  return (await db(LOCK_TABLE).where({ is_locked: 0 }).update({ is_locked: 1 })) === 1;
}

export async function releaseMigrations(db: Knex): Promise<void> {
  await db(LOCK_TABLE).update({ is_locked: 0 });
}

/** The names of the migrations that have not run yet. Writes nothing. */
export async function pendingMigrations(db: Knex): Promise<readonly string[]> {
  const done = await doneMigrations(db);
  return [...MIGRATIONS.keys()].filter((name) => !done.includes(name));
}

/** Whether no migration has ever run: there is nothing yet that one could harm. */
export async function isNew(db: Knex): Promise<boolean> {
  return (await doneMigrations(db)).length === 0;
}

/** The names of the migrations that have run. */
export async function doneMigrations(db: Knex): Promise<readonly string[]> {
  const rows: unknown = (await db.schema.hasTable(DONE_TABLE)) ? await db(DONE_TABLE).select('name') : [];
  return z
    .array(z.object({ name: z.string() }))
    .parse(rows)
    .map(({ name }) => name);
}

/**
 * Knex makes these tables itself, but two instances on an empty database can each insert a row to lock, and with two
 * rows nobody ever gets the lock. A fixed key allows one row only.
 */
async function createBookkeeping(db: Knex): Promise<void> {
  await createOnce(db, DONE_TABLE, (table) => {
    table.increments();
    table.string('name');
    table.integer('batch');
    table.timestamp('migration_time');
  });
  await createOnce(db, LOCK_TABLE, (table) => {
    table.increments('index').primary();
    table.integer('is_locked');
  });
  await db(LOCK_TABLE).insert({ index: 1, is_locked: 0 }).onConflict('index').ignore();
}

async function createOnce(
  db: Knex,
  name: string,
  columns: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  if (await db.schema.hasTable(name)) return;
  try {
    await db.schema.createTable(name, columns);
  } catch (error) {
    if (!(await db.schema.hasTable(name))) throw error;
  }
}

async function migrateUnlessLocked(db: Knex, deadline: Instant): Promise<boolean> {
  try {
    await db.migrate.latest(MIGRATION_SETTINGS);
    return true;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'MigrationLocked') throw error;
    if (Date.now() < deadline) return false;
    throw new Error(
      'Another instance has held the lock of the migrations for a minute. If none is running, one was stopped half-way: ' +
        `restore the backup, or set is_locked to 0 in the table ${LOCK_TABLE}, and start again.`,
      { cause: error },
    );
  }
}
