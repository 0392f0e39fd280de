import type { Knex } from 'knex';
import { newToken } from '../kernel/identifiers.ts';
import { KnexBackoffStore, throttleRow } from './limits.ts';
import { onQueryError } from './sql/conflicts.ts';
import { ping } from './sql/database.ts';
import { transaction } from './sql/transaction.ts';

/** Resolves if a dependency works; rejects otherwise. */
type Readiness = () => Promise<void>;

/**
 * Checks that a database works: resolves within seconds, or rejects. With a full disk it still answers, but accepts no writes:
 * after a failed statement the check therefore writes as well, until that works. Otherwise it writes nothing, because monitors
 * call it every few seconds.
 */
export function readinessOf(db: Knex): Readiness {
  let isInDoubt = false;
  onQueryError(db, () => {
    isInDoubt = true;
  });
  return async () => {
    // First, because it has a time limit: a database that hangs gets no further statement.
    await ping(db);
    if (!isInDoubt) return;
    await writeSomething(db);
    isInDoubt = false;
  };
}

/** Writes a row that belongs to nobody, and deletes it again in the same transaction. */
export async function writeSomething(db: Knex): Promise<void> {
  const subject = `readiness:${newToken()}`;
  await transaction(db, async (trx) => {
    await new KnexBackoffStore(trx).replace(subject, NOTHING, NOTHING);
    await throttleRow(trx, subject).delete();
  });
}

const NOTHING = { failures: 0, waitUntil: 0 };

/** Calls `failed` when the ping fails. */
export function observed(ping: Readiness, failed: () => void): Readiness {
  return async () => {
    try {
      await ping();
    } catch (error) {
      failed();
      throw error;
    }
  };
}
