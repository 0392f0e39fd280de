import { z } from 'zod';
import type { HandOver, HandOverStore } from '../apps/hand-overs.ts';
import type { Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'hand_overs';

const handOverRow = mappedRow({
  appId: z.string(),
  signInId: z.string(),
  accountId: z.string(),
  nonceHash: z.string(),
  path: z.string(),
});

export class KnexHandOverStore extends SqlStore implements HandOverStore {
  async create(codeHash: string, handOver: HandOver, expiresAt: Instant): Promise<void> {
    const row = { ...toColumns(handOverRow, handOver), code_hash: codeHash, expires_at: expiresAt };
    await this.db(TABLE).insert(row);
  }

  async spend(
    codeHash: string,
    { appId, nonceHashes }: { readonly appId: string; readonly nonceHashes: readonly string[] },
    now: Instant,
  ): Promise<HandOver | undefined> {
    const spent = await this.db(TABLE)
      .where({ code_hash: codeHash, app_id: appId, used_at: null })
      .whereIn('nonce_hash', [...nonceHashes])
      .where('expires_at', '>', now)
      .update({ used_at: now });
    if (spent !== 1) return undefined;
    return handOverRow.parse(await this.db(TABLE).where({ code_hash: codeHash }).first());
  }

  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () => this.db(TABLE).where('expires_at', '<=', now).delete());
  }
}
