import { z } from 'zod';
import type { OidcModel, OidcModelStore } from '../apps/oidc-models.ts';
import { sealedText } from '../kernel/keyring.ts';
import type { Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { integerColumn, json } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'oidc_models';

const modelRow = mappedRow({
  type: z.string(),
  idHash: z.string(),
  sealed: json.pipe(sealedText),
  grantHash: z.string().nullable(),
  appId: z.string().nullable(),
  accountId: z.string().nullable(),
  signInId: z.string().nullable(),
  expiresAt: integerColumn,
  consumedAt: integerColumn.nullable(),
});

export class KnexOidcModelStore extends SqlStore implements OidcModelStore {
  async save(model: OidcModel): Promise<void> {
    const row = { ...toColumns(modelRow, model), sealed: JSON.stringify(model.sealed) };
    await retryOnConflict(this.db, async () =>
      this.db(TABLE).insert(row).onConflict(['type', 'id_hash']).merge(['sealed', 'expires_at']),
    );
  }

  async find(type: string, idHash: string, now: Instant): Promise<OidcModel | undefined> {
    const row: unknown = await this.#row(type, idHash).where('expires_at', '>', now).first();
    return modelRow.optional().parse(row);
  }

  async consume(type: string, idHash: string, now: Instant): Promise<boolean> {
    const consumed = await retryOnConflict(this.db, async () =>
      this.#row(type, idHash)
        .where({ consumed_at: null })
        .where('expires_at', '>', now)
        .update({ consumed_at: now }),
    );
    return consumed === 1;
  }

  async remove(type: string, idHash: string): Promise<void> {
    await retryOnConflict(this.db, async () => this.#row(type, idHash).delete());
  }

  async revokeGrant(grantHash: string, type?: string): Promise<void> {
    const where = { grant_hash: grantHash, ...(type !== undefined && { type }) };
    await retryOnConflict(this.db, async () => this.db(TABLE).where(where).delete());
  }

  async revoke(accountId: string, appId: string): Promise<void> {
    const where = { account_id: accountId, app_id: appId };
    await retryOnConflict(this.db, async () => this.db(TABLE).where(where).delete());
  }

  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () => this.db(TABLE).where('expires_at', '<=', now).delete());
  }

  #row(type: string, idHash: string) {
    return this.db(TABLE).where({ type, id_hash: idHash });
  }
}
