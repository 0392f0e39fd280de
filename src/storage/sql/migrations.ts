import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { z } from 'zod';
import * as accounts from '../../../migrations/0001-accounts.ts';
import * as twoFactor from '../../../migrations/0002-two-factor.ts';
import * as limits from '../../../migrations/0003-limits.ts';
import * as settingsAndAudit from '../../../migrations/0004-settings-and-audit.ts';
import * as sessions from '../../../migrations/0005-sessions.ts';
import * as recoveryAndTrust from '../../../migrations/0006-recovery-and-trust.ts';
import * as resetRequests from '../../../migrations/0007-reset-requests.ts';
import * as groupsAndGrace from '../../../migrations/0008-groups-and-grace.ts';
import * as mails from '../../../migrations/0009-mails.ts';
import * as search from '../../../migrations/0010-search.ts';
import * as spellings from '../../../migrations/0011-spellings.ts';
import * as knownLanguages from '../../../migrations/0013-known-languages.ts';
import * as resetsByMail from '../../../migrations/0014-resets-by-mail.ts';
import * as trustAndApprovals from '../../../migrations/0015-trust-and-approvals.ts';
import * as clients from '../../../migrations/0016-clients.ts';
import * as submissions from '../../../migrations/0017-submissions.ts';
import * as assurance from '../../../migrations/0018-assurance.ts';
import * as apps from '../../../migrations/0019-apps.ts';
import * as appKinds from '../../../migrations/0020-app-kinds.ts';
import * as oidcModels from '../../../migrations/0021-oidc-models.ts';
import * as signingKeys from '../../../migrations/0022-signing-keys.ts';
import * as appLogouts from '../../../migrations/0023-app-logouts.ts';
import { minutes, seconds } from '../../kernel/time.ts';

/** Every migration, in order. The names are stored in the database and never change. */
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
  ['0011-spellings', spellings],
  ['0013-known-languages', knownLanguages],
  ['0014-resets-by-mail', resetsByMail],
  ['0015-trust-and-approvals', trustAndApprovals],
  ['0016-clients', clients],
  ['0017-submissions', submissions],
  ['0018-assurance', assurance],
  ['0019-apps', apps],
  ['0020-app-kinds', appKinds],
  ['0021-oidc-models', oidcModels],
  ['0022-signing-keys', signingKeys],
  ['0023-app-logouts', appLogouts],
]);

const DONE_TABLE = 'knex_migrations';
const LOCK_TABLE = `${DONE_TABLE}_lock`;
/** How long to wait for another instance's lock, and the pause between two attempts. */
const LOCK_WAIT = minutes(1);
const LOCK_PAUSE = seconds(0.2);

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
 * Brings the database up to date. Instances that start together all call this: one migrates, the others wait up to a minute.
 */
export async function migrate(db: Knex): Promise<void> {
  await createBookkeeping(db);
  for (let waited = 0; !(await migrateUnlessLocked(db, waited)); waited += LOCK_PAUSE)
    await delay(LOCK_PAUSE);
}

/** Reverts all migrations, newest first, which deletes all data; with `name` only this one, which has to be the newest. */
export async function migrateDown(db: Knex, name?: string): Promise<void> {
  if (name === undefined) await db.migrate.rollback(MIGRATION_SETTINGS, true);
  else await db.migrate.down({ ...MIGRATION_SETTINGS, name });
}

/** Takes the lock of the migrations, so that no instance starts on this database; false if another process has it. */
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

/** Whether no migration has run yet: the database holds no data of the portal. */
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

async function migrateUnlessLocked(db: Knex, waited: number): Promise<boolean> {
  try {
    await db.migrate.latest(MIGRATION_SETTINGS);
    return true;
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'MigrationLocked') throw error;
    if (waited < LOCK_WAIT) return false;
    throw new Error(
      'Another instance has held the migration lock for a minute. If none is running, one was interrupted: ' +
        `restore the backup, or set is_locked to 0 in the table ${LOCK_TABLE}, and start again.`,
      { cause: error },
    );
  }
}
