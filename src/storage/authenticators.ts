import type { Knex } from 'knex';
import { z } from 'zod';
import type { Instant } from '../time.ts';
import {
  type Authenticator,
  type Authenticators,
  type NewAuthenticator,
  nameKey,
} from '../two-factor/authenticator.ts';
import { METHOD_IDS, type MethodId } from '../two-factor/method.ts';
import { transaction, unlessTaken } from './contention.ts';
import { digest, json, whole } from './rows.ts';
import { resetTwoFactor } from './two-factor-reset.ts';

const TABLE = 'authenticators';
const BATCH = 100;

/** A row of a method that this version does not know is a fault: to leave it out would sign in without it. */
export const authenticatorRow = z
  .object({
    id: z.string(),
    account_id: z.string(),
    method: z.enum(METHOD_IDS),
    name: z.string(),
    data: json,
    last_step: whole,
    created_at: whole,
    last_used_at: whole.nullable(),
    blocked_at: whole.nullable(),
    preferred_at: whole.nullable(),
  })
  .transform(
    (row): Authenticator => ({
      id: row.id,
      accountId: row.account_id,
      method: row.method,
      name: row.name,
      data: row.data,
      lastStep: row.last_step,
      createdAt: row.created_at,
      lastUsedAt: row.last_used_at,
      blockedAt: row.blocked_at,
      preferredAt: row.preferred_at,
    }),
  );

/** Authenticators in the database. */
export class KnexAuthenticators implements Authenticators {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async of(accountId: string): Promise<readonly Authenticator[]> {
    const rows: unknown = await this.#db(TABLE)
      .where({ account_id: accountId })
      .orderBy(['created_at', 'id']);
    return z.array(authenticatorRow).parse(rows);
  }

  async create(authenticator: NewAuthenticator): Promise<boolean> {
    return unlessTaken(() => this.#db(TABLE).insert(newRow(authenticator)));
  }

  async replace(
    authenticator: NewAuthenticator,
    replacedId: string,
  ): Promise<'replaced' | 'name taken' | 'gone'> {
    const replaced = { id: replacedId, account_id: authenticator.accountId };
    let outcome: 'replaced' | 'gone' = 'gone';
    const free = await unlessTaken(() =>
      this.#db.transaction(async (trx) => {
        outcome = (await trx(TABLE).where(replaced).delete()) === 1 ? 'replaced' : 'gone';
        if (outcome === 'replaced') await trx(TABLE).insert(newRow(authenticator));
      }),
    );
    return free ? outcome : 'name taken';
  }

  async prefer(accountId: string, id: string, at: Instant): Promise<void> {
    await this.#db(TABLE).where({ id, account_id: accountId }).update({ preferred_at: at });
  }

  async rename(accountId: string, id: string, name: string): Promise<boolean> {
    return unlessTaken(() => this.#db(TABLE).where({ id, account_id: accountId }).update(nameColumns(name)));
  }

  async remove(accountId: string, id: string, at: Instant): Promise<boolean> {
    return transaction(this.#db, async (trx) => {
      // The account's row is the lock: of two that are removed at once, the second finds that it is the last.
      await trx('accounts').where({ id: accountId }).forUpdate().first();
      if ((await trx(TABLE).where({ id, account_id: accountId }).delete()) !== 1) return false;
      await trx('accounts').where({ id: accountId }).update({ factor_removed_at: at });
      const left: unknown = await trx(TABLE).select('id').where({ account_id: accountId }).first();
      if (left === undefined) await trx('recovery_codes').where({ account_id: accountId }).delete();
      return true;
    });
  }

  async reset(accountId: string, by: string, at: Instant): Promise<number> {
    return transaction(this.#db, (trx) => resetTwoFactor(trx, accountId, by, at));
  }

  async spendStep(id: string, step: number): Promise<boolean> {
    const updated = await this.#db(TABLE)
      .where({ id })
      .where('last_step', '<', step)
      .update({ last_step: step });
    return updated === 1;
  }

  async recordUse(id: string, at: Instant): Promise<void> {
    await this.#db(TABLE).where({ id }).update({ last_used_at: at });
  }

  async block(id: string, at: Instant): Promise<void> {
    await this.#db(TABLE).where({ id, blocked_at: null }).update({ blocked_at: at });
  }

  async unblock(accountId: string): Promise<void> {
    await this.#db(TABLE)
      .where({ account_id: accountId })
      .whereNotNull('blocked_at')
      .update({ blocked_at: null });
  }

  async *eachOf(method: MethodId): AsyncIterable<Authenticator> {
    let last = '';
    for (;;) {
      const rows: unknown = await this.#db(TABLE)
        .where({ method })
        .where('id', '>', last)
        .orderBy('id')
        .limit(BATCH);
      const batch = z.array(authenticatorRow).parse(rows);
      yield* batch;
      if (batch.length < BATCH) return;
      last = batch.at(-1)?.id ?? last;
    }
  }

  async replaceData(id: string, from: unknown, to: unknown): Promise<boolean> {
    const updated = await this.#db(TABLE)
      .where({ id, data: JSON.stringify(from) })
      .update({ data: JSON.stringify(to) });
    return updated === 1;
  }
}

function newRow({ id, accountId, method, name, data, lastStep, createdAt }: NewAuthenticator) {
  return {
    id,
    account_id: accountId,
    method,
    ...nameColumns(name),
    data: JSON.stringify(data),
    last_step: lastStep,
    created_at: createdAt,
  };
}

/** As a digest, for a short name can become a long key: one ligature may stand for 18 letters. */
function nameColumns(name: string) {
  return { name, name_key: digest(nameKey(name)) };
}
