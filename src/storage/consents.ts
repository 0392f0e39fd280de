import { z } from 'zod';
import type { AppUse, Consent, ConsentStore } from '../apps/consents.ts';
import { mappedRow } from './sql/row-mapper.ts';
import { integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';
import { insertUnique, transaction } from './sql/transaction.ts';

const TABLE = 'app_consents';

/** Scopes have no spaces (RFC 6749 §3.3). */
const scopesColumn = z.string().transform((text) => text.split(' '));

export const consentRow = mappedRow({
  appId: z.string(),
  accountId: z.string(),
  scopes: scopesColumn,
  givenAt: integerColumn,
});
const useRows = z.array(
  mappedRow({
    appId: z.string(),
    scopes: scopesColumn.nullable(),
    givenAt: integerColumn.nullable(),
    lastAt: integerColumn.nullable(),
  }),
);

export class KnexConsentStore extends SqlStore implements ConsentStore {
  async find(accountId: string, appId: string): Promise<Consent | undefined> {
    const row: unknown = await this.db(TABLE).where({ app_id: appId, account_id: accountId }).first();
    return consentRow.optional().parse(row);
  }

  async add(consent: Consent): Promise<readonly string[]> {
    const key = { app_id: consent.appId, account_id: consent.accountId };
    return transaction(this.db, async (trx) => {
      const row = { ...key, scopes: consent.scopes.join(' '), given_at: consent.givenAt };
      if (await insertUnique(trx, (db) => db(TABLE).insert(row))) return consent.scopes;
      // Locked, so that of two requests that add to it each sees what the other has added.
      const found: unknown = await trx(TABLE).where(key).forUpdate().first();
      const before = consentRow.optional().parse(found);
      // Taken back in this moment.
      if (!before) return this.add(consent);
      const added = consent.scopes.filter((scope) => !before.scopes.includes(scope));
      const scopes = [...before.scopes, ...added].sort().join(' ');
      if (added.length > 0) await trx(TABLE).where(key).update({ scopes });
      return added;
    });
  }

  async remove(accountId: string, appId: string): Promise<boolean> {
    return (await this.db(TABLE).where({ app_id: appId, account_id: accountId }).delete()) === 1;
  }

  async of(accountId: string): Promise<readonly AppUse[]> {
    const of = (table: string) => `${table}.account_id`;
    const rows: unknown = await this.db('apps')
      .leftJoin(TABLE, (join) => {
        join.on(`${TABLE}.app_id`, 'apps.id').andOnVal(of(TABLE), accountId);
      })
      .leftJoin('app_uses', (join) => {
        join.on('app_uses.app_id', 'apps.id').andOnVal(of('app_uses'), accountId);
      })
      .where((either) => either.whereNotNull(of(TABLE)).orWhereNotNull(of('app_uses')))
      .select('apps.id as app_id', 'scopes', 'given_at', 'last_at');
    return useRows.parse(rows).map(({ appId, scopes, givenAt, lastAt }) => ({
      appId,
      consent: scopes !== null && givenAt !== null ? { scopes, givenAt } : undefined,
      lastUsedAt: lastAt,
    }));
  }
}
