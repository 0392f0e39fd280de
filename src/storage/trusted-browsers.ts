import { z } from 'zod';
import { ABSOLUTE_LIMIT } from '../accounts/sign-ins.ts';
import type { TrustedBrowser, TrustedBrowserStore, TrustOf } from '../two-factor/trusted-browser.ts';
import { mappedRow, toColumns } from './sql/row-mapper.ts';
import { clientAddress, integerColumn } from './sql/rows.ts';
import { SqlStore } from './sql/store.ts';

const TABLE = 'trusted_browsers';

export const trustedBrowserRow = mappedRow({
  id: z.string(),
  accountId: z.string(),
  tokenHash: z.string(),
  basis: z.string(),
  browser: z.string(),
  address: clientAddress,
  createdAt: integerColumn,
  expiresAt: integerColumn,
});

export class KnexTrustedBrowserStore extends SqlStore implements TrustedBrowserStore {
  async of(accountId: string): Promise<readonly TrustedBrowser[]> {
    const rows: unknown = await this.db(TABLE).where({ account_id: accountId }).orderBy('created_at', 'desc');
    return z.array(trustedBrowserRow).parse(rows);
  }

  async find(id: string): Promise<TrustedBrowser | undefined> {
    const row: unknown = await this.db(TABLE).where({ id }).first();
    return trustedBrowserRow.optional().parse(row);
  }

  /** Also deletes those that expired so long ago that no sign-in by them can still be open. */
  async create(browser: TrustedBrowser): Promise<void> {
    await this.db(TABLE)
      .where({ account_id: browser.accountId })
      .where('expires_at', '<=', browser.createdAt - ABSOLUTE_LIMIT)
      .delete();
    await this.db(TABLE).insert(toColumns(trustedBrowserRow, browser));
  }

  async renew(id: string, from: string, to: string): Promise<boolean> {
    return (await this.db(TABLE).where({ id, token_hash: from }).update({ token_hash: to })) === 1;
  }

  async remove(accountId: string, id: string): Promise<boolean> {
    return (await this.db(TABLE).where({ id, account_id: accountId }).delete()) === 1;
  }

  async clear(whose?: TrustOf): Promise<void> {
    const trusted = this.db(TABLE);
    if (whose && 'accountId' in whose) trusted.where({ account_id: whose.accountId });
    if (whose && 'groupId' in whose) {
      const members = this.db('group_members').select('account_id').where({ group_id: whose.groupId });
      trusted.whereIn('account_id', members);
    }
    await trusted.delete();
  }
}
