import { z } from 'zod';
import type { AppSecretStore, StoredAppSecret } from '../apps/app-secrets.ts';
import { type Sealed, sealedText } from '../kernel/keyring.ts';
import type { Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { integerColumn, json } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'app_secrets';

export const secretRow = mappedRow({
  id: z.string(),
  appId: z.string(),
  sealed: json.pipe(sealedText),
  createdAt: integerColumn,
  endsAt: integerColumn.nullable(),
});
const secretRows = z.array(secretRow);

export class KnexAppSecretStore extends SqlStore implements AppSecretStore {
  async lock(appId: string): Promise<void> {
    await this.db('apps').where({ id: appId }).forUpdate().first('id');
  }

  async create(secret: StoredAppSecret): Promise<void> {
    await this.db(TABLE).insert({ ...toColumns(secretRow, secret), sealed: JSON.stringify(secret.sealed) });
  }

  async of(appId: string, now: Instant): Promise<readonly StoredAppSecret[]> {
    const rows: unknown = await this.db(TABLE)
      .where({ app_id: appId })
      .where((valid) => valid.whereNull('ends_at').orWhere('ends_at', '>', now))
      .orderBy('id', 'desc');
    return secretRows.parse(rows);
  }

  async retire(appId: string, at: Instant, now: Instant): Promise<void> {
    await this.db(TABLE).where({ app_id: appId }).whereNotNull('ends_at').delete();
    await this.db(TABLE).where({ app_id: appId }).where('created_at', '<=', now).update({ ends_at: at });
  }

  async endFormer(appId: string): Promise<number> {
    return this.db(TABLE).where({ app_id: appId }).whereNotNull('ends_at').delete();
  }

  async drop(appId: string): Promise<void> {
    await this.db(TABLE).where({ app_id: appId }).delete();
  }

  async all(): Promise<readonly StoredAppSecret[]> {
    return secretRows.parse(await this.db(TABLE).orderBy('id'));
  }

  async reseal(id: string, sealed: Sealed): Promise<void> {
    await this.db(TABLE)
      .where({ id })
      .update({ sealed: JSON.stringify(sealed) });
  }

  async forget(now: Instant): Promise<void> {
    await retryOnConflict(this.db, async () => this.db(TABLE).where('ends_at', '<=', now).delete());
  }
}
