import type { Knex } from 'knex';
import type { Clock } from '../kernel/time.ts';
import { backUp, type RestoreOutcome, restore } from './backup.ts';
import { explained, type NamedDatabase, prepare } from './preparation.ts';
import { isNew, pendingMigrations } from './sql/database.ts';

/** What a start and the command line do with a database as a whole. */
export interface DatabaseOperations {
  /** Migrates the tables; several instances may call it at once. Rejects with an EnvironmentFault that says what to do. */
  readonly migrate: () => Promise<void>;
  readonly pendingMigrations: () => Promise<readonly string[]>;
  /** Whether the database has no tables of the portal yet. */
  readonly isNew: () => Promise<boolean>;
  /** A consistent snapshot of the database as lines. Without sessions; the secrets are not in the database. */
  readonly backUp: () => AsyncGenerator<string>;
  /** Fills an empty database of this version. */
  readonly restore: (lines: AsyncIterable<string>) => Promise<RestoreOutcome>;
}

export function operationsOn(db: Knex, named: NamedDatabase, clock: Clock): DatabaseOperations {
  return {
    migrate: () => prepare(db, named),
    pendingMigrations: () => explained(named, () => pendingMigrations(db)),
    isNew: () => isNew(db),
    backUp: () => backUp(db, clock()),
    restore: (lines) => restore(db, lines),
  };
}
