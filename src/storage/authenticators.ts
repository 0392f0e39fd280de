import { z } from 'zod';
import type { Instant } from '../kernel/time.ts';
import { METHOD_IDS, type MethodId } from '../settings/method-ids.ts';
import {
  type Authenticator,
  type Authenticators,
  type NewAuthenticator,
  nameKey,
} from '../two-factor/authenticator.ts';
import { oneByOne } from './sql/batches.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { digest, integerColumn, json } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique, insertUniqueRows, transaction } from './sql/transaction.ts';
import { resetTwoFactor } from './two-factor-reset.ts';

const TABLE = 'authenticators';
const BATCH = 100;

/** A method that this version does not know is an error: skipping the row would let people sign in without that factor. */
export const authenticatorRow = mappedRow({
  id: z.string(),
  accountId: z.string(),
  method: z.enum(METHOD_IDS),
  name: z.string(),
  data: json,
  createdAt: integerColumn,
  lastUsedAt: integerColumn.nullable(),
  blockedAt: integerColumn.nullable(),
  preferredAt: integerColumn.nullable(),
});

export class KnexAuthenticators extends SqlStore implements Authenticators {
  async of(accountId: string): Promise<readonly Authenticator[]> {
    const rows: unknown = await this.db(TABLE).where({ account_id: accountId }).orderBy(['created_at', 'id']);
    return z.array(authenticatorRow).parse(rows);
  }

  async create(authenticator: NewAuthenticator): Promise<boolean> {
    return insertUnique(this.db, (db) => db(TABLE).insert(newRow(authenticator)));
  }

  async createFirst(authenticator: NewAuthenticator): Promise<boolean> {
    return transaction(this.db, async (trx) => {
      // Locks the account's row: of two requests that would both find no authenticator, the second waits for the first.
      await trx('accounts').where({ id: authenticator.accountId }).forUpdate().first('id');
      const other: unknown = await trx(TABLE).where({ account_id: authenticator.accountId }).first('id');
      if (other !== undefined) return false;
      await trx(TABLE).insert(newRow(authenticator));
      return true;
    });
  }

  async replace(
    authenticator: NewAuthenticator,
    replacedId: string,
  ): Promise<'replaced' | 'name taken' | 'gone'> {
    const replaced = { id: replacedId, account_id: authenticator.accountId };
    let outcome: 'replaced' | 'gone' = 'gone';
    const free = await insertUniqueRows(this.db, async (db) => {
      outcome = (await db(TABLE).where(replaced).delete()) === 1 ? 'replaced' : 'gone';
      if (outcome === 'replaced') await db(TABLE).insert(newRow(authenticator));
    });
    return free ? outcome : 'name taken';
  }

  async prefer(accountId: string, id: string, at: Instant): Promise<void> {
    await this.db(TABLE).where({ id, account_id: accountId }).update({ preferred_at: at });
  }

  async rename(accountId: string, id: string, name: string): Promise<boolean> {
    return insertUnique(this.db, (db) =>
      db(TABLE).where({ id, account_id: accountId }).update(nameColumns(name)),
    );
  }

  async remove(accountId: string, id: string, at: Instant): Promise<boolean> {
    return transaction(this.db, async (trx) => {
      // Locks the account's row: of two removals at once, the second sees that it removes the last authenticator.
      await trx('accounts').where({ id: accountId }).forUpdate().first();
      if ((await trx(TABLE).where({ id, account_id: accountId }).delete()) !== 1) return false;
      await trx('accounts').where({ id: accountId }).update({ factor_removed_at: at });
      const left: unknown = await trx(TABLE).select('id').where({ account_id: accountId }).first();
      if (left === undefined) await trx('recovery_codes').where({ account_id: accountId }).delete();
      return true;
    });
  }

  async reset(accountId: string, by: string, at: Instant): Promise<number> {
    return transaction(this.db, (trx) => resetTwoFactor(trx, accountId, by, at));
  }

  async recordUse(id: string, at: Instant): Promise<void> {
    await this.db(TABLE).where({ id }).update({ last_used_at: at });
  }

  async block(id: string, at: Instant): Promise<void> {
    await this.db(TABLE).where({ id, blocked_at: null }).update({ blocked_at: at });
  }

  async unblock(accountId: string): Promise<void> {
    await this.db(TABLE)
      .where({ account_id: accountId })
      .whereNotNull('blocked_at')
      .update({ blocked_at: null });
  }

  eachOf(method: MethodId): AsyncIterable<Authenticator> {
    return oneByOne(BATCH, async (last: Authenticator | undefined) => {
      const rows: unknown = await this.db(TABLE)
        .where({ method })
        .where('id', '>', last?.id ?? '')
        .orderBy('id')
        .limit(BATCH);
      return z.array(authenticatorRow).parse(rows);
    });
  }

  async replaceData(id: string, from: unknown, to: unknown): Promise<boolean> {
    const updated = await this.db(TABLE)
      .where({ id, data: JSON.stringify(from) })
      .update({ data: JSON.stringify(to) });
    return updated === 1;
  }
}

function newRow(authenticator: NewAuthenticator) {
  const { name, data } = authenticator;
  return { ...toColumns(authenticatorRow, authenticator), ...nameColumns(name), data: JSON.stringify(data) };
}

/** A digest, because the key of a short name can be long: one ligature may expand to 18 letters. */
function nameColumns(name: string) {
  return { name, name_key: digest(nameKey(name)) };
}
