import type { Knex } from 'knex';
import type { Atomically } from '../atomically.ts';

/** No setting, but the row that stands for all that is decided; it comes with the first decision. */
const LOCK = { name: 'decisions', value: 'null' };

/**
 * Units of work that change what applies to people: one at a time, on whichever instance. The lock is the first that each
 * asks for, so that all it reads is of a moment when no other decides.
 */
export function decisionsOn(db: Knex, atomically: Atomically): Atomically {
  return (work) =>
    atomically(async () => {
      await db('settings').insert(LOCK).onConflict('name').merge();
      return work();
    });
}
