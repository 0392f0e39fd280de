import type { Knex } from 'knex';
import { z } from 'zod';
import type { TrustedBrowser, TrustedBrowserStore, TrustOf } from '../two-factor/trusted-browsers.ts';
import { whole } from './rows.ts';

const TABLE = 'trusted_browsers';

const trustedBrowserRow = z
  .object({
    id: z.string(),
    account_id: z.string(),
    token_hash: z.string(),
    basis: z.string(),
    browser: z.string(),
    address: z.string(),
    created_at: whole,
    expires_at: whole,
  })
  .transform(
    (row): TrustedBrowser => ({
      id: row.id,
      accountId: row.account_id,
      tokenHash: row.token_hash,
      basis: row.basis,
      browser: row.browser,
      address: row.address,
      createdAt: row.created_at,
      expiresAt: row.expires_at,
    }),
  );

/** Trusted browsers in the database. */
export class KnexTrustedBrowserStore implements TrustedBrowserStore {
  readonly #db: Knex;

  constructor(db: Knex) {
    this.#db = db;
  }

  async of(accountId: string): Promise<readonly TrustedBrowser[]> {
    const rows: unknown = await this.#db(TABLE)
      .where({ account_id: accountId })
      .orderBy('created_at', 'desc');
    return z.array(trustedBrowserRow).parse(rows);
  }

  async find(id: string): Promise<TrustedBrowser | undefined> {
    const row: unknown = await this.#db(TABLE).where({ id }).first();
    return trustedBrowserRow.optional().parse(row);
  }

  /** Those that have expired make room. */
  async create(browser: TrustedBrowser): Promise<void> {
    await this.#db(TABLE)
      .where({ account_id: browser.accountId })
      .where('expires_at', '<=', browser.createdAt)
      .delete();
    await this.#db(TABLE).insert({
      id: browser.id,
      account_id: browser.accountId,
      token_hash: browser.tokenHash,
      basis: browser.basis,
      browser: browser.browser,
      address: browser.address,
      created_at: browser.createdAt,
      expires_at: browser.expiresAt,
    });
  }

  async renew(id: string, from: string, to: string): Promise<boolean> {
    return (await this.#db(TABLE).where({ id, token_hash: from }).update({ token_hash: to })) === 1;
  }

  async remove(accountId: string, id: string): Promise<boolean> {
    return (await this.#db(TABLE).where({ id, account_id: accountId }).delete()) === 1;
  }

  async clear(whose?: TrustOf): Promise<void> {
    const trusted = this.#db(TABLE);
    if (whose && 'accountId' in whose) trusted.where({ account_id: whose.accountId });
    if (whose && 'groupId' in whose) {
      const members = this.#db('group_members').select('account_id').where({ group_id: whose.groupId });
      trusted.whereIn('account_id', members);
    }
    await trusted.delete();
  }
}
