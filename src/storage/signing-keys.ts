import { z } from 'zod';
import { ID_TOKEN_ALGORITHMS } from '../apps/oidc-client.ts';
import {
  SIGNING_KEY_STATES,
  type SigningKeyState,
  type SigningKeyStore,
  type StoredSigningKey,
} from '../apps/signing-keys.ts';
import { type Sealed, sealedText } from '../kernel/keyring.ts';
import type { Instant } from '../kernel/time.ts';
import { retryOnConflict } from './sql/conflicts.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { integerColumn, json } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique } from './sql/transaction.ts';

const TABLE = 'signing_keys';

export const keyRow = mappedRow({
  id: z.string(),
  algorithm: z.enum(ID_TOKEN_ALGORITHMS),
  state: z.enum(SIGNING_KEY_STATES),
  sealed: json.pipe(sealedText),
  createdAt: integerColumn,
  endsAt: integerColumn.nullable(),
});
const keyRows = z.array(keyRow);
const versionRows = z.array(mappedRow({ id: z.string(), state: z.enum(SIGNING_KEY_STATES) }));

export class KnexSigningKeyStore extends SqlStore implements SigningKeyStore {
  async all(now: Instant): Promise<readonly StoredSigningKey[]> {
    const rows: unknown = await this.db(TABLE)
      .where((published) => published.whereNull('ends_at').orWhere('ends_at', '>', now))
      .orderBy('id', 'desc');
    return keyRows.parse(rows);
  }

  async version(): Promise<string> {
    const rows: unknown = await this.db(TABLE).select('id', 'state').orderBy('id');
    return versionRows
      .parse(rows)
      .map(({ id, state }) => `${id} ${state}`)
      .join(', ');
  }

  async create(key: StoredSigningKey): Promise<boolean> {
    const row = { ...toColumns(keyRow, key), sealed: JSON.stringify(key.sealed), slot: slotOf(key) };
    return insertUnique(this.db, (db) => db(TABLE).insert(row));
  }

  async move(
    id: string,
    from: SigningKeyState,
    { state, endsAt }: { readonly state: SigningKeyState; readonly endsAt: Instant | null },
  ): Promise<boolean> {
    const moved = await this.db(TABLE)
      .where({ id, state: from })
      .update({ state, slot: slotOf({ id, state }), ends_at: endsAt });
    return moved === 1;
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

function slotOf({ id, state }: Pick<StoredSigningKey, 'id' | 'state'>): string {
  return state === 'retired' ? id : state;
}
