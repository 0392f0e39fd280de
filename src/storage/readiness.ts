import type { Knex } from 'knex';
import { newToken } from '../identifiers.ts';
import { hearFailures, transaction } from './contention.ts';
import { ping } from './database.ts';
import { KnexThrottleStore, throttleRow } from './limits.ts';

/** Asks a part whether it is there; rejects when it is not. */
type Readiness = () => Promise<void>;

/**
 * Asks a database whether it does what the portal needs of it: resolves within seconds, or rejects. Where its disk is full
 * it still answers, and takes nothing. So after a statement has failed it has to take something, too, until it does;
 * while none fails nothing is written, for whoever watches asks every few seconds.
 */
export function readinessOf(db: Knex): Readiness {
  let isInDoubt = false;
  hearFailures(db, () => {
    isInDoubt = true;
  });
  return async () => {
    // First, for it has a time limit: what hangs is not asked for more.
    await ping(db);
    if (!isInDoubt) return;
    await writeSomething(db);
    isInDoubt = false;
  };
}

/** Writes a row that stands for nobody, and takes it back: nothing is left, and everything on the way there has worked. */
async function writeSomething(db: Knex): Promise<void> {
  const subject = `readiness:${newToken()}`;
  await transaction(db, async (trx) => {
    await new KnexThrottleStore(trx).replace(subject, NOTHING, NOTHING);
    await throttleRow(trx, subject).delete();
  });
}

const NOTHING = { failures: 0, waitUntil: 0 };

/** A ping that tells when it fails. */
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
