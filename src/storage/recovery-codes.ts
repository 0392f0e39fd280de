import { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import type { RecoveryCodeStore, StoredRecoveryCode } from '../two-factor/recovery-codes.ts';
import { countOf } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { transaction } from './sql/transaction.ts';

const TABLE = 'recovery_codes';

/** Recovery codes as slow hashes, with one salt for a set. */
export class KnexRecoveryCodeStore extends SqlStore implements RecoveryCodeStore {
  async replace(
    accountId: string,
    salt: string,
    codes: readonly StoredRecoveryCode[],
    at: Instant,
  ): Promise<void> {
    const rows = codes.map(({ id, codeHash }) => ({
      id,
      account_id: accountId,
      salt,
      code_hash: codeHash,
      created_at: at,
    }));
    await transaction(this.db, async (trx) => {
      // Locks the account's row: of two renewals at once, the second replaces the codes of the first.
      await trx('accounts').where({ id: accountId }).forUpdate().first();
      await trx(TABLE).where({ account_id: accountId }).delete();
      await trx(TABLE).insert(rows);
    });
  }

  async salt(accountId: string): Promise<string | undefined> {
    const row: unknown = await this.db(TABLE).where({ account_id: accountId }).first('salt');
    return z.object({ salt: z.string() }).optional().parse(row)?.salt;
  }

  async consume(accountId: string, codeHash: string, at: Instant): Promise<boolean> {
    const updated = await this.db(TABLE)
      .where({ account_id: accountId, code_hash: codeHash, used_at: null })
      .update({ used_at: at });
    return updated === 1;
  }

  async left(accountId: string): Promise<number> {
    const row: unknown = await this.db(TABLE)
      .where({ account_id: accountId, used_at: null })
      .count({ total: '*' })
      .first();
    return countOf(row);
  }
}
