import type { Knex } from 'knex';
import { z } from 'zod';
import type { Instant } from '../time.ts';
import type { Beginnings, GraceKey, GraceStore } from '../two-factor/policies.ts';
import { persistently } from './contention.ts';
import { whole } from './rows.ts';

const TABLE = 'graces';

export const graceRow = z.object({ account_id: z.string(), source: z.string(), began_at: whole });
const graceRows = z.array(graceRow);

/** When graces began, in the database. */
export class KnexGraceStore implements GraceStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async of(accountIds: readonly string[]): Promise<ReadonlyMap<string, Beginnings>> {
    return beginningsOf(await this.#db(TABLE).whereIn('account_id', [...accountIds]));
  }

  /** The key decides between those who begin it at once; what began before `since` makes room, once. */
  async begin(accountId: string, source: GraceKey, since: Instant, at: Instant): Promise<void> {
    const grace = { account_id: accountId, source };
    await persistently(async () => {
      const begunAnew = await this.#db(TABLE)
        .where(grace)
        .where('began_at', '<', since)
        .update({ began_at: at });
      if (begunAnew === 1) return;
      await this.#db(TABLE)
        .insert({ ...grace, began_at: at })
        .onConflict(['account_id', 'source'])
        .ignore();
    });
  }
}

/** The beginnings by account that rows of the table say. */
export function beginningsOf(rows: unknown): ReadonlyMap<string, Beginnings> {
  const byAccount = Map.groupBy(graceRows.parse(rows), ({ account_id }) => account_id);
  return new Map(
    [...byAccount].map(([id, graces]) => [
      id,
      new Map(graces.map(({ source, began_at }) => [source, began_at])),
    ]),
  );
}
