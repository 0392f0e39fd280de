import { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import type { GraceKey, GraceStarts, GraceStore } from '../policy/policies.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow } from './sql/row-mapper.ts';
import { integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'graces';

export const graceRow = mappedRow({ accountId: z.string(), source: z.string(), beganAt: integerColumn });
const graceRows = z.array(graceRow);

export class KnexGraceStore extends SqlStore implements GraceStore {
  async of(accountIds: readonly string[]): Promise<ReadonlyMap<string, GraceStarts>> {
    return beginningsOf(await this.db(TABLE).whereIn('account_id', [...accountIds]));
  }

  /** Of several at once the primary key accepts one. A grace period that began before `since` begins again, once. */
  async begin(accountId: string, source: GraceKey, since: Instant, at: Instant): Promise<void> {
    const grace = { account_id: accountId, source };
    await retryOnConflict(this.db, async () => {
      const begunAnew = await this.db(TABLE)
        .where(grace)
        .where('began_at', '<', since)
        .update({ began_at: at });
      if (begunAnew === 1) return;
      await this.db(TABLE)
        .insert({ ...grace, began_at: at })
        .onConflict(['account_id', 'source'])
        .ignore();
    });
  }
}

/** The starts of grace periods in these rows, by account. */
export function beginningsOf(rows: unknown): ReadonlyMap<string, GraceStarts> {
  const byAccount = Map.groupBy(graceRows.parse(rows), ({ accountId }) => accountId);
  return new Map(
    [...byAccount].map(([id, graces]) => [
      id,
      new Map(graces.map(({ source, beganAt }) => [source, beganAt])),
    ]),
  );
}
