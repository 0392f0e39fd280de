import type { Knex } from 'knex';
import { z } from 'zod';
import { days, type Instant } from '../time.ts';
import type { Binding, Challenge, ChallengeStore } from '../two-factor/challenges.ts';
import { persistently, transaction } from './contention.ts';
import { digest, whole } from './rows.ts';

const TABLE = 'challenges';
/** So long an expired code is remembered, for the page to say "expired" and not "none was sent". */
const REMEMBERED = days(1);

const challengeRow = z
  .object({
    id: z.string(),
    address: z.string(),
    code_hash: z.string(),
    sent_at: whole,
    expires_at: whole,
    tries: whole,
    used_at: whole.nullable(),
  })
  .transform(
    (row): Challenge => ({
      id: row.id,
      address: row.address,
      codeHash: row.code_hash,
      sentAt: row.sent_at,
      expiresAt: row.expires_at,
      tries: row.tries,
      usedAt: row.used_at,
    }),
  );

/** Challenges in the database: one for each account, purpose and browser. */
export class KnexChallengeStore implements ChallengeStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async find(binding: Binding): Promise<Challenge | undefined> {
    const row: unknown = await this.#db(TABLE).where(bindingColumns(binding)).first();
    return challengeRow.optional().parse(row);
  }

  async replace(
    binding: Binding,
    challenge: Challenge,
    carried: { readonly now: Instant; readonly most: number },
  ): Promise<void> {
    await transaction(this.#db, async (trx) => {
      // Locked until the new one stands: a guess that comes in between waits, and is not forgotten.
      const found: unknown = await trx(TABLE).where(bindingColumns(binding)).forUpdate().first();
      const earlier = challengeRow.optional().parse(found);
      const tries =
        earlier && isLive(earlier, carried.now) ? Math.min(earlier.tries, carried.most) : challenge.tries;
      const row = { ...bindingColumns(binding), ...columnsOf({ ...challenge, tries }) };
      await trx(TABLE).insert(row).onConflict(['account_id', 'purpose', 'browser_hash']).merge();
    });
    await this.#forget(binding.accountId, challenge.sentAt - REMEMBERED);
  }

  async takeTry(id: string, now: Instant, most: number): Promise<boolean> {
    const updated = await this.#live(id, now)
      .where('tries', '<', most)
      .update({ tries: this.#db.raw('tries + 1') });
    return updated === 1;
  }

  async spend(id: string, now: Instant): Promise<boolean> {
    return (await this.#live(id, now).update({ used_at: now })) === 1;
  }

  #live(id: string, now: Instant): Knex.QueryBuilder {
    return this.#db(TABLE).where({ id, used_at: null }).where('expires_at', '>', now);
  }

  /** Every sign-in brings a browser of its own, so that the rows of an account would only ever grow. */
  async #forget(accountId: string, before: Instant): Promise<void> {
    await persistently(async () =>
      this.#db(TABLE).where({ account_id: accountId }).where('expires_at', '<', before).delete(),
    );
  }
}

function isLive({ usedAt, expiresAt }: Challenge, now: Instant): boolean {
  return usedAt === null && expiresAt > now;
}

function columnsOf({ id, address, codeHash, sentAt, expiresAt, tries, usedAt }: Challenge) {
  return { id, address, code_hash: codeHash, sent_at: sentAt, expires_at: expiresAt, tries, used_at: usedAt };
}

/** The browser's secret stays with the browser: who reads the database could otherwise send its codes. */
function bindingColumns({ accountId, purpose, browser }: Binding) {
  return { account_id: accountId, purpose, browser_hash: digest(browser) };
}
