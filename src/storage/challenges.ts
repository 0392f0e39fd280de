import type { Knex } from 'knex';
import { z } from 'zod';
import type { Binding, Challenge, ChallengeStore } from '../codes/challenges.ts';
import { days, type Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { digest, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { transaction } from './sql/transaction.ts';

const TABLE = 'challenges';
/** Expired codes are kept this long, so that the page can say "expired" instead of "none was sent". */
const REMEMBERED = days(1);

export const challengeRow = mappedRow({
  id: z.string(),
  address: z.string(),
  codeHash: z.string(),
  sentAt: integerColumn,
  expiresAt: integerColumn,
  tries: integerColumn,
  usedAt: integerColumn.nullable(),
});

/** Challenges in the database: one for each account, purpose and browser. */
export class KnexChallengeStore extends SqlStore implements ChallengeStore {
  async find(binding: Binding): Promise<Challenge | undefined> {
    const row: unknown = await this.db(TABLE).where(bindingColumns(binding)).first();
    return challengeRow.optional().parse(row);
  }

  async replace(
    binding: Binding,
    challenge: Challenge,
    carried: { readonly now: Instant; readonly most: number },
  ): Promise<void> {
    await transaction(this.db, async (trx) => {
      // Locked until the commit: a guess in between waits, and its count is not lost.
      const found: unknown = await trx(TABLE).where(bindingColumns(binding)).forUpdate().first();
      const earlier = challengeRow.optional().parse(found);
      const tries =
        earlier && isLive(earlier, carried.now) ? Math.min(earlier.tries, carried.most) : challenge.tries;
      const row = { ...bindingColumns(binding), ...toColumns(challengeRow, { ...challenge, tries }) };
      await trx(TABLE).insert(row).onConflict(['account_id', 'purpose', 'browser_hash']).merge();
    });
    await this.#forget(binding.accountId, challenge.sentAt - REMEMBERED);
  }

  async takeTry(id: string, now: Instant, most: number): Promise<boolean> {
    const updated = await this.#live(id, now)
      .where('tries', '<', most)
      .update({ tries: this.db.raw('tries + 1') });
    return updated === 1;
  }

  async consume(id: string, now: Instant): Promise<boolean> {
    return (await this.#live(id, now).update({ used_at: now })) === 1;
  }

  #live(id: string, now: Instant): Knex.QueryBuilder {
    return this.db(TABLE).where({ id, used_at: null }).where('expires_at', '>', now);
  }

  /** Every sign-in has a browser secret of its own: without this the rows of an account would only grow in number. */
  async #forget(accountId: string, before: Instant): Promise<void> {
    await retryOnConflict(this.db, async () =>
      this.db(TABLE).where({ account_id: accountId }).where('expires_at', '<', before).delete(),
    );
  }
}

function isLive({ usedAt, expiresAt }: Challenge, now: Instant): boolean {
  return usedAt === null && expiresAt > now;
}

/** Only a digest of the browser's secret is stored: with the secret, a reader of the database could submit codes. */
function bindingColumns({ accountId, purpose, browser }: Binding) {
  return { account_id: accountId, purpose, browser_hash: digest(browser) };
}
